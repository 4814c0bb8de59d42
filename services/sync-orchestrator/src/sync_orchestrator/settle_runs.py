"""Looks at runs in which something has changed: ends their jobs, ends them, or tells their progress."""

import time
from collections.abc import Callable
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

# Counting a large run may be slow; it takes at most this part of the time.
_COUNTING_SHARE = 0.2
_LIVE = {RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING}


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
        self._rests_until_s: dict[UUID, float] = {}

    def touch(self, run_id: UUID) -> None:
        self._touched.add(run_id)

    async def __call__(self) -> None:
        """One round over the touched runs; those announced a moment ago stay for a later round."""
        for run_id in tuple(self._touched):
            self._touched.discard(run_id)
            is_settled = False
            try:
                is_settled = await self._settle(run_id)
            finally:
                if not is_settled:
                    self._touched.add(run_id)

    @property
    def is_idle(self) -> bool:
        return not self._touched

    async def _settle(self, run_id: UUID) -> bool:
        """False when there is more to tell a moment later."""
        run = await self._runs.get(run_id)
        if run is None or run.state not in _LIVE:
            self._rests_until_s.pop(run_id, None)
            return True
        await self._end_what_must_not_run(run)
        if self._is_resting(run_id) and await self._jobs.any_outstanding(run_id):
            return False
        began_s = self._monotonic_s()
        progress = await self._tell_progress(run)
        if progress.jobs == progress.ended.total:
            await self._end_run(run_id)
            return True
        if self._is_resting(run_id):
            return False
        self._rest(run_id, self._monotonic_s() - began_s)
        return await self._announce(run, progress)

    async def _end_what_must_not_run(self, run: RunRecord) -> None:
        if run.state is RunState.CANCELLING:
            await self._jobs.end_all(run.run_id, {JobState.QUEUED}, JobEnding.CANCELLED)
        elif run.state is RunState.EXPIRING:
            open_states = set(JobState) - {JobState.ENDED}
            await self._jobs.end_all(run.run_id, open_states, JobEnding.FAILED, ProblemCode.EXPIRED)

    def _is_resting(self, run_id: UUID) -> bool:
        return self._monotonic_s() < self._rests_until_s.get(run_id, 0.0)

    def _rest(self, run_id: UUID, counting_s: float) -> None:
        rest_s = max(self._progress_every_s, counting_s / _COUNTING_SHARE)
        self._rests_until_s[run_id] = self._monotonic_s() + rest_s

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
