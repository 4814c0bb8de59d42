"""One reading of a connection: lease, read, again with a fresh access what was refused on the way."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from connectors.protocol import MonthCounts, MonthFailure, MonthWait, Reading
from connectors.session import Session
from service_kit.clock import Clock
from service_kit.errors import DependencyDownError
from service_kit.metrics import count
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import JobRequested
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connector_workers.ports import (
    CredentialSource,
    Lease,
    LeaseDelayedError,
    LeaseRefusedError,
    MonthReader,
    Observation,
)

logger = logging.getLogger(__name__)

SERVICE_PAUSE_S = 10.0
# All access of a system may end while a reading uses it, and end again. Who has refused so many in one
# reading, each but the first handed out after a refusal, takes none from this connection.
ACCESSES = 4
_UNHEALTHY = {
    ProblemCode.NEEDS_AUTH: ConnectionHealth.NEEDS_AUTH,
    ProblemCode.WRONG_COMPANY: ConnectionHealth.WRONG_COMPANY,
    ProblemCode.PROVIDER_PLAN_TOO_LOW: ConnectionHealth.PLAN_TOO_LOW,
    ProblemCode.NO_PERMISSION: ConnectionHealth.NO_PERMISSION,
}


@dataclass(frozen=True, slots=True)
class Counted:
    """A month that was read whole, and the reading it was read in."""

    counts: MonthCounts
    reading: Reading


MonthRead: TypeAlias = Counted | MonthFailure | MonthWait
MonthsRead: TypeAlias = dict[Month, MonthRead]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConnection:
    """Answers every due month; raises nothing that is expected."""

    credentials: CredentialSource
    reader_of: Callable[[Provider], MonthReader]
    session: Session
    clock: Clock

    async def __call__(self, request: JobRequested) -> MonthsRead:
        months = [due.month for due in request.jobs]
        try:
            lease = await self.credentials.lease(request)
        except (LeaseRefusedError, LeaseDelayedError, DependencyDownError) as error:
            return dict.fromkeys(months, self._without_lease(error))
        found = await self._read(request, lease, months)
        for _ in range(ACCESSES - 1):
            refused = [month for month, read in found.items() if _code(read) is ProblemCode.NEEDS_AUTH]
            if not refused:
                break
            try:
                fresh = await self.credentials.lease(request, refused_access=lease.access_id)
            except (LeaseRefusedError, LeaseDelayedError, DependencyDownError) as error:
                found |= dict.fromkeys(refused, self._without_lease(error))
                break
            if fresh.access_id == lease.access_id:
                break
            lease = fresh
            found |= await self._read(request, lease, refused)
        await self._tell(request, lease, found)
        return found

    async def _read(self, request: JobRequested, lease: Lease, months: Collection[Month]) -> MonthsRead:
        reader = self.reader_of(request.provider)
        reading = await reader.read_months(self.session, lease.account, months, expected=lease.books)
        count("ledgerbus.provider.calls", reading.calls, provider=request.provider, kind="read")
        count("ledgerbus.provider.calls", reading.identity_calls, provider=request.provider, kind="identity")
        results = {month: reading.months[month] for month in months}
        return {
            month: Counted(result, reading) if isinstance(result, MonthCounts) else result
            for month, result in results.items()
        }

    def _without_lease(self, error: LeaseRefusedError | LeaseDelayedError | DependencyDownError) -> MonthRead:
        if isinstance(error, LeaseRefusedError):
            return MonthFailure(error.problem, str(error))
        if isinstance(error, LeaseDelayedError):
            return self._wait(error.reason, error.retry_after_s)
        return self._wait(WaitReason.SERVICE_DOWN, SERVICE_PAUSE_S)

    def _wait(self, reason: WaitReason, seconds: float) -> MonthWait:
        return MonthWait(reason, self.clock.now() + timedelta(seconds=seconds), budget_key="")

    async def _tell(self, request: JobRequested, lease: Lease, found: MonthsRead) -> None:
        seen = observation(found)
        if seen is None or seen.health is lease.health is ConnectionHealth.OK:
            return
        try:
            await self.credentials.observe(request, seen)
        except DependencyDownError:  # The next reading sees the same.
            logger.warning("observation not told", extra={"connection_id": str(request.connection_id)})


def observation(found: Mapping[Month, MonthRead]) -> Observation | None:
    """What a reading shows about its connection; None when it shows nothing."""
    codes = {_code(read) for read in found.values()}
    for code, health in _UNHEALTHY.items():
        if code in codes:
            return Observation(health=health, code=code)
    for read in found.values():
        if isinstance(read, Counted):
            known = read.reading.books if read.reading.identity_known else None
            return Observation(health=ConnectionHealth.OK, books=known)
    return None


def _code(read: MonthRead) -> ProblemCode | None:
    return read.code if isinstance(read, MonthFailure) else None
