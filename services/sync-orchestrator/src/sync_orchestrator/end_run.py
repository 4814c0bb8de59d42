"""Ends a run whose jobs have all ended: the announcement is stored first, then published."""

from datetime import timedelta
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.metrics import record
from service_kit.publishing import Publish
from sync_contracts.runs import RunFinished

from sync_orchestrator.ports import JobStore, RunStore
from sync_orchestrator.receipts import finished_of, lines_address
from sync_orchestrator.records import WITHOUT_RESULT, RunRecord, RunState

_ENDABLE = {RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING}


class EndRun:
    """Whoever finds no open job left may end the run; the conditional write lets one of them."""

    def __init__(
        self, *, runs: RunStore, jobs: JobStore, publish: Publish, clock: Clock, public_url: str
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._publish = publish
        self._clock = clock
        self._public_url = public_url

    async def __call__(self, run_id: UUID) -> None:
        run = await self._runs.get(run_id)
        if run is None or run.state not in _ENDABLE:
            return
        jobs = await self._jobs.of_run(run_id)
        if any(job.is_open for job in jobs):
            return
        if any(job.ending in WITHOUT_RESULT for job in jobs):
            # A late result may come for them, or has come since: from here on receipt and jobs say the same.
            await self._jobs.seal(run_id)
            jobs = await self._jobs.of_run(run_id)
        finished = finished_of(
            run, jobs, now=self._clock.now(), lines_url=lines_address(self._public_url, run_id)
        )
        if await self._runs.end(run_id, run.state, finished):
            reached("run_finished")
            lasted_s = (finished.ended_at - run.accepted_at).total_seconds()
            record("ledgerbus.runs.duration", lasted_s, kind=run.kind, ending=finished.ending)
            await self._announce(run, finished)

    async def announce_left(self, older_than: timedelta) -> None:
        """Publish what was stored and perhaps never sent, once whoever stored it has had its time."""
        for run in await self._runs.unannounced(self._clock.now() - older_than):
            if run.finished is not None:
                await self._announce(run, run.finished)

    async def _announce(self, run: RunRecord, finished: RunFinished) -> None:
        await self._publish(finished, traceparent=run.traceparent)
        await self._runs.announced(run.run_id)
