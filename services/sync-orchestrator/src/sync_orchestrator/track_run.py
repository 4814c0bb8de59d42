"""Moves jobs by what workers and the writer say, in any order and any number of times."""

from collections.abc import Mapping
from uuid import UUID

from service_kit.clock import Clock
from service_kit.telemetry import count
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import ConnectionReading, JobEvent, JobFailed, JobStarted, JobWaiting
from sync_contracts.runs import JobEnding
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated

from sync_orchestrator.facts import (
    Ended,
    Fact,
    OutagePatience,
    ReadAgain,
    Started,
    Waiting,
    applied,
    failed,
)
from sync_orchestrator.ports import ConnectionLookup, JobStore, PauseStore, RunStore, Touch
from sync_orchestrator.records import JobRecord, Pause, Rank, RunState

_RUNNING = {RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING}


class TrackRun:
    """Applies facts to jobs; what is older than what is known changes nothing and is counted."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        pauses: PauseStore,
        lookup: ConnectionLookup,
        clock: Clock,
        patience: OutagePatience,
        touch: Touch,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._pauses = pauses
        self._lookup = lookup
        self._clock = clock
        self._patience = patience
        self._touch = touch

    async def started(self, message: JobStarted) -> None:
        facts: dict[UUID, Fact] = {
            due.job_id: Started(attempt=due.attempt, budget_s=message.budget_s) for due in message.jobs
        }
        await self._apply(message.run_id, facts, message.topic)

    async def waiting(self, message: JobWaiting) -> None:
        if message.budget_key is not None:
            await self._pauses.put(
                Pause(key=message.budget_key, reason=message.reason, until=message.retry_at)
            )
        fact = Waiting(attempt=message.attempt, reason=message.reason, retry_at=message.retry_at)
        changed = await self._one(message, fact)
        if changed:
            count("ledgerbus.jobs.waits", reason=message.reason, provider=message.job.provider)

    async def failed(self, message: JobFailed) -> None:
        await self._one(message, failed(message.attempt, message.code))

    async def updated(self, message: SummaryUpdated) -> None:
        ending = Ended(attempt=message.attempt, rank=Rank.UPDATED, ending=JobEnding.WRITTEN)
        await self._one(message, ending)

    async def unchanged(self, message: SummaryUnchanged) -> None:
        ending = Ended(attempt=message.attempt, rank=Rank.UNCHANGED, ending=JobEnding.UNCHANGED)
        await self._one(message, ending)

    async def refused(self, message: SummaryRefused) -> None:
        await self._one(message, await self._refusal(message))

    async def parked(self, reading: ConnectionReading) -> None:
        """Its message could not be handled by a worker."""
        facts: dict[UUID, Fact] = {
            due.job_id: failed(due.attempt, ProblemCode.INTERNAL) for due in reading.jobs
        }
        await self._apply(reading.run_id, facts, reading.topic)

    async def parked_result(self, message: JobEvent) -> None:
        """Its result could not be handled."""
        await self._one(message, failed(message.attempt, ProblemCode.INTERNAL))

    async def _refusal(self, message: SummaryRefused) -> Fact:
        """Credentials replaced meanwhile mean another reading; deleted ones the job's end."""
        if message.code is not ProblemCode.CONNECTION_DELETED:
            return Ended(
                attempt=message.attempt, rank=Rank.REFUSED, ending=JobEnding.FAILED, code=message.code
            )
        job = message.job
        found = await self._lookup(message.meta.company_id, job.provider, [job.client_id])
        connection = found.connections.get(job.client_id)
        if connection is not None and connection.ref.generation > message.generation:
            return ReadAgain(attempt=message.attempt, connection=connection.ref)
        return Ended(
            attempt=message.attempt, rank=Rank.REFUSED, ending=JobEnding.CANCELLED, code=message.code
        )

    async def _one(self, message: JobEvent, fact: Fact) -> list[JobRecord]:
        return await self._apply(message.job.run_id, {message.job.job_id: fact}, message.topic)

    async def _apply(self, run_id: UUID, facts: Mapping[UUID, Fact], topic: str) -> list[JobRecord]:
        now = self._clock.now()
        run = await self._runs.get(run_id)
        changed: list[JobRecord] = []
        if run is not None and run.state in _RUNNING:
            changed = await self._jobs.change(
                facts, lambda job: applied(job, facts[job.job_id], now=now, patience=self._patience)
            )
        if len(changed) < len(facts):
            count("ledgerbus.facts.ignored", len(facts) - len(changed), topic=topic)
        _count_ended(changed)
        if changed:
            self._touch(run_id)
        return changed


def _count_ended(changed: list[JobRecord]) -> None:
    for job in changed:
        if job.ending is not None:
            count("ledgerbus.jobs.ended", ending=job.ending, provider=job.provider, code=job.code or "")
