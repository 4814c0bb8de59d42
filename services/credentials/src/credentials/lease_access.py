"""Hands a worker the least that can sign a connection's requests, for a short time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from service_kit.clock import Clock
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth

from credentials.connection import HEALTH_OF_CODE, Connection
from credentials.current_access import EARLY, CurrentAccess, TokenSetAt
from credentials.observe_connection import ObserveConnection
from credentials.ports import ConnectionStore
from credentials.refusals import ConnectionNotFoundError, GenerationOldError, NotReadableError
from credentials.terms import Observation, Terms
from credentials.token_set import Issued

LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Ready request material; never a refresh token or the app's secret."""

    connection: Connection
    terms: Terms
    access: Mapping[str, str] = field(repr=False)
    access_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseWish:
    """What a worker asks for; `refused_access` is access that the provider did not take."""

    company_id: str
    connection_id: UUID
    generation: int | None = None
    refused_access: UUID | None = None
    needed_s: float = 0


@dataclass(frozen=True, slots=True)
class _Usable:
    """A connection that a wish may have, as far as is known without its secrets."""

    connection: Connection
    terms: Terms
    at: TokenSetAt


class LeaseAccess:
    """Needs no caching: what is good stands in Vault."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        current_access: CurrentAccess,
        observe: ObserveConnection,
        clock: Clock,
    ) -> None:
        self._store = store
        self._current_access = current_access
        self._observe = observe
        self._clock = clock

    async def __call__(self, wish: LeaseWish) -> Lease:
        """Raises the refusals of `refusals.py`, and outages."""
        connection = await self._store.by_id(wish.company_id, wish.connection_id)
        if connection is None or connection.terms is None or not connection.is_usable:
            raise ConnectionNotFoundError
        if wish.generation is not None and wish.generation != connection.generation:
            raise GenerationOldError
        if connection.terms.health is ConnectionHealth.NEEDS_AUTH:
            raise NotReadableError(ProblemCode.NEEDS_AUTH, connection.cause)
        issued = await self.access_of(connection, refused=wish.refused_access, needed_s=wish.needed_s)
        return self._lease(connection, connection.terms, issued)

    async def at_hand(self, wishes: Sequence[LeaseWish]) -> list[Lease]:
        """Those that need no renewal and meet no refusal; the others are to be asked for one by one."""
        found = await self._store.by_ids({wish.connection_id for wish in wishes})
        usable = [(wish, one) for wish in wishes if (one := _usable(wish, found.get(wish.connection_id)))]
        issued = await self._current_access.at_hand([(one.at, wish.needed_s) for wish, one in usable])
        return [
            self._lease(one.connection, one.terms, access)
            for (_, one), access in zip(usable, issued, strict=True)
            if access is not None
        ]

    def _lease(self, connection: Connection, terms: Terms, issued: Issued) -> Lease:
        return Lease(
            connection=connection,
            terms=terms,
            access=issued.access.values,
            access_id=issued.access_id,
            expires_at=self._end(issued),
        )

    async def access_of(
        self, connection: Connection, *, refused: UUID | None = None, needed_s: float = 0
    ) -> Issued:
        """Access of a usable connection; a refusal marks every connection it concerns."""
        at = _place_of(connection)
        if at is None:
            raise ConnectionNotFoundError
        try:
            return await self._current_access(at, refused=refused, needed_s=needed_s)
        except NotReadableError as refusal:
            await self._mark(connection, at.token_set_id, refusal)
            health = HEALTH_OF_CODE[refusal.problem]
            cause = connection.cause_of(health, refusal.cause, now=self._clock.now())
            raise NotReadableError(refusal.problem, cause) from None

    async def _mark(self, connection: Connection, token_set_id: UUID, refusal: NotReadableError) -> None:
        seen = Observation(outcome=HEALTH_OF_CODE[refusal.problem], cause=refusal.cause)
        concerned = [connection]
        if refusal.problem is ProblemCode.NEEDS_AUTH:
            concerned = await self._store.sharing(connection.company_id, token_set_id)
        for one in concerned:
            await self._observe(one.company_id, one.connection_id, one.generation, seen)

    def _end(self, issued: Issued) -> datetime:
        longest = self._clock.now() + LONGEST
        expires_at = issued.access.expires_at
        return longest if expires_at is None else min(longest, expires_at - EARLY)


def _usable(wish: LeaseWish, connection: Connection | None) -> _Usable | None:
    if connection is None or connection.company_id != wish.company_id or not connection.is_usable:
        return None
    terms, at = connection.terms, _place_of(connection)
    current = wish.generation in {None, connection.generation}
    if terms is None or at is None or not current or terms.health is ConnectionHealth.NEEDS_AUTH:
        return None
    return _Usable(connection, terms, at)


def _place_of(connection: Connection) -> TokenSetAt | None:
    """None while the connection has no token set."""
    terms = connection.terms
    if terms is None or terms.token_set_id is None:
        return None
    return TokenSetAt(connection.company_id, connection.provider, terms.token_set_id, terms.settings)
