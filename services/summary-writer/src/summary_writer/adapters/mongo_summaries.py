"""Summaries and their history in MongoDB, written by any number of processes at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne, UpdateOne
from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.errors import DependencyDownError
from service_kit.mongo import Document

from summary_writer.adapters.mongo_bulk_writes import Write, bulk_write
from summary_writer.adapters.mongo_fences import MongoFences
from summary_writer.adapters.summary_documents import (
    entry_document,
    entry_from,
    summary_document,
    summary_from,
)
from summary_writer.adapters.summary_queries import ORDER, behind, matching
from summary_writer.decision import Decision, Found, brought_by, chain, decide
from summary_writer.ports import SummaryFilter
from summary_writer.summary import Cause, HistoryEntry, Outcome, Reading, Summary, SummaryKey, Unchanged

# Each lost race means that another writer got on; so many in a row mean that something is wrong.
_TRIES = 50
_SORTED = [(field, ASCENDING) for field in ORDER]


@dataclass(frozen=True, slots=True)
class _Case:
    """One reading, what was found, and what follows."""

    reading: Reading
    found: Found
    decision: Decision


class MongoSummaries:
    """Implements `SummaryStore`: one document per month of a client's books at a provider.

    Every write expects the version it has seen, so of two writers one loses and looks again.
    """

    def __init__(self, database: AsyncIOMotorDatabase[Document], fences: MongoFences, clock: Clock) -> None:
        self._summaries = database["client_summaries"]
        self._history = database["summary_history"]
        self._fences = fences
        self._clock = clock

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._summaries.create_index([("company_id", ASCENDING), *_SORTED], unique=True)
        await self._history.create_index([("summary_id", ASCENDING), ("version", DESCENDING)])

    async def write(self, readings: Sequence[Reading]) -> list[Outcome]:
        first = {reading.key: place for place, reading in reversed(list(enumerate(readings)))}
        together = sorted(first.values())
        answers = await self._round([readings[place] for place in together])
        outcomes: dict[int, Outcome | None] = dict(zip(together, answers, strict=True))
        return [outcomes.get(place) or await self._alone(each) for place, each in enumerate(readings)]

    async def find(self, wanted: SummaryFilter, *, after: tuple[str, ...] = (), limit: int) -> list[Summary]:
        query = {"$and": [matching(wanted), behind(after)]}
        found = self._summaries.find(query).sort([("company_id", ASCENDING), *_SORTED]).limit(limit)
        return [summary_from(document) async for document in found]

    async def history(self, key: SummaryKey) -> list[HistoryEntry]:
        document = await self._summaries.find_one({"_id": str(key)})
        return await self._changes(summary_from(document)) if document else []

    async def _alone(self, reading: Reading) -> Outcome:
        for _ in range(_TRIES):
            if outcome := (await self._round([reading]))[0]:
                return outcome
        raise DependencyDownError("summaries", "other writers kept winning")

    async def _round(self, readings: Sequence[Reading]) -> list[Outcome | None]:
        """One try for readings of different summaries; None for those that lost against another writer."""
        now = self._clock.now()
        found = await self._look_up(readings)
        cases = [
            _Case(reading, each, decide(reading, each, now))
            for reading, each in zip(readings, found, strict=True)
        ]
        summaries = [case.decision.store for case in cases if case.decision.store]
        writes = [_conditional(summary) for summary in summaries]  # what cannot be written fails here
        await self._keep_history(cases)
        lost = await self._store(summaries, writes)
        outcomes = [None if case.reading.key in lost else case.decision.outcome for case in cases]
        await self._withdraw(case for case, outcome in zip(cases, outcomes, strict=True) if outcome)
        return outcomes

    async def _look_up(self, readings: Sequence[Reading]) -> list[Found]:
        # Summaries before entries: an entry is written first, so every change seen here has its entry.
        keys = {"$in": [str(reading.key) for reading in readings]}
        stored = [summary_from(document) async for document in self._summaries.find({"_id": keys})]
        causes = {"$in": [str(reading.cause) for reading in readings]}
        entries = [entry_from(document) async for document in self._history.find({"_id": causes})]
        lowest = await self._fences.lowest(reading.connection_id for reading in readings)
        by_key = {summary.key: summary for summary in stored}
        by_cause = {entry.cause: entry for entry in entries}
        return [
            Found(
                stored=(summary := by_key.get(reading.key)),
                entry=(entry := by_cause.get(reading.cause)),
                brought=await self._brought_by(reading.cause, summary) if entry else None,
                lowest_generation=lowest.get(reading.connection_id, 1),
            )
            for reading in readings
        ]

    async def _brought_by(self, cause: Cause, stored: Summary | None) -> Summary | None:
        return brought_by(cause, stored, await self._entries(stored)) if stored else None

    async def _changes(self, stored: Summary) -> list[HistoryEntry]:
        return chain(stored, await self._entries(stored))

    async def _entries(self, stored: Summary) -> list[HistoryEntry]:
        found = self._history.find({"summary_id": str(stored.key)})
        return [entry_from(document) async for document in found]

    async def _keep_history(self, cases: Sequence[_Case]) -> None:
        """What is about to be replaced; a slower writer of the same reading never sets an entry back."""
        writes = [
            UpdateOne(
                {"_id": str(new.cause), "version": {"$lt": new.version}},
                {"$set": entry_document(self._entry(new, case.found.stored)) | {"version": new.version}},
                upsert=True,
            )
            for case in cases
            if (new := case.decision.replaces)
        ]
        if writes:
            await bulk_write(self._history, writes)
            reached("history_written")

    def _entry(self, new: Summary, replaced: Summary | None) -> HistoryEntry:
        return HistoryEntry(
            key=new.key,
            cause=new.cause,
            version=new.version,
            run_id=new.run_id,
            read_at=new.read_at,
            written_at=self._clock.now(),
            replaced=replaced,
        )

    async def _store(self, summaries: Sequence[Summary], writes: Sequence[Write]) -> set[SummaryKey]:
        """Write each if it still follows what was seen; returns those that do not."""
        if not summaries:
            return set()
        replacements = sum(summary.version > 1 for summary in summaries)
        done = await bulk_write(self._summaries, writes)
        lost = {summaries[place].key for place in done.duplicates}
        if done.matched < replacements:  # The server counts those that lost but does not name them.
            lost |= await self._overtaken([summary for summary in summaries if summary.version > 1])
        if len(lost) < len(summaries):
            reached("summary_written")
        return lost

    async def _overtaken(self, summaries: Sequence[Summary]) -> set[SummaryKey]:
        # Another writer of the same reading may have been first, at another version.
        keys = {"$in": [str(summary.key) for summary in summaries]}
        found = self._summaries.find({"_id": keys}, {"version": True, "cause": True})
        stored = {(each["_id"], each["version"], each["cause"]) async for each in found}
        return {
            summary.key
            for summary in summaries
            if (str(summary.key), summary.version, str(summary.cause)) not in stored
        }

    async def _withdraw(self, cases: Iterable[_Case]) -> None:
        """Drop entries whose change lost for good: the summary is newer, or says the same already."""
        causes = [
            str(case.reading.cause)
            for case in cases
            if case.found.entry and isinstance(case.decision.outcome, Unchanged)
        ]
        if causes:
            await self._history.delete_many({"_id": {"$in": causes}})


def _conditional(summary: Summary) -> Write:
    document = summary_document(summary)
    if summary.version == 1:
        return InsertOne(document)
    seen = {"_id": document["_id"], "version": summary.version - 1, "read_at": {"$lte": summary.read_at}}
    return ReplaceOne(seen, document)
