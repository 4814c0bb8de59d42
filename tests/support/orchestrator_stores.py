"""The orchestrator's stores in memory, for one process."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.requests import SyncCancel
from sync_contracts.runs import JobEnding, RunFinished
from sync_orchestrator.deadlines import STILL_REASONS, Deadline
from sync_orchestrator.facts import ended
from sync_orchestrator.fairness import Load, Outstanding
from sync_orchestrator.ports import DueJob
from sync_orchestrator.receipts import Tally, TallyRow
from sync_orchestrator.records import (
    WITHOUT_RESULT,
    Answer,
    Breaker,
    ClientKey,
    ConnectionFact,
    JobRecord,
    JobState,
    Pause,
    RunRecord,
    RunState,
    StoredRequest,
)
from sync_orchestrator.use_cases import Stores


@dataclass
class MemoryRequests:
    """Implements `RequestStore`."""

    requests: dict[tuple[str, str], StoredRequest] = field(default_factory=dict)

    async def keep(self, request: StoredRequest) -> StoredRequest:
        return self.requests.setdefault((request.company_id, request.request_id), request)

    async def get(self, company_id: str, request_id: str) -> StoredRequest | None:
        return self.requests.get((company_id, request_id))

    async def answer(self, request: StoredRequest, answer: Answer) -> Answer:
        key = (request.company_id, request.request_id)
        stored = self.requests[key]
        if stored.answer is not None:
            return stored.answer
        self.requests[key] = stored.model_copy(update={"answer": answer})
        return answer


@dataclass
class MemoryCancels:
    """Implements `CancelStore`."""

    kept: dict[tuple[str, str], tuple[SyncCancel, str, datetime]] = field(default_factory=dict)

    async def keep(self, cancel: SyncCancel, target_request_id: str, at: datetime) -> None:
        self.kept[cancel.meta.company_id, cancel.request_id] = (cancel, target_request_id, at)

    async def of(self, company_id: str, target_request_id: str) -> list[SyncCancel]:
        return [
            cancel
            for (company, _), (cancel, target, _at) in self.kept.items()
            if (company, target) == (company_id, target_request_id)
        ]

    async def before(self, instant: datetime) -> list[SyncCancel]:
        return [cancel for cancel, _, at in self.kept.values() if at < instant]

    async def drop(self, cancel: SyncCancel) -> None:
        self.kept.pop((cancel.meta.company_id, cancel.request_id), None)


@dataclass
class MemoryRuns:
    """Implements `RunStore`."""

    runs: dict[UUID, RunRecord] = field(default_factory=dict)
    unsent: set[UUID] = field(default_factory=set)

    async def insert(self, run: RunRecord) -> RunRecord:
        if run.run_id in self.runs:
            return self.runs[run.run_id]
        joinable = (RunState.PLANNING, RunState.OPEN)
        for other in self.runs.values():
            same = (other.company_id, other.identity) == (run.company_id, run.identity)
            if same and other.state in joinable:
                return other
        self.runs[run.run_id] = run
        return run

    async def get(self, run_id: UUID) -> RunRecord | None:
        return self.runs.get(run_id)

    async def in_states(self, *states: RunState) -> list[RunRecord]:
        found = [run.model_copy(update={"plan": ()}) for run in self.runs.values() if run.state in states]
        return sorted(found, key=lambda run: (run.accepted_at, run.run_id))

    async def states_of(self, run_ids: Collection[UUID]) -> dict[UUID, RunState]:
        return {run_id: self.runs[run_id].state for run_id in run_ids if run_id in self.runs}

    async def open_among(self, run_ids: Collection[UUID]) -> set[UUID]:
        return {run_id for run_id in run_ids if self.runs[run_id].state is RunState.OPEN}

    async def open_run(self, run_id: UUID) -> None:
        self._move(run_id, {RunState.PLANNING}, state=RunState.OPEN, plan=())

    async def begin_cancelling(self, run_id: UUID, now: datetime) -> bool:
        if self.runs[run_id].state is RunState.CANCELLING:
            return True
        return self._move(run_id, {RunState.OPEN}, state=RunState.CANCELLING, cancelling_at=now)

    async def begin_expiring(self, run_id: UUID) -> bool:
        return self._move(run_id, {RunState.OPEN, RunState.CANCELLING}, state=RunState.EXPIRING)

    async def end(self, run_id: UUID, state: RunState, finished: RunFinished) -> bool:
        moved = self._move(
            run_id, {state}, state=RunState.ENDED, finished=finished, ended_at=finished.ended_at
        )
        if moved:
            self.unsent.add(run_id)
        return moved

    async def unannounced(self, ended_before: datetime) -> list[RunRecord]:
        runs = [self.runs[run_id] for run_id in self.unsent]
        return [run for run in runs if run.ended_at and run.ended_at < ended_before]

    async def announced(self, run_id: UUID) -> None:
        self.unsent.discard(run_id)

    async def doubt_announced(self, *, ended_after: datetime) -> None:
        self.unsent |= {
            run.run_id for run in self.runs.values() if run.ended_at and run.ended_at > ended_after
        }

    async def may_announce_progress(self, run_id: UUID, now: datetime, last_before: datetime) -> bool:
        last = self.runs[run_id].announced_at
        return (last is None or last <= last_before) and self._move(run_id, set(RunState), announced_at=now)

    async def move_deadline(self, run_id: UUID, seen: Deadline, moved: Deadline) -> None:
        run = self.runs[run_id]
        if (run.deadline_at, run.still_since) == (seen.at, seen.still_since):
            self._move(run_id, set(RunState), deadline_at=moved.at, still_since=moved.still_since)

    async def hold(self, run_ids: Collection[UUID], *, held: bool) -> None:
        for run_id in run_ids:
            self._move(run_id, set(RunState), held=held)

    async def stall(self, run_ids: Collection[UUID], *, stalled: bool) -> None:
        for run_id in run_ids:
            self._move(run_id, set(RunState), stalled=stalled)

    async def ended_before(self, instant: datetime, limit: int) -> list[UUID]:
        old = [
            run.run_id for run in self.runs.values() if run.ended_at is not None and run.ended_at < instant
        ]
        return old[:limit]

    async def forget(self, run_ids: Collection[UUID]) -> None:
        for run_id in run_ids:
            self.runs.pop(run_id, None)

    async def page(
        self, company_id: str, states: Collection[RunState], skip: int, limit: int
    ) -> list[RunRecord]:
        found = [run for run in self.runs.values() if run.company_id == company_id and run.state in states]
        found.sort(key=lambda run: run.accepted_at, reverse=True)
        return [run.model_copy(update={"plan": ()}) for run in found[skip : skip + limit]]

    def _move(self, run_id: UUID, expected: set[RunState], **changes: object) -> bool:
        run = self.runs[run_id]
        if run.state not in expected:
            return False
        self.runs[run_id] = run.model_copy(update=changes)
        return True


@dataclass
class MemoryJobs:
    """Implements `JobStore`."""

    jobs: dict[UUID, JobRecord] = field(default_factory=dict)

    async def insert(self, jobs: Iterable[JobRecord]) -> None:
        for job in jobs:
            self.jobs.setdefault(job.job_id, job)

    async def change(
        self, job_ids: Iterable[UUID], decide: Callable[[JobRecord], JobRecord | None]
    ) -> list[JobRecord]:
        changed = []
        for job in [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]:
            new = decide(job)
            if new is not None and new != job:
                self.jobs[job.job_id] = new.model_copy(update={"revision": job.revision + 1})
                changed.append(self.jobs[job.job_id])
        return changed

    async def end_all(
        self, run_id: UUID, states: Collection[JobState], ending: JobEnding, code: ProblemCode | None = None
    ) -> int:
        open_jobs = [job.job_id for job in self._of(run_id) if job.is_open and job.state in states]
        return len(await self.change(open_jobs, lambda job: ended(job, ending, code)))

    async def seal(self, run_id: UUID) -> None:
        without = [job.job_id for job in self._of(run_id) if job.ending in WITHOUT_RESULT and not job.sealed]
        await self.change(without, lambda job: job.model_copy(update={"sealed": True}))

    async def get(self, job_id: UUID) -> JobRecord | None:
        return self.jobs.get(job_id)

    async def due(
        self, run_id: UUID, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> list[DueJob]:
        due = [job for job in self._of(run_id) if job.state is JobState.QUEUED and job.due_at <= now]
        return [
            DueJob(job.job_id, job.client, job.connection.account_key, job.site_key)
            for job in due
            if job.connection and not set(without) & set(job.keys)
        ][:limit]

    async def outstanding(self) -> list[JobRecord]:
        return [job for job in self.jobs.values() if job.is_outstanding]

    async def load(self) -> Load:
        return Load.of(
            [
                Outstanding(job.run_id, job.company_id, job.client_id, job.connection.account_key)
                for job in await self.outstanding()
                if job.connection
            ]
        )

    async def outstanding_runs(self) -> set[UUID]:
        return {job.run_id for job in await self.outstanding()}

    async def any_to_move(self, run_id: UUID, still_keys: Collection[str]) -> bool:
        return any(_may_move(job, still_keys) for job in self._of(run_id))

    async def of_client(
        self, run_ids: Iterable[UUID], client_id: str, states: Collection[JobState]
    ) -> list[UUID]:
        own = [job for run_id in run_ids for job in self._of(run_id) if job.client_id == client_id]
        return [job.job_id for job in own if job.state in states]

    async def tally(self, run_id: UUID, now: datetime) -> Tally:
        jobs = self._of(run_id)
        alike = Counter((job.state, job.ending, job.reason, job.due_at <= now) for job in jobs)
        return Tally(
            tuple(
                TallyRow(
                    state=state,
                    ending=ending,
                    reason=reason,
                    jobs=count,
                    due_at=min(
                        job.due_at
                        for job in jobs
                        if (job.state, job.ending, job.reason, job.due_at <= now)
                        == (state, ending, reason, is_due)
                    ),
                    is_due=is_due,
                )
                for (state, ending, reason, is_due), count in alike.items()
            )
        )

    async def due_behind(self, run_id: UUID, now: datetime, keys: Collection[str]) -> Counter[str]:
        due = [job for job in self._of(run_id) if job.state is JobState.QUEUED and job.due_at <= now]
        behind = [[key for key in (job.site_key, job.keys[0]) if key in keys] for job in due]
        return Counter(found[0] for found in behind if found)

    async def forget(self, run_ids: Collection[UUID]) -> None:
        self.jobs = {job_id: job for job_id, job in self.jobs.items() if job.run_id not in run_ids}

    async def of_run(self, run_id: UUID) -> list[JobRecord]:
        return self._of(run_id)

    async def page(
        self, run_id: UUID, states: Collection[JobState], skip: int, limit: int
    ) -> list[JobRecord]:
        found = [job for job in self._of(run_id) if job.state in states]
        return sorted(found, key=lambda job: (job.client_id, job.month))[skip : skip + limit]

    def _of(self, run_id: UUID) -> list[JobRecord]:
        return [job for job in self.jobs.values() if job.run_id == run_id]


def _may_move(job: JobRecord, still_keys: Collection[str]) -> bool:
    return (
        job.state is JobState.QUEUED
        and job.reason not in STILL_REASONS
        and not set(still_keys) & set(job.keys)
    )


@dataclass
class MemoryConnectionFacts:
    """Implements `ConnectionFacts`."""

    facts: dict[ClientKey, ConnectionFact] = field(default_factory=dict)

    async def learn(self, fact: ConnectionFact) -> bool:
        key = (fact.company_id, fact.client_id, fact.provider)
        known = self.facts.get(key)
        if known and (known.generation, known.said_at) > (fact.generation, fact.said_at):
            return False
        self.facts[key] = fact
        return True

    async def of(self, keys: Collection[ClientKey]) -> dict[ClientKey, ConnectionFact]:
        return {key: self.facts[key] for key in keys if key in self.facts}


@dataclass
class MemoryPauses:
    """Implements `PauseStore`."""

    pauses: dict[str, Pause] = field(default_factory=dict)

    async def put(self, pause: Pause) -> None:
        known = self.pauses.get(pause.key)
        if known is None or known.until < pause.until:
            self.pauses[pause.key] = pause

    async def active(self, now: datetime) -> list[Pause]:
        return [pause for pause in self.pauses.values() if pause.until > now]


@dataclass
class MemoryBreakers:
    """Implements `BreakerStore`."""

    breakers: dict[str, Breaker] = field(default_factory=dict)

    async def all(self) -> list[Breaker]:
        return list(self.breakers.values())

    async def change(
        self, site_key: str, decide: Callable[[Breaker | None], Breaker]
    ) -> tuple[Breaker | None, Breaker]:
        known = self.breakers.get(site_key)
        wanted = decide(known)
        if wanted != known:
            wanted = wanted.model_copy(update={"revision": wanted.revision + 1})
        self.breakers[site_key] = wanted
        return known, wanted

    async def drop(self, site_key: str) -> Breaker | None:
        return self.breakers.pop(site_key, None)


@dataclass
class MemoryLeases:
    """Implements `LeaseStore`."""

    held: dict[str, tuple[str, datetime, int]] = field(default_factory=dict)

    async def hold(self, name: str, holder: str, now: datetime, until: datetime) -> int | None:
        last_holder, last_until, epoch = self.held.get(name, ("", datetime.fromtimestamp(0, UTC), 0))
        if last_until > now and last_holder != holder:
            return None
        epoch += last_until <= now
        self.held[name] = (holder, until, epoch)
        return epoch

    async def give_up(self, name: str, holder: str) -> None:
        last_holder, _, epoch = self.held.get(name, ("", None, 0))
        if last_holder == holder:
            self.held[name] = (holder, datetime.fromtimestamp(0, UTC), epoch)


def memory_stores() -> Stores:
    return Stores(
        requests=MemoryRequests(),
        cancels=MemoryCancels(),
        runs=MemoryRuns(),
        jobs=MemoryJobs(),
        facts=MemoryConnectionFacts(),
        pauses=MemoryPauses(),
        breakers=MemoryBreakers(),
        leases=MemoryLeases(),
    )
