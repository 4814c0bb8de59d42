"""What is kept about one client: its jobs, its lines in runs' ends, what is known of its connections."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.client_records import Erased, Kept, pseudonym, renamed_lines
from service_kit.mongo import Document
from service_kit.problems import ProblemError
from service_kit.tokens import User
from sync_contracts.providers import Provider

_RUNS_AT_ONCE = 100
_FORGOTTEN = {"connection": None, "traceparent": None}


class MongoClientRecords:
    """Implements `ClientRecords`: jobs stay as evidence of what a run did, under another name.

    They are found by their runs, so that no index of all jobs is needed for what is rarely asked.
    """

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._runs = database["runs"]
        self._jobs = database["jobs"]
        self._connections = database["connections"]

    async def of(self, company_id: str, client_id: str) -> AsyncIterator[Kept]:
        async for run_ids in self._runs_of(company_id):
            async for document in self._jobs.find(_named(run_ids, client_id)):
                yield Kept("jobs", document)
        async for document in self._connections.find(_facts(company_id, client_id)):
            yield Kept("connections", document)

    async def erase(self, user: User, client_id: str) -> Erased:
        await self._refuse_while_open(user.company_id, client_id)
        name, counts = pseudonym(), {"runs": 0, "jobs": 0}
        async for run_ids in self._runs_of(user.company_id):
            named = _named(run_ids, client_id)
            # Lines first: the jobs are what a repetition finds their runs by.
            for run_id in await self._jobs.distinct("run_id", named):
                counts["runs"] += await self._rename_line(run_id, client_id, name)
            change = {"$set": _FORGOTTEN | {"client_id": name}, "$inc": {"revision": 1}}
            counts["jobs"] += (await self._jobs.update_many(named, change)).matched_count
        facts = await self._connections.delete_many(_facts(user.company_id, client_id))
        return Erased(records=counts | {"connections": facts.deleted_count})

    async def _refuse_while_open(self, company_id: str, client_id: str) -> None:
        job = {"company_id": company_id, "client_id": client_id, "open": True}
        plan = {"company_id": company_id, "open": True, "plan.client_id": client_id}
        if await self._jobs.find_one(job, {"_id": True}) or await self._runs.find_one(plan, {"_id": True}):
            raise ProblemError(
                409,
                "CLIENT_HAS_OPEN_JOBS",
                "The client has open jobs; cancel its runs or wait for their end.",
            )

    async def _rename_line(self, run_id: UUID, client_id: str, name: str) -> int:
        run: dict[str, Any] = await self._runs.find_one({"_id": run_id}, {"finished": True}) or {}
        told = run.get("finished")
        renamed = renamed_lines(told.encode(), client_id, name) if told else None
        if renamed is None:
            return 0
        change = {"$set": {"finished": renamed.decode()}}
        return int((await self._runs.update_one({"_id": run_id, "finished": told}, change)).matched_count)

    async def _runs_of(self, company_id: str) -> AsyncIterator[list[UUID]]:
        run_ids: list[UUID] = []
        async for run in self._runs.find({"company_id": company_id}, {"_id": True}):
            run_ids.append(run["_id"])
            if len(run_ids) == _RUNS_AT_ONCE:
                yield run_ids
                run_ids = []
        yield run_ids


def _named(run_ids: list[UUID], client_id: str) -> Document:
    return {"run_id": {"$in": run_ids}, "client_id": client_id}


def _facts(company_id: str, client_id: str) -> Document:
    return {"_id": {"$in": [f"{company_id}/{client_id}/{provider}" for provider in Provider]}}
