"""Hands due jobs to the workers in fair order and small numbers: state first, then the message."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from sync_contracts.codes import ProblemCode
from sync_contracts.runs import JobEnding

from sync_orchestrator.backlog import Backlog
from sync_orchestrator.facts import ended, released
from sync_orchestrator.fairness import Choice, Credit, Reading, choose
from sync_orchestrator.job_traces import begin_job_trace
from sync_orchestrator.ports import (
    ConnectionFacts,
    JobStore,
    PauseStore,
    RunStore,
    Touch,
)
from sync_orchestrator.records import ConnectionFact, JobRecord, JobState, RunRecord, RunState
from sync_orchestrator.request_jobs import RequestJobs
from sync_orchestrator.sick_sites import SickSites
from sync_orchestrator.workers_heard import WorkersHeard

_PORTION = 50


class ReleaseJobs:
    """One pass over what is due; only the leading instance makes them."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        facts: ConnectionFacts,
        pauses: PauseStore,
        sick_sites: SickSites,
        workers: WorkersHeard,
        backlog: Backlog,
        request_jobs: RequestJobs,
        clock: Clock,
        credit: Credit,
        touch: Touch,
        longest_pass_s: float,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._facts = facts
        self._pauses = pauses
        self._sick_sites = sick_sites
        self._workers = workers
        self._backlog = backlog
        self._request_jobs = request_jobs
        self._clock = clock
        self._credit = credit
        self._touch = touch
        # Whoever asks next waits for this pass, and a slow database needs its time for each job.
        self._longest_pass_s = longest_pass_s

    async def __call__(self) -> int:
        """How many jobs were released; what there was no time for is chosen anew in the next pass."""
        runs = {run.run_id: run for run in await self._runs.in_states(RunState.OPEN)}
        if not runs:
            return 0
        choice = await self._choice(runs.values())
        await self._tell_held(runs.values(), choice.held)
        await self._tell_stalled(runs.values())
        ends_s, released = time.monotonic() + self._longest_pass_s, 0
        for portion in _portions(choice.readings):
            self._backlog.take(portion)
            with self._request_jobs.else_doubt():
                released += await self._release(portion, runs)
            if time.monotonic() >= ends_s:
                break
        return released

    async def _choice(self, runs: Collection[RunRecord]) -> Choice:
        now = self._clock.now()
        load, sites = await self._jobs.load(), await self._sick_sites.standing()
        paused = {pause.key for pause in await self._pauses.active(now)} | sites.closed
        blocked = paused | load.full_accounts(self._credit)
        allowed = [run for run in runs if app_key(run) not in paused]
        most = self._credit.room(load) + 1  # the last tells that there would be more
        readings = sites.admit(await self._backlog.readings(allowed, now, blocked, most))
        return choose(readings, load, self._credit)

    async def _release(self, chosen: Sequence[Reading], runs: Mapping[UUID, RunRecord]) -> int:
        now = self._clock.now()
        known = await self._facts.of({reading.client for reading in chosen})

        def claim(job: JobRecord) -> JobRecord | None:
            if job.state is not JobState.QUEUED or job.due_at > now:
                return None
            job = informed(job, known.get(job.client))
            trace = job.traceparent or begin_job_trace(job, runs[job.run_id].traceparent)
            return released(job, now=now, traceparent=trace) if job.is_open else job

        claimed = await self._jobs.change([one for reading in chosen for one in reading.job_ids], claim)
        reached("job_released")
        return await self._send(claimed, runs)

    async def _send(self, changed: list[JobRecord], runs: Mapping[UUID, RunRecord]) -> int:
        for job in changed:
            if not job.is_open:
                self._touch(job.run_id)
        claimed = [job for job in changed if job.is_open]
        still_open = await self._runs.open_among({job.run_id for job in claimed})
        await self._take_back(job for job in claimed if job.run_id not in still_open)
        sent = [job for job in claimed if job.run_id in still_open]
        await self._request_jobs(sent, runs)
        return len(sent)

    async def _take_back(self, claimed: Iterable[JobRecord]) -> None:
        """Their run was cancelled while they were being released: nobody has heard of them."""
        jobs = {job.job_id: job.run_id for job in claimed}
        await self._jobs.change(jobs, lambda job: ended(job, JobEnding.CANCELLED) if job.is_open else None)
        for run_id in jobs.values():
            self._touch(run_id)

    async def _tell_held(self, runs: Collection[RunRecord], companies: Collection[str]) -> None:
        """So that their progress can name the reason."""
        for held in (True, False):
            changed = {run.run_id for run in runs if run.held is not held}
            changed &= {run.run_id for run in runs if (run.company_id in companies) is held}
            if changed:
                await self._runs.hold(changed, held=held)

    async def _tell_stalled(self, runs: Collection[RunRecord]) -> None:
        stalled = await self._workers.are_away()
        changed = {run.run_id for run in runs if run.stalled is not stalled}
        if changed:
            await self._runs.stall(changed, stalled=stalled)
            for run_id in changed:
                self._touch(run_id)


def _portions(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Whole readings in their order; single clients do not wait for bulk work to be written with theirs."""
    for _, alike in groupby(readings, key=lambda reading: reading.is_single):
        portion: list[Reading] = []
        for reading in alike:
            portion.append(reading)
            if sum(len(each.job_ids) for each in portion) >= _PORTION:
                yield portion
                portion = []
        if portion:
            yield portion


def app_key(run: RunRecord) -> str:
    """The limit that all clients of a provider share."""
    return f"{run.provider}/app"


def informed(job: JobRecord, fact: ConnectionFact | None) -> JobRecord:
    """The job with what has been told about its connection since it was planned."""
    if fact is None or job.connection is None or fact.generation < job.connection.generation:
        return job
    if fact.deleted:
        return ended(job, JobEnding.CANCELLED, ProblemCode.CONNECTION_DELETED)
    if fact.needs_auth:
        return ended(job, JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)
    newer = {"connection_id": fact.connection_id, "generation": fact.generation}
    return job.model_copy(update={"connection": job.connection.model_copy(update=newer)})
