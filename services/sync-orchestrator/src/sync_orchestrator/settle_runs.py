"""Looks at runs in which something has changed: ends their jobs, ends them, or tells their progress."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from service_kit.clock import Clock
from service_kit.publishing import Publish
from sync_contracts.codes import ProblemCode
from sync_contracts.runs import JobEnding, Progress, RunProgress

from sync_orchestrator.end_run import EndRun
from sync_orchestrator.ports import JobStore, RunStore
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.records import JobState, RunRecord, RunState

# Counting large runs may be slow, and others wait meanwhile; it takes at most this part of the time.
COUNTING_SHARE = 0.05
_LIVE = {RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING}


@dataclass(frozen=True, slots=True)
class _Counted:
    progress: Progress
    stands_until_s: float


class SettleRuns:
    """Remembers the touched runs; losing them in a crash is healed by the watch over all open runs."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        end_run: EndRun,
        tell_progress: TellProgress,
        publish: Publish,
        clock: Clock,
        progress_every_s: float = 1.0,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._end_run = end_run
        self._tell_progress = tell_progress
        self._publish = publish
        self._clock = clock
        self._progress_every_s = progress_every_s
        self._monotonic_s = monotonic_s
        self._touched: set[UUID] = set()
        self._untold: set[UUID] = set()
        self._counted: dict[UUID, _Counted] = {}

    def touch(self, run_id: UUID) -> None:
        """Something has changed: it may have ended, and there is progress to tell."""
        self._touched.add(run_id)

    def look_at(self, run_id: UUID) -> None:
        """Should a change have been missed: once what was counted last has had its time."""
        self._untold.add(run_id)

    async def __call__(self) -> None:
        """One round; progress of runs that told theirs a moment ago is left for a later one."""
        now_s = self._monotonic_s()
        self._counted = {run: one for run, one in self._counted.items() if now_s < one.stands_until_s}
        touched, self._touched = self._touched, set()
        left = touched | (self._untold - self._counted.keys())
        try:
            if left:
                await self._settle_all(left)
        finally:
            self._touched |= left

    def counted(self, run_id: UUID) -> Progress | None:
        """What was counted last, as long as it is not counted anew."""
        found = self._counted.get(run_id)
        return found.progress if found else None

    @property
    def is_idle(self) -> bool:
        return not self._touched and not self._untold

    async def _settle_all(self, left: set[UUID]) -> None:
        """Takes each run off when it is done with."""
        states = await self._runs.states_of(left)
        outstanding = await self._jobs.outstanding_runs() if left & self._counted.keys() else set()
        for run_id in tuple(left):
            state = states.get(run_id)
            stands = run_id in self._counted
            if state not in _LIVE:
                self._forget(run_id)
            elif state is RunState.OPEN and stands and run_id in outstanding:
                self._untold.add(run_id)
            else:
                await self._settle(run_id, stands=stands)
            left.discard(run_id)

    async def _settle(self, run_id: UUID, *, stands: bool) -> None:
        run = await self._runs.get(run_id)
        if run is None or run.state not in _LIVE:
            self._forget(run_id)
            return
        await self._end_what_must_not_run(run)
        began_s = self._monotonic_s()
        progress = await self._tell_progress(run)
        if progress.jobs == progress.ended.total:
            await self._end_run(run_id)
            self._forget(run_id)
            return
        self._untold.add(run_id)
        if not stands:
            self._counted[run_id] = self._stands(progress, self._monotonic_s() - began_s)
            if await self._announce(run, progress):
                self._untold.discard(run_id)

    def _forget(self, run_id: UUID) -> None:
        self._untold.discard(run_id)
        self._counted.pop(run_id, None)

    async def _end_what_must_not_run(self, run: RunRecord) -> None:
        if run.state is RunState.CANCELLING:
            await self._jobs.end_all(run.run_id, {JobState.QUEUED}, JobEnding.CANCELLED)
        elif run.state is RunState.EXPIRING:
            open_states = set(JobState) - {JobState.ENDED}
            await self._jobs.end_all(run.run_id, open_states, JobEnding.FAILED, ProblemCode.EXPIRED)

    def _stands(self, progress: Progress, counting_s: float) -> _Counted:
        """All that stand share the time for counting."""
        share = COUNTING_SHARE / (len(self._counted) + 1)
        return _Counted(progress, self._monotonic_s() + max(self._progress_every_s, counting_s / share))

    async def _announce(self, run: RunRecord, progress: Progress) -> bool:
        """False when another instance announced a moment ago, so that this news is still to be told."""
        now = self._clock.now()
        last_before = now - timedelta(seconds=self._progress_every_s)
        if not await self._runs.may_announce_progress(run.run_id, now, last_before):
            return False
        await self._publish(_announcement(run, progress, now.isoformat()), traceparent=run.traceparent)
        return True


def _announcement(run: RunRecord, progress: Progress, moment: str) -> RunProgress:
    return RunProgress(
        meta=run.meta.follow(RunProgress, moment),
        run_id=run.run_id,
        provider=run.provider,
        progress=progress,
    )
