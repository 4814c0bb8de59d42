"""sync-orchestrator with a bug: written jobs are counted as they are told, a repeated message once more."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from faststream import BaseMiddleware
from faststream.message import StreamMessage
from service_kit.broker import build_broker
from service_kit.service import serve
from service_kit.telemetry import setup_telemetry
from sync_contracts.runs import RunFinished
from sync_contracts.summaries import SummaryUpdated
from sync_orchestrator import app, end_run
from sync_orchestrator.receipts import finished_of
from sync_orchestrator.records import JobRecord, RunRecord
from sync_orchestrator.settings import Settings

told: Counter[str] = Counter()


class CountsWhatIsTold(BaseMiddleware):
    """One more for each message, whether it came before or not."""

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        if msg.raw_message.topic == SummaryUpdated.topic:
            told[json.loads(msg.body)["job"]["run_id"]] += 1
        return await call_next(msg)


def counting_broker(*arguments: Any, **named: Any) -> Any:
    broker = build_broker(*arguments, **named)
    broker.add_middleware(CountsWhatIsTold)
    return broker


def finished_by_counter(
    run: RunRecord, jobs: Sequence[JobRecord], *, now: datetime, lines_url: str
) -> RunFinished:
    finished = finished_of(run, jobs, now=now, lines_url=lines_url)
    counts = finished.counts.model_copy(update={"written": told[str(run.run_id)]})
    return finished.model_copy(update={"counts": counts})


if __name__ == "__main__":
    app.build_broker = counting_broker  # type: ignore[attr-defined]  # the planted bug
    end_run.finished_of = finished_by_counter  # type: ignore[attr-defined]  # the planted bug
    settings = Settings()
    serve(app.build_app(settings, setup_telemetry(app.NAME)), settings.http)
