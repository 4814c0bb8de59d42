"""What the use cases need from the outside."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from connectors.protocol import Account, Reading
from connectors.session import Session
from service_kit.errors import PermanentError, TransientError
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books, JobRequested
from sync_contracts.month import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What one reading may sign its calls with, and what is known about the books it should find."""

    access_id: str
    account: Account
    books: Books | None
    health: ConnectionHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a reading showed about its connection."""

    health: ConnectionHealth
    code: ProblemCode | None = None
    books: Books | None = None


class LeaseRefusedError(PermanentError):
    """The connection cannot be read until somebody acts."""

    def __init__(self, problem: ProblemCode) -> None:
        super().__init__(problem, "credentials gave no lease")
        self.problem = problem


class LeaseDelayedError(TransientError):
    """The connection can be read later."""

    def __init__(self, reason: WaitReason, retry_after_s: float) -> None:
        super().__init__("credentials gave no lease yet")
        self.reason = reason
        self.retry_after_s = retry_after_s


class CredentialSource(Protocol):
    """Both raise DependencyDownError; a lease also LeaseRefusedError and LeaseDelayedError."""

    async def lease(self, request: JobRequested, *, refused_access: str | None = None) -> Lease:
        """Another access than the one the provider has refused, where there can be one."""

    async def observe(self, request: JobRequested, seen: Observation) -> None:
        """Tell what became of the connection."""


class MonthReader(Protocol):
    """The part of a connector that reads; it answers each month and never raises ConnectorError."""

    @property
    def version(self) -> str: ...

    async def read_months(
        self,
        session: Session,
        account: Account,
        months: Collection[Month],
        *,
        expected: Books | None = None,
    ) -> Reading: ...
