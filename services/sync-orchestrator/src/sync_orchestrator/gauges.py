"""Open runs and jobs as metrics, counted by the instance that leads."""

from collections import Counter
from collections.abc import Sequence

from service_kit.gauges import Read, seldom
from service_kit.metrics import GaugeName, Reading

from sync_orchestrator.leadership import Leadership
from sync_orchestrator.ports import RunStore
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.records import RunState

_OPEN = set(RunState) - {RunState.ENDED}


class CountOpen:
    """What has not ended; reasons are those that people are told."""

    def __init__(self, *, runs: RunStore, tell_progress: TellProgress) -> None:
        self._runs = runs
        self._tell_progress = tell_progress

    async def runs(self) -> Sequence[Reading]:
        kinds = Counter(run.kind for run in await self._runs.in_states(*_OPEN))
        return [(number, {"kind": kind}) for kind, number in kinds.items()]

    async def jobs(self) -> Sequence[Reading]:
        found: Counter[tuple[str, str]] = Counter()
        for run in await self._runs.in_states(*_OPEN):
            progress = await self._tell_progress(run)
            found["running", run.provider] += progress.running
            for reason, number in progress.waiting.items():
                found[reason, run.provider] += number
        return [
            (number, {"reason": reason, "provider": provider}) for (reason, provider), number in found.items()
        ]


def orchestrator_gauges(
    count_open: CountOpen, leadership: Leadership, *, least_s: float
) -> dict[GaugeName, Read]:
    """What they are called, and how each is read: at most once in `least_s`, and only while leading."""
    return {
        "ledgerbus.runs.open": _led(leadership, seldom(least_s, count_open.runs)),
        "ledgerbus.jobs.open": _led(leadership, seldom(least_s, count_open.jobs)),
    }


def _led(leadership: Leadership, read: Read) -> Read:
    async def when_leading() -> Sequence[Reading]:
        return await read() if leadership.holds_now else ()

    return when_leading
