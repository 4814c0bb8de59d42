"""Turns a request into a run, joins it to an identical open one, or refuses it with a code."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.telemetry import current_traceparent
from sync_contracts.codes import RefusalCode
from sync_contracts.ids import run_id
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncReload, SyncRequest, SyncRetry
from sync_contracts.runs import JobEnding, RunAccepted, RunKind

from sync_orchestrator import refusals
from sync_orchestrator.answer_once import AnswerOnce
from sync_orchestrator.cancel_run import CancelRun
from sync_orchestrator.least_first import LeastFirst
from sync_orchestrator.plan_run import PlanRun
from sync_orchestrator.ports import ConnectionLookup, Found, JobStore, RunStore
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.records import PlannedClient, RunRecord, RunState, StoredRequest
from sync_orchestrator.refusals import RefusedError

RELOAD_MONTHS = 12
SMALL_JOBS = 250  # stored in a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a request comes down to: the months to read of each client."""

    kind: RunKind
    provider: Provider
    months_of: Mapping[str, tuple[Month, ...]]
    retry_of: UUID | None = None

    @property
    def months(self) -> tuple[Month, ...]:
        return tuple(sorted({month for months in self.months_of.values() for month in months}))

    @property
    def jobs(self) -> int:
        return sum(map(len, self.months_of.values()))

    @property
    def identity(self) -> str:
        """Equal for requests that ask for the same."""
        clients = sorted(
            (client, [str(month) for month in months]) for client, months in self.months_of.items()
        )
        return hashlib.sha256(json.dumps([self.kind, self.provider, clients]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a run may last: `deadline_s` of moving, `longest_s` in all."""

    deadline_s: float = 6 * 3600.0
    longest_s: float = 48 * 3600.0


class AcceptRun:
    """Answers `sync.reload`, `sync.bulk` and `sync.retry`."""

    def __init__(
        self,
        *,
        answer_once: AnswerOnce,
        runs: RunStore,
        jobs: JobStore,
        lookup: ConnectionLookup,
        plan_run: PlanRun,
        tell_progress: TellProgress,
        cancel_run: CancelRun,
        clock: Clock,
        lifetime: Lifetime,
    ) -> None:
        self._answer_once = answer_once
        self._runs = runs
        self._jobs = jobs
        self._lookup = lookup
        self._plan_run = plan_run
        self._tell_progress = tell_progress
        self._cancel_run = cancel_run
        self._clock = clock
        self._lifetime = lifetime
        self._large = LeastFirst()

    async def reload(self, request: SyncReload) -> None:
        await self._answer_once(request, partial(self._reload, request))
        await self._cancel_run.overtaken(request.meta.company_id, request.request_id)

    async def bulk(self, request: SyncBulk) -> None:
        await self._answer_once(request, partial(self._bulk, request))
        await self._cancel_run.overtaken(request.meta.company_id, request.request_id)

    async def retry(self, request: SyncRetry) -> None:
        await self._answer_once(request, partial(self._retry, request))
        await self._cancel_run.overtaken(request.meta.company_id, request.request_id)

    async def _reload(self, request: SyncReload, stored: StoredRequest) -> RunAccepted:
        refusals.check_role(request.meta.actor)
        refusals.check_confirmed(request.overwrite_confirmed)
        current = Month.current(stored.received_at, request.time_zone)
        months = tuple(Months.ending(current, RELOAD_MONTHS))
        order = Order(kind=RunKind.RELOAD, provider=request.provider, months_of={request.client_id: months})
        return await self._accept(request, stored, order)

    async def _bulk(self, request: SyncBulk, stored: StoredRequest) -> RunAccepted:
        refusals.check_role(request.meta.actor)
        refusals.check_begun(request.month, Month.current(stored.received_at, request.time_zone))
        months_of = dict.fromkeys(request.client_ids, (request.month,))
        order = Order(kind=RunKind.BULK, provider=request.provider, months_of=months_of)
        return await self._accept(request, stored, order)

    async def _retry(self, request: SyncRetry, stored: StoredRequest) -> RunAccepted:
        refusals.check_role(request.meta.actor)
        old = await self._runs.get(request.run_id)
        if old is None or old.company_id != request.meta.company_id:
            raise RefusedError(RefusalCode.RUN_NOT_FOUND)
        if old.state is not RunState.ENDED:
            raise RefusedError(RefusalCode.RUN_STILL_OPEN)
        months_of: dict[str, tuple[Month, ...]] = {}
        for job in sorted(await self._jobs.of_run(old.run_id), key=lambda job: (job.client_id, job.month)):
            if job.ending is JobEnding.FAILED:
                months_of[job.client_id] = (*months_of.get(job.client_id, ()), job.month)
        if not months_of:
            raise RefusedError(RefusalCode.NOTHING_TO_RETRY)
        order = Order(kind=RunKind.RETRY, provider=old.provider, months_of=months_of, retry_of=old.run_id)
        return await self._accept(request, stored, order)

    async def _accept(self, request: SyncRequest, stored: StoredRequest, order: Order) -> RunAccepted:
        own_id = run_id(stored.company_id, stored.request_id)
        async with self._turn(order):
            run = await self._runs.get(own_id)
            if run is None:
                run = await self._runs.insert(await self._planned(own_id, request, stored, order))
            elif run.request_hash != stored.body_hash:
                # The request's record has gone after its seven days, its run has not.
                raise RefusedError(RefusalCode.REQUEST_ID_REUSED)
            reached("run_planned")
            await self._plan_run(run)
        return RunAccepted(
            meta=request.meta.follow(RunAccepted),
            run_id=run.run_id,
            request_id=request.request_id,
            kind=run.kind,
            provider=run.provider,
            months=run.months,
            clients=run.clients,
            joined=run.run_id != own_id,
            retry_of=run.retry_of,
            progress=await self._tell_progress(run),
        )

    def _turn(self, order: Order) -> AbstractAsyncContextManager[None]:
        """Small requests pass; large ones are planned one after the other, the smallest first.

        So the first of many begins when its own jobs are stored, and memory holds the plan of one.
        """
        return nullcontext() if order.jobs <= SMALL_JOBS else self._large.turn(order.jobs)

    async def _planned(
        self, own_id: UUID, request: SyncRequest, stored: StoredRequest, order: Order
    ) -> RunRecord:
        found = await self._lookup(stored.company_id, order.provider, list(order.months_of))
        refusals.check_switches(
            integrations_on=found.integrations_on, provider_enabled=found.provider_enabled
        )
        if order.kind is RunKind.RELOAD and not found.connections:
            raise RefusedError(RefusalCode.NO_CREDENTIALS)
        now = self._clock.now()
        return RunRecord(
            run_id=own_id,
            request_id=stored.request_id,
            request_hash=stored.body_hash,
            meta=request.meta,
            kind=order.kind,
            provider=order.provider,
            months=order.months,
            clients=len(order.months_of),
            identity=order.identity,
            retry_of=order.retry_of,
            traceparent=current_traceparent(),
            accepted_at=now,
            deadline_at=_later(now, self._lifetime.deadline_s),
            latest_at=_later(now, self._lifetime.longest_s),
            plan=_plan(order, found),
        )


def _plan(order: Order, found: Found) -> tuple[PlannedClient, ...]:
    planned = []
    for client, months in order.months_of.items():
        connection = found.connections.get(client)
        planned.append(
            PlannedClient(
                client_id=client,
                months=months,
                connection=connection.ref if connection else None,
                health=connection.health if connection else None,
            )
        )
    return tuple(planned)


def _later(instant: datetime, seconds: float) -> datetime:
    return instant + timedelta(seconds=seconds)
