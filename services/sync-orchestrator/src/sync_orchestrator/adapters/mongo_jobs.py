"""Jobs in MongoDB; a partial index holds only open ones, so that years of ended jobs cost nothing.

Every query that runs while jobs move has its index to the end: equal fields first, one range or set last.
Where that cannot be, the run stands first: the embedded database walks the first field's index, not the best.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID, uuid4

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, UpdateOne
from pymongo.errors import BulkWriteError
from service_kit.metrics import count
from service_kit.mongo import Document
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding

from sync_orchestrator.deadlines import STILL_REASONS
from sync_orchestrator.fairness import Load, Outstanding
from sync_orchestrator.ports import DueJob
from sync_orchestrator.receipts import Tally, TallyRow
from sync_orchestrator.records import WITHOUT_RESULT, JobRecord, JobState, Rank

T = TypeVar("T")

_DUPLICATE_KEY = 11000
_ROUNDS = 10
# Per call, so that none comes near the timeout of a call.
_FEW = 100
_MANY = 250
_ONLY_OPEN = {"open": True}
_PLACE = {
    "_id": False,
    "run_id": True,
    "company_id": True,
    "client_id": True,
    "connection.account_key": True,
}
_DUE = {
    "_id": True,
    "company_id": True,
    "client_id": True,
    "provider": True,
    "connection.account_key": True,
    "connection.site_key": True,
}
_KEYS = ("connection.account_key", "connection.site_key")
_OUTSTANDING = {"open": True, "state": {"$in": [JobState.RELEASED, JobState.STARTED]}}


class MongoJobs:
    """Implements `JobStore`: one document per job."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._jobs = database["jobs"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        places = [(name, ASCENDING) for name in ("open", "state", "run_id", "due_at")]
        await self._jobs.create_index(places, partialFilterExpression=_ONLY_OPEN)
        await self._jobs.create_index([("run_id", ASCENDING), ("client_id", ASCENDING), ("month", ASCENDING)])

    async def insert(self, jobs: Iterable[JobRecord]) -> None:
        remaining = iter(jobs)
        while part := list(islice(remaining, _FEW)):  # others get their turn in between
            there: set[int] = set()
            try:
                await self._jobs.insert_many([_document(job) for job in part], ordered=False)
            except BulkWriteError as error:
                failures = (error.details or {}).get("writeErrors", [])
                if any(failure.get("code") != _DUPLICATE_KEY for failure in failures):
                    raise
                there = {failure["index"] for failure in failures}
            _count_ended(job for number, job in enumerate(part) if number not in there)

    async def change(
        self, job_ids: Iterable[UUID], decide: Callable[[JobRecord], JobRecord | None]
    ) -> list[JobRecord]:
        changed: list[JobRecord] = []
        for part in _parts(list(job_ids), _FEW):
            changed += await self._change(part, decide)
        return changed

    async def _change(
        self, job_ids: Sequence[UUID], decide: Callable[[JobRecord], JobRecord | None]
    ) -> list[JobRecord]:
        changed: list[JobRecord] = []
        for _ in range(_ROUNDS):
            found = [_job(document) async for document in self._jobs.find({"_id": {"$in": list(job_ids)}})]
            wanted = {
                job.job_id: (job, new.model_copy(update={"revision": job.revision + 1}))
                for job, new in [(job, decide(job)) for job in found]
                if new is not None and new != job
            }
            won = await self._write(wanted) if wanted else set()
            changed += [wanted[job_id][1] for job_id in won]
            _count_ended(new for old, new in (wanted[job_id] for job_id in won) if old.is_open)
            job_ids = [job_id for job_id in wanted if job_id not in won]
            if not job_ids:
                return changed
        raise RuntimeError("a job was changed by others again and again")

    async def _write(self, wanted: Mapping[UUID, tuple[JobRecord, JobRecord]]) -> set[UUID]:
        """Those that nobody changed since they were read; the token tells ours from a winner's."""
        token = uuid4()
        writes = [
            UpdateOne(
                {"_id": job_id, "revision": old.revision}, {"$set": _changes(old, new) | {"token": token}}
            )
            for job_id, (old, new) in wanted.items()
        ]
        result = await self._jobs.bulk_write(writes, ordered=False)
        if result.matched_count == len(writes):
            return set(wanted)
        ours = self._jobs.find({"_id": {"$in": list(wanted)}, "token": token}, {"_id": True})
        return {document["_id"] async for document in ours}

    async def end_all(
        self, run_id: UUID, states: Collection[JobState], ending: JobEnding, code: ProblemCode | None = None
    ) -> int:
        wanted = {"open": True, "state": {"$in": list(states)}}
        found = await self._jobs.find({"run_id": run_id} | wanted, {"_id": True, "provider": True}).to_list(
            None
        )
        end = {"state": JobState.ENDED, "open": False, "ending": ending, "code": code, "reason": None}
        change = {"$set": end, "$max": {"rank": int(Rank.FAILED)}, "$inc": {"revision": 1}}
        how_many = 0
        for part in _parts(found, _MANY):
            ids = [document["_id"] for document in part]
            result = await self._jobs.update_many({"_id": {"$in": ids}} | wanted, change)
            how_many += int(result.modified_count)
        if how_many:  # all of a run are of one accounting system
            provider = found[0]["provider"]
            count("ledgerbus.jobs.ended", how_many, ending=ending, provider=provider, code=code or "")
        return how_many

    async def seal(self, run_id: UUID) -> None:
        without = {"run_id": run_id, "ending": {"$in": list(WITHOUT_RESULT)}, "sealed": {"$ne": True}}
        # The revision too: whoever has read the job before decides anew.
        await self._jobs.update_many(without, {"$set": {"sealed": True}, "$inc": {"revision": 1}})

    async def get(self, job_id: UUID) -> JobRecord | None:
        document = await self._jobs.find_one({"_id": job_id})
        return None if document is None else _job(document)

    async def due(
        self, run_id: UUID, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> list[DueJob]:
        wanted: Document = {"open": True, "state": JobState.QUEUED, "run_id": run_id, "due_at": {"$lte": now}}
        if without:
            wanted = {"run_id": run_id} | wanted | _behind_none(without)
        found = await self._jobs.find(wanted, _DUE).limit(limit).to_list(None)
        return [_due_job(document) for document in found if document["connection"]]

    async def outstanding(self) -> list[JobRecord]:
        return [_job(document) async for document in self._jobs.find(_OUTSTANDING)]

    async def load(self) -> Load:
        found = await self._jobs.find(_OUTSTANDING, _PLACE).to_list(None)
        return Load.of(
            [
                Outstanding(
                    job["run_id"], job["company_id"], job["client_id"], job["connection"]["account_key"]
                )
                for job in found
                if job["connection"]
            ]
        )

    async def outstanding_runs(self) -> set[UUID]:
        found = await self._jobs.find(_OUTSTANDING, {"_id": False, "run_id": True}).to_list(None)
        return {job["run_id"] for job in found}

    async def any_to_move(self, run_id: UUID, still_keys: Collection[str]) -> bool:
        wanted = {
            "run_id": run_id,
            "open": True,
            "state": JobState.QUEUED,
            "reason": {"$nin": list(STILL_REASONS)},
            **_behind_none(still_keys),
        }
        return await self._jobs.find_one(wanted, {"_id": True}) is not None

    async def of_client(
        self, run_ids: Iterable[UUID], client_id: str, states: Collection[JobState]
    ) -> list[UUID]:
        found: list[Document] = []
        for run_id in run_ids:
            jobs = self._jobs.find({"run_id": run_id, "client_id": client_id}, {"state": True})
            found += await jobs.to_list(None)
        return [document["_id"] for document in found if document["state"] in states]

    async def tally(self, run_id: UUID, now: datetime) -> Tally:
        alike = {"state": "$state", "ending": "$ending", "reason": "$reason"}
        alike["due"] = {"$lte": ["$due_at", now]}  # type: ignore[assignment]  # an expression
        groups = self._jobs.aggregate(
            [
                {"$match": {"run_id": run_id}},
                {"$group": {"_id": alike, "jobs": {"$sum": 1}, "due_at": {"$min": "$due_at"}}},
            ]
        )
        return Tally(tuple([_row(group) async for group in groups]))

    async def due_behind(self, run_id: UUID, now: datetime, keys: Collection[str]) -> Counter[str]:
        due = {"run_id": run_id, "open": True, "state": JobState.QUEUED, "due_at": {"$lte": now}}
        held = {"$or": [{field: {"$in": list(keys)}} for field in _KEYS]}
        behind = {"account": f"${_KEYS[0]}", "site": f"${_KEYS[1]}"}
        groups = self._jobs.aggregate(
            [{"$match": due}, {"$match": held}, {"$group": {"_id": behind, "jobs": {"$sum": 1}}}]
        )
        found: Counter[str] = Counter()
        async for group in groups:
            site, account = group["_id"].get("site"), group["_id"]["account"]
            found[site if site in keys else account] += group["jobs"]
        return found

    async def forget(self, run_ids: Collection[UUID]) -> None:
        for run_id in run_ids:  # a run may have 120,000 jobs
            await self._jobs.delete_many({"run_id": run_id})

    async def of_run(self, run_id: UUID) -> list[JobRecord]:
        return [_job(document) async for document in self._jobs.find({"run_id": run_id})]

    async def page(
        self, run_id: UUID, states: Collection[JobState], skip: int, limit: int
    ) -> list[JobRecord]:
        wanted = {"run_id": run_id, "state": {"$in": list(states)}}
        order = [("client_id", ASCENDING), ("month", ASCENDING)]
        found = self._jobs.find(wanted).sort(order).skip(skip).limit(limit)
        return [_job(document) async for document in found]


def _behind_none(keys: Collection[str]) -> Document:
    return {field: {"$nin": list(keys)} for field in _KEYS}


def _document(job: JobRecord) -> Document:
    document = job.model_dump(exclude={"job_id"}) | {"_id": job.job_id, "rank": int(job.rank)}
    return document | {"open": job.is_open}


def _changes(old: JobRecord, new: JobRecord) -> Document:
    names = {name for name in JobRecord.model_fields if getattr(new, name) != getattr(old, name)}
    document = new.model_dump(include=names) | {"open": new.is_open}
    return document | {"rank": int(new.rank)} if "rank" in names else document


def _job(document: Document) -> JobRecord:
    return JobRecord.model_validate(document | {"job_id": document["_id"]})


def _due_job(document: Document) -> DueJob:
    connection, provider = document["connection"], document["provider"]
    return DueJob(
        document["_id"],
        (document["company_id"], document["client_id"], Provider(provider)),
        connection["account_key"],
        connection.get("site_key") or f"{provider}/app",
    )


def _row(group: dict[str, Any]) -> TallyRow:
    alike = group["_id"]
    ending, reason = alike.get("ending"), alike.get("reason")
    return TallyRow(
        state=JobState(alike["state"]),
        ending=None if ending is None else JobEnding(ending),
        reason=reason,
        jobs=group["jobs"],
        due_at=group["due_at"],
        is_due=alike["due"],
    )


def _count_ended(jobs: Iterable[JobRecord]) -> None:
    """Of jobs that were open, or new, until now."""
    for job in jobs:
        if job.ending is not None:
            count("ledgerbus.jobs.ended", ending=job.ending, provider=job.provider, code=job.code or "")


def _parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
