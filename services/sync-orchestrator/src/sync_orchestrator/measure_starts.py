"""How long jobs wait for their first start."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from service_kit.metrics import record
from sync_contracts.runs import RunKind

from sync_orchestrator.ports import RunStore
from sync_orchestrator.records import JobRecord

_REMEMBERED = 1_000


class MeasureStarts:
    """From the acceptance of the request on; a run is looked up once."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs
        self._accepted: OrderedDict[UUID, tuple[datetime, RunKind]] = OrderedDict()

    async def __call__(self, jobs: Iterable[JobRecord], now: datetime) -> None:
        """Of those among the jobs that were started now, for the first time."""
        for job in jobs:
            if job.started_at == now and (accepted := await self._accepted_at(job.run_id)):
                at, kind = accepted
                waited_s = max(0.0, (now - at).total_seconds())
                record("ledgerbus.jobs.start.duration", waited_s, provider=job.provider, kind=kind)

    async def _accepted_at(self, run_id: UUID) -> tuple[datetime, RunKind] | None:
        if run_id not in self._accepted:
            run = await self._runs.get(run_id)
            if run is None:
                return None
            self._accepted[run_id] = run.accepted_at, run.kind
            if len(self._accepted) > _REMEMBERED:
                self._accepted.popitem(last=False)
        return self._accepted[run_id]
