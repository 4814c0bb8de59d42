"""Moves jobs by what workers and the writer say, in any order and any number of times."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service_kit.batches import Batches
from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.metrics import count
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import ConnectionReading, JobEvent, JobFailed, JobStarted, JobWaiting
from sync_contracts.runs import JobEnding
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated

from sync_orchestrator.facts import (
    LONGEST_WAIT,
    Ended,
    Fact,
    OutagePatience,
    ReadAgain,
    Started,
    Waiting,
    applied,
    failed,
)
from sync_orchestrator.measure_starts import MeasureStarts
from sync_orchestrator.ports import ConnectionLookup, JobStore, PauseStore, RunStore, Touch
from sync_orchestrator.records import JobRecord, Pause, Rank, RunState
from sync_orchestrator.sick_sites import SickSites
from sync_orchestrator.workers_heard import WorkersHeard

_RUNNING = {RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING}
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells about jobs of a run."""

    run_id: UUID
    facts: Mapping[UUID, Fact]
    topic: str


class TrackRun:
    """Applies facts to jobs, many messages at a time; what is older than what is known changes nothing."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        pauses: PauseStore,
        lookup: ConnectionLookup,
        sick_sites: SickSites,
        workers: WorkersHeard,
        clock: Clock,
        patience: OutagePatience,
        touch: Touch,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._pauses = pauses
        self._lookup = lookup
        self._sick_sites = sick_sites
        self._workers = workers
        self._clock = clock
        self._patience = patience
        self._touch = touch
        self._measure_starts = MeasureStarts(runs)
        self._apply: Batches[Told, int] = Batches(self._apply_all, size=_BATCH)

    async def started(self, message: JobStarted) -> None:
        self._workers.heard()
        facts: dict[UUID, Fact] = {
            due.job_id: Started(attempt=due.attempt, budget_s=message.budget_s) for due in message.jobs
        }
        await self._apply(Told(message.run_id, facts, message.topic))

    async def waiting(self, message: JobWaiting) -> None:
        if message.budget_key is not None:
            until = min(message.retry_at, self._clock.now() + LONGEST_WAIT)
            await self._pauses.put(Pause(key=message.budget_key, reason=message.reason, until=until))
            reached("limit_stored")
        fact = Waiting(
            attempt=message.attempt,
            reason=message.reason,
            retry_at=message.retry_at,
            site_down_until=await self._site_down_until(message),
        )
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
        await self._apply(Told(reading.run_id, facts, reading.topic))

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

    async def _site_down_until(self, message: JobWaiting) -> datetime | None:
        if message.reason is not WaitReason.PROVIDER_DOWN:
            return None
        job = await self._jobs.get(message.job.job_id)
        is_news = job is not None and (message.attempt, Rank.WAITING) > (job.attempt, job.rank)
        return await self._sick_sites.failed(job) if job is not None and is_news else None

    async def _one(self, message: JobEvent, fact: Fact) -> int:
        return await self._apply(Told(message.job.run_id, {message.job.job_id: fact}, message.topic))

    async def _apply_all(self, told: Sequence[Told]) -> list[int]:
        """How many facts of each message were news."""
        now = self._clock.now()
        states = await self._runs.states_of({one.run_id for one in told})
        news = _News([one for one in told if states.get(one.run_id) in _RUNNING], now, self._patience)
        changed = await self._jobs.change(news.job_ids, news.decide)
        for one in told:
            if old := len(one.facts) - news.count(one):
                count("ledgerbus.facts.ignored", old, topic=one.topic)
        await self._measure_starts(changed, now)
        await self._sick_sites.heard(changed)
        for run_id in {job.run_id for job in changed}:
            self._touch(run_id)
        return [news.count(one) for one in told]


class _News:
    """The facts of a batch by job, in their order; remembers which of them changed anything."""

    def __init__(self, told: Iterable[Told], now: datetime, patience: OutagePatience) -> None:
        self._now, self._patience = now, patience
        self._facts: defaultdict[UUID, list[tuple[Fact, Told]]] = defaultdict(list)
        self._taken: dict[UUID, list[Told]] = {}
        for one in told:
            for job_id, fact in one.facts.items():
                self._facts[job_id].append((fact, one))
        for facts in self._facts.values():
            facts.sort(key=lambda each: (each[0].attempt, each[0].rank))

    @property
    def job_ids(self) -> Collection[UUID]:
        return self._facts.keys()

    def decide(self, job: JobRecord) -> JobRecord | None:
        """The job after its facts; decided anew each time somebody else was faster."""
        taken = self._taken[job.job_id] = []
        changed = None
        for fact, told in self._facts[job.job_id]:
            after = applied(changed or job, fact, now=self._now, patience=self._patience)
            if after is not None:
                changed = after
                taken.append(told)
        return changed

    def count(self, told: Told) -> int:
        return sum(told is one for job_id in told.facts for one in self._taken.get(job_id, ()))
