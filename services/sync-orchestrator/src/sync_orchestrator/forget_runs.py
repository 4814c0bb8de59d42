"""Forgets what nobody asks for any more: runs that ended long ago, with their jobs."""

from datetime import timedelta

from service_kit.clock import Clock

from sync_orchestrator.ports import JobStore, RunStore

_AT_ONCE = 20


class ForgetRuns:
    """Jobs first: a run that is still there leads to what a crash left of them."""

    def __init__(self, *, runs: RunStore, jobs: JobStore, clock: Clock, kept: timedelta) -> None:
        self._runs = runs
        self._jobs = jobs
        self._clock = clock
        self._kept = kept

    async def __call__(self) -> None:
        before = self._clock.now() - self._kept
        while old := await self._runs.ended_before(before, _AT_ONCE):
            await self._jobs.forget(old)
            await self._runs.forget(old)
