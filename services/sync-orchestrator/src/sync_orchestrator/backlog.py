"""Due jobs at hand: fetched in large portions, because asking the store for a few costs as much."""

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sync_orchestrator.fairness import Reading
from sync_orchestrator.ports import JobStore
from sync_orchestrator.records import JobRecord, RunRecord

_PORTION = 1_000


@dataclass(slots=True)
class _Shelf:
    asked_s: float
    jobs: dict[UUID, JobRecord] = field(default_factory=dict)


class Backlog:
    """What it offers may be out of date; claiming is what decides."""

    def __init__(
        self, jobs: JobStore, *, ask_again_s: float = 1.0, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._ask_again_s = ask_again_s
        self._monotonic_s = monotonic_s
        self._shelves: dict[UUID, _Shelf] = {}

    async def readings(
        self, runs: Sequence[RunRecord], now: datetime, blocked: AbstractSet[str]
    ) -> list[Reading]:
        """The due readings of the runs in their order, but for those behind something that is blocked."""
        known = {run.run_id for run in runs}
        self._shelves = {run_id: shelf for run_id, shelf in self._shelves.items() if run_id in known}
        readings: list[Reading] = []
        for run in runs:
            readings += _readings(run, await self._at_hand(run.run_id, now, blocked))
        return readings

    def take(self, job_ids: Iterable[UUID]) -> list[JobRecord]:
        """Off the shelf, whatever becomes of them: these are tried now."""
        at_hand = {job_id: shelf.jobs for shelf in self._shelves.values() for job_id in shelf.jobs}
        return [at_hand[job_id].pop(job_id) for job_id in job_ids if job_id in at_hand]

    async def _at_hand(self, run_id: UUID, now: datetime, blocked: AbstractSet[str]) -> list[JobRecord]:
        shelf = self._shelves.get(run_id)
        usable = _usable(shelf, blocked) if shelf else []
        if usable or (shelf and self._monotonic_s() - shelf.asked_s < self._ask_again_s):
            return usable
        due = await self._jobs.due(run_id, now, limit=_PORTION, without=blocked)
        self._shelves[run_id] = _Shelf(self._monotonic_s(), {job.job_id: job for job in due})
        return due


def _usable(shelf: _Shelf, blocked: AbstractSet[str]) -> list[JobRecord]:
    return [job for job in shelf.jobs.values() if job.connection and not blocked & set(job.keys)]


def _readings(run: RunRecord, jobs: Iterable[JobRecord]) -> list[Reading]:
    by_client: dict[str, list[JobRecord]] = {}
    for job in jobs:
        by_client.setdefault(job.client_id, []).append(job)
    return [
        Reading(
            run_id=run.run_id,
            company_id=run.company_id,
            account_key=group[0].connection.account_key,
            site_key=group[0].site_key,
            is_single=run.is_single,
            job_ids=tuple(job.job_id for job in group),
        )
        for group in by_client.values()
        if group[0].connection is not None
    ]
