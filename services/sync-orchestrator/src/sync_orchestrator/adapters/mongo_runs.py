"""Runs in MongoDB; every change names the state it expects."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document
from sync_contracts.runs import RunFinished

from sync_orchestrator.deadlines import Deadline
from sync_orchestrator.records import RunRecord, RunState

_WITHOUT_PLAN = {"plan": False}


class MongoRuns:
    """Implements `RunStore`: one document per run."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._runs = database["runs"]

    async def ensure_indexes(self) -> None:
        """Run once at start: the unique one is what makes identical requests meet."""
        await self._runs.create_index(
            [("company_id", ASCENDING), ("identity", ASCENDING)],
            unique=True,
            partialFilterExpression={"joinable": True},
        )
        await self._runs.create_index([("state", ASCENDING)], partialFilterExpression={"open": True})
        await self._runs.create_index(
            [("unannounced", ASCENDING)], partialFilterExpression={"unannounced": True}
        )
        await self._runs.create_index([("company_id", ASCENDING), ("accepted_at", DESCENDING)])
        await self._runs.create_index("ended_at")

    async def insert(self, run: RunRecord) -> RunRecord:
        for _ in range(3):
            try:
                await self._runs.insert_one(_document(run))
            except DuplicateKeyError:
                if found := await self.get(run.run_id) or await self._joinable(run):
                    return found
            else:
                return run
        raise RuntimeError("an identical run appeared and ended again and again")

    async def _joinable(self, run: RunRecord) -> RunRecord | None:
        wanted = {"company_id": run.company_id, "identity": run.identity, "joinable": True}
        document = await self._runs.find_one(wanted)
        return None if document is None else _run(document)

    async def get(self, run_id: UUID) -> RunRecord | None:
        document = await self._runs.find_one({"_id": run_id})
        return None if document is None else _run(document)

    async def in_states(self, *states: RunState) -> list[RunRecord]:
        wanted = {"open": True, "state": {"$in": list(states)}}
        found = [_run(document) async for document in self._runs.find(wanted, _WITHOUT_PLAN)]
        return sorted(found, key=lambda run: (run.accepted_at, run.run_id))

    async def states_of(self, run_ids: Collection[UUID]) -> dict[UUID, RunState]:
        found = self._runs.find({"_id": {"$in": list(run_ids)}}, {"state": True})
        return {document["_id"]: RunState(document["state"]) async for document in found}

    async def open_among(self, run_ids: Collection[UUID]) -> set[UUID]:
        wanted = {"_id": {"$in": list(run_ids)}, "state": RunState.OPEN}
        return {document["_id"] async for document in self._runs.find(wanted, {"_id": True})}

    async def open_run(self, run_id: UUID) -> None:
        await self._move(run_id, RunState.PLANNING, {"state": RunState.OPEN, "plan": []})

    async def begin_cancelling(self, run_id: UUID, now: datetime) -> bool:
        changes = {"state": RunState.CANCELLING, "joinable": False, "cancelling_at": now}
        if await self._move(run_id, RunState.OPEN, changes):
            return True
        return await self._runs.find_one({"_id": run_id, "state": RunState.CANCELLING}) is not None

    async def begin_expiring(self, run_id: UUID) -> bool:
        changes = {"state": RunState.EXPIRING, "joinable": False}
        for state in (RunState.OPEN, RunState.CANCELLING):
            if await self._move(run_id, state, changes):
                return True
        return False

    async def end(self, run_id: UUID, state: RunState, finished: RunFinished) -> bool:
        changes = {
            "state": RunState.ENDED,
            "open": False,
            "joinable": False,
            "ended_at": finished.ended_at,
            "finished": finished.model_dump_json(),
            "unannounced": True,
        }
        return await self._move(run_id, state, changes)

    async def unannounced(self, ended_before: datetime) -> list[RunRecord]:
        wanted = {"unannounced": True, "ended_at": {"$lt": ended_before}}
        return [_run(document) async for document in self._runs.find(wanted)]

    async def announced(self, run_id: UUID) -> None:
        await self._runs.update_one({"_id": run_id}, {"$set": {"unannounced": False}})

    async def doubt_announced(self, *, ended_after: datetime) -> None:
        young = {"state": RunState.ENDED, "ended_at": {"$gt": ended_after}}
        await self._runs.update_many(young, {"$set": {"unannounced": True}})

    async def may_announce_progress(self, run_id: UUID, now: datetime, last_before: datetime) -> bool:
        not_lately = {"_id": run_id, "announced_at": {"$not": {"$gt": last_before}}}  # or never
        result = await self._runs.update_one(not_lately, {"$set": {"announced_at": now}})
        return result.matched_count == 1

    async def move_deadline(self, run_id: UUID, seen: Deadline, moved: Deadline) -> None:
        await self._runs.update_one(
            {"_id": run_id, "deadline_at": seen.at, "still_since": seen.still_since},
            {"$set": {"deadline_at": moved.at, "still_since": moved.still_since}},
        )

    async def hold(self, run_ids: Collection[UUID], *, held: bool) -> None:
        await self._runs.update_many({"_id": {"$in": list(run_ids)}}, {"$set": {"held": held}})

    async def stall(self, run_ids: Collection[UUID], *, stalled: bool) -> None:
        await self._runs.update_many({"_id": {"$in": list(run_ids)}}, {"$set": {"stalled": stalled}})

    async def ended_before(self, instant: datetime, limit: int) -> list[UUID]:
        wanted = {"ended_at": {"$lt": instant}, "state": RunState.ENDED}
        return [document["_id"] async for document in self._runs.find(wanted, {"_id": True}).limit(limit)]

    async def forget(self, run_ids: Collection[UUID]) -> None:
        await self._runs.delete_many({"_id": {"$in": list(run_ids)}, "state": RunState.ENDED})

    async def page(
        self, company_id: str, states: Collection[RunState], skip: int, limit: int
    ) -> list[RunRecord]:
        wanted = {"company_id": company_id, "state": {"$in": list(states)}}
        found = self._runs.find(wanted, _WITHOUT_PLAN).sort("accepted_at", DESCENDING)
        return [_run(document) async for document in found.skip(skip).limit(limit)]

    async def _move(self, run_id: UUID, expected: RunState, changes: Document) -> bool:
        result = await self._runs.update_one({"_id": run_id, "state": expected}, {"$set": changes})
        return bool(result.matched_count == 1)


def _document(run: RunRecord) -> Document:
    return run.model_dump(exclude={"run_id", "finished"}) | {
        "_id": run.run_id,
        "company_id": run.company_id,
        "open": True,
        "joinable": True,
        "finished": None,
    }


def _run(document: Document) -> RunRecord:
    finished = document.get("finished")
    told = RunFinished.model_validate_json(finished) if finished else None
    return RunRecord.model_validate(document | {"run_id": document["_id"], "finished": told})
