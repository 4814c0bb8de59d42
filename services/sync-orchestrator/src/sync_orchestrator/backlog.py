"""Due readings at hand: fetched in large portions, because asking the store for a few costs as much."""

import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from sync_orchestrator.fairness import Reading
from sync_orchestrator.ports import DueJob, JobStore
from sync_orchestrator.records import ClientKey, RunRecord

_PORTION = 10_000
# A store that needs longer to look through what is held back is asked the more seldom.
_SLOW_S = 0.1


@dataclass(slots=True)
class _Shelf:
    not_before_s: float
    readings: dict[ClientKey, Reading] = field(default_factory=dict)

    def usable(self, blocked: AbstractSet[str], most: int) -> list[Reading]:
        free = (each for each in self.readings.values() if blocked.isdisjoint(each.keys))
        return list(islice(free, most))


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
        self, runs: Sequence[RunRecord], now: datetime, blocked: AbstractSet[str], most: int
    ) -> list[Reading]:
        """Due readings of the runs in their order, so many of each, none behind something that is blocked."""
        known = {run.run_id for run in runs}
        self._shelves = {run_id: shelf for run_id, shelf in self._shelves.items() if run_id in known}
        readings: list[Reading] = []
        for run in runs:
            readings += await self._at_hand(run, now, blocked, most)
        return readings

    def take(self, readings: Iterable[Reading]) -> None:
        """Off the shelf, whatever becomes of them: these are tried now."""
        for reading in readings:
            self._shelves[reading.run_id].readings.pop(reading.client, None)

    def offers(self, run_id: UUID, blocked: AbstractSet[str]) -> bool:
        """Whether a reading of the run is at hand that waits for nothing but its turn."""
        shelf = self._shelves.get(run_id)
        return shelf is not None and bool(shelf.usable(blocked, 1))

    async def _at_hand(
        self, run: RunRecord, now: datetime, blocked: AbstractSet[str], most: int
    ) -> list[Reading]:
        shelf, asked_s = self._shelves.get(run.run_id), self._monotonic_s()
        usable = shelf.usable(blocked, most) if shelf else []
        if usable or (shelf and asked_s < shelf.not_before_s):
            return usable
        due = await self._jobs.due(run.run_id, now, limit=_PORTION, without=blocked)
        answered_s = self._monotonic_s()
        rest_s = self._ask_again_s * max(1.0, (answered_s - asked_s) / _SLOW_S)
        shelf = self._shelves[run.run_id] = _Shelf(answered_s + rest_s, _readings(run, due))
        return shelf.usable(blocked, most)


def _readings(run: RunRecord, jobs: Iterable[DueJob]) -> dict[ClientKey, Reading]:
    by_client: dict[ClientKey, list[DueJob]] = {}
    for job in jobs:
        by_client.setdefault(job.client, []).append(job)
    return {
        client: Reading(
            run_id=run.run_id,
            client=client,
            account_key=group[0].account_key,
            site_key=group[0].site_key,
            is_single=run.is_single,
            job_ids=tuple(job.job_id for job in group),
        )
        for client, group in by_client.items()
    }
