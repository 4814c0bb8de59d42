"""Open runs and jobs as metrics, counted by the instance that leads."""

from collections import Counter
from collections.abc import Sequence

from service_kit.clock import Clock
from service_kit.gauges import Read, seldom
from service_kit.metrics import GaugeName, Reading
from sync_contracts.codes import WaitReason
from sync_contracts.providers import Provider
from sync_contracts.runs import RunKind

from sync_orchestrator.deadlines import Deadline
from sync_orchestrator.leadership import Leadership
from sync_orchestrator.ports import RunStore
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.records import NOT_ENDED
from sync_orchestrator.settle_runs import SettleRuns

_REASONS: tuple[str, ...] = ("running", *WaitReason)


class CountOpen:
    """What has not ended; reasons are those that people are told."""

    def __init__(
        self, *, runs: RunStore, settle: SettleRuns, tell_progress: TellProgress, clock: Clock
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._settle = settle
        self._tell_progress = tell_progress

    async def runs(self) -> Sequence[Reading]:
        kinds = Counter(run.kind for run in await self._runs.in_states(*NOT_ENDED))
        return [(kinds[kind], {"kind": kind}) for kind in RunKind]

    async def deadlines(self) -> Sequence[Reading]:
        """Of the run of each kind that has the least time left."""
        now, left_s = self._clock.now(), dict[str, float]()
        for run in await self._runs.in_states(*NOT_ENDED):
            left = Deadline.of(run).left(now).total_seconds()
            left_s[run.kind] = min(left, left_s.get(run.kind, left))
        return [(seconds, {"kind": kind}) for kind, seconds in left_s.items()]

    async def jobs(self) -> Sequence[Reading]:
        """Zeros too: a number that is not told any more stands until the collector forgets it."""
        found = Counter({(reason, provider): 0 for reason in _REASONS for provider in Provider})
        for run in await self._runs.in_states(*NOT_ENDED):
            progress = self._settle.counted(run.run_id) or await self._tell_progress(run)
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
        "ledgerbus.runs.deadline.left": _led(leadership, seldom(least_s, count_open.deadlines)),
        "ledgerbus.jobs.open": _led(leadership, seldom(least_s, count_open.jobs)),
    }


def _led(leadership: Leadership, read: Read) -> Read:
    async def when_leading() -> Sequence[Reading]:
        return await read() if leadership.holds_now else ()

    return when_leading
