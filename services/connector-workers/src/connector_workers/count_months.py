"""Counts the due months of one connection of one run."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from connectors.protocol import LONGEST_READING_S, MonthFailure, reading_budget_s
from opentelemetry import trace
from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.publishing import Publish
from service_kit.telemetry import CurrentSpan, context_of, current_traceparent
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import DueJob, JobCounted, JobFailed, JobRequested
from sync_contracts.providers import Provider

from connector_workers.begun import Begun
from connector_workers.endings import Ending, ending, started
from connector_workers.ports import MonthReader
from connector_workers.read_connection import MonthRead, MonthsRead
from connector_workers.stops import Stops

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMonths:
    """One reading for all due months; each job ends as exactly one of counted, waiting, failed."""

    read: Callable[[JobRequested], Awaitable[MonthsRead]]
    reader_of: Callable[[Provider], MonthReader]
    publish: Publish
    stops: Stops
    begun: Begun
    clock: Clock
    worker: str
    provider_pause_s: float
    longest_s: float = LONGEST_READING_S

    async def __call__(self, request: JobRequested) -> None:
        if self.stops.forbids(request):
            _log("reading dropped before its start", request)
            return
        fresh = self.begun.begin(request)
        if fresh is None:
            _log("reading asked for twice", request)
            return
        try:
            await self._count(fresh)
        except BaseException:
            self.begun.forget(fresh)
            raise

    async def _count(self, request: JobRequested) -> None:
        began_ns = time.time_ns()
        budget_s = min(reading_budget_s(len(request.jobs)), self.longest_s)
        await self.publish(started(request, worker=self.worker, budget_s=budget_s))
        reached("job_started")
        found = await self._within(request, budget_s)
        endings = [self._ending(request, due, found[due.month]) for due in request.jobs]
        await asyncio.gather(
            *(self._end(due, event, began_ns) for due, event in zip(request.jobs, endings, strict=True))
        )
        if any(isinstance(event, JobCounted) for event in endings):
            reached("job_counted")
        outcomes = Counter(event.topic for event in endings)
        _log("reading ended", request, duration_s=(time.time_ns() - began_ns) / 1e9, outcomes=dict(outcomes))

    async def _within(self, request: JobRequested, budget_s: float) -> MonthsRead:
        failure = MonthFailure(ProblemCode.PROVIDER_DOWN, "the reading took longer than it may")
        with suppress(TimeoutError):
            async with self.stops.limit(request, budget_s):
                found = await self.read(request)
            if not self.stops.is_deleted(request):
                return found
        if self.stops.is_deleted(request):
            failure = MonthFailure(ProblemCode.CONNECTION_DELETED, "deleted while it was read")
        return dict.fromkeys([due.month for due in request.jobs], failure)

    def _ending(self, request: JobRequested, due: DueJob, read: MonthRead) -> Ending:
        return ending(
            request,
            due,
            read,
            version=self.reader_of(request.provider).version,
            now=self.clock.now(),
            pause_s=self.provider_pause_s,
        )

    async def _end(self, due: DueJob, event: Ending, began_ns: int) -> None:
        """The month's span and result belong to the job's own trace, linked to the reading."""
        with CurrentSpan(
            "read month",
            context=context_of(due.traceparent),
            links=[trace.Link(trace.get_current_span().get_span_context())],
            start_time=began_ns,
            attributes={
                "ledgerbus.job_id": str(due.job_id),
                "ledgerbus.month": str(due.month),
                "ledgerbus.ending": event.topic,
            },
        ) as span:
            if isinstance(event, JobFailed):
                span.set_status(trace.StatusCode.ERROR, event.code)
            await self.publish(event, traceparent=current_traceparent())


def _log(sentence: str, request: JobRequested, **more: object) -> None:
    logger.info(
        sentence,
        extra={
            "company_id": request.meta.company_id,
            "run_id": str(request.run_id),
            "connection_id": str(request.connection_id),
            "provider": request.provider,
            "job_ids": [str(due.job_id) for due in request.jobs],
            **more,
        },
    )
