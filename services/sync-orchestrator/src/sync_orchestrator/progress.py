"""Where a run stands: what has ended, what runs, and the true reason of what does neither."""

from datetime import datetime

from service_kit.clock import Clock
from sync_contracts.codes import WaitReason
from sync_contracts.runs import Progress

from sync_orchestrator.holds import FindHolds, Holds
from sync_orchestrator.ports import JobStore
from sync_orchestrator.receipts import Tally
from sync_orchestrator.records import JobRecord, JobState, Pause, RunRecord


class TellProgress:
    """Reasons of due jobs are worked out when asked for: a limit or a site may hold back ten thousand."""

    def __init__(self, *, jobs: JobStore, find_holds: FindHolds, clock: Clock) -> None:
        self._jobs = jobs
        self._find_holds = find_holds
        self._clock = clock

    async def __call__(self, run: RunRecord) -> Progress:
        now = self._clock.now()
        tally = await self._jobs.tally(run.run_id, now)
        behind = await self._behind(run, tally, now) if _any_due(tally) else {}
        return tally.progress(due=due_reason(run), released=released_reason(run), behind=behind)

    async def _behind(self, run: RunRecord, tally: Tally, now: datetime) -> dict[Pause, int]:
        holds = await self._find_holds(now)
        app = holds.get(f"{run.provider}/app")
        if app is not None:
            return {app: sum(row.jobs for row in tally.rows if _is_due(row.state, is_due=row.is_due))}
        keys = {key for key in holds.keys if key.startswith(f"{run.provider}/")}
        found = await self._jobs.due_behind(run.run_id, now, keys) if keys else {}
        return {pause: jobs for key, jobs in found.items() if (pause := holds.get(key)) is not None}


def due_reason(run: RunRecord) -> WaitReason:
    """Why a job of the run whose time has come, and which nothing else holds, does not run."""
    if run.stalled:
        return WaitReason.SERVICE_DOWN
    return WaitReason.FAIRNESS if run.held else WaitReason.QUEUED


def released_reason(run: RunRecord) -> WaitReason:
    """Why a job that the workers should have does not run."""
    return WaitReason.SERVICE_DOWN if run.stalled else WaitReason.QUEUED


def reason_of(
    job: JobRecord, run: RunRecord, holds: Holds, now: datetime
) -> tuple[WaitReason | None, datetime | None]:
    """Why a job does not run, and when it is tried again where that is known."""
    if job.state is JobState.RELEASED:
        return released_reason(run), None
    if job.state is not JobState.QUEUED:
        return None, None
    if job.due_at > now:
        return job.reason, job.due_at
    pause = holds.of(job)
    if pause is not None:
        return pause.reason, pause.until
    return due_reason(run), None


def _any_due(tally: Tally) -> bool:
    return any(_is_due(row.state, is_due=row.is_due) for row in tally.rows)


def _is_due(state: JobState, *, is_due: bool) -> bool:
    return is_due and state is JobState.QUEUED
