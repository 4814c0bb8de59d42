"""sync-orchestrator with a bug: written jobs are counted as they are told, a repeated message once more."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from service_kit.broker import Subscriptions
from service_kit.service import serve
from service_kit.telemetry import setup_telemetry
from service_kit.window import Window
from sync_contracts.event import Event
from sync_contracts.runs import RunFinished
from sync_contracts.summaries import SummaryUpdated
from sync_orchestrator import app, end_run
from sync_orchestrator.receipts import finished_of
from sync_orchestrator.records import JobRecord, RunRecord
from sync_orchestrator.settings import Settings

told: Counter[str] = Counter()
_windowed = Subscriptions.windowed


def counting(
    self: Subscriptions, window: Window, parsers: Mapping[str, Callable[..., Any]], **how: bool
) -> Any:
    bind = _windowed(self, window, parsers, **how)

    def bind_counted(handler: Callable[[Event], Awaitable[None]]) -> object:
        @wraps(handler)
        async def counted(message: Event) -> None:
            if isinstance(message, SummaryUpdated):
                told[str(message.job.run_id)] += 1
            await handler(message)

        return bind(counted)

    return bind_counted


def finished_by_counter(
    run: RunRecord, jobs: Sequence[JobRecord], *, now: datetime, lines_url: str
) -> RunFinished:
    finished = finished_of(run, jobs, now=now, lines_url=lines_url)
    counts = finished.counts.model_copy(update={"written": told[str(run.run_id)]})
    return finished.model_copy(update={"counts": counts})


if __name__ == "__main__":
    Subscriptions.windowed = counting  # type: ignore[method-assign]  # the planted bug
    end_run.finished_of = finished_by_counter  # type: ignore[attr-defined]  # the planted bug
    settings = Settings()
    serve(app.build_app(settings, setup_telemetry(app.NAME)), settings.http)
