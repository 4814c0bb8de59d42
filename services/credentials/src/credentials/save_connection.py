"""Saves a client's credentials: the record first, then Vault, then the record, then the message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

from connectors.protocol import Access, Grant
from service_kit.clock import Clock
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books

from credentials.change_connection import change
from credentials.connection import BeingChangedError, ChangeLostError, Connection
from credentials.finish_change import FinishChange
from credentials.ports import ConnectionStore, Owner, TokenSetRegister, TokenSetVault
from credentials.refusals import ConnectionBusyError, ConsentStateError
from credentials.terms import Click, Observation, Place, Terms
from credentials.token_set import Issued, TokenSet

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be saved; grant and access only travel to Vault, no grant means that it is there already."""

    grant: Grant | None = field(repr=False)
    access: Access | None = field(default=None, repr=False)
    settings: Mapping[str, str]
    account_key: str
    owner: Owner
    books: Books
    health: ConnectionHealth
    expires_on: date | None = None


class SaveConnection:
    """One connection per client and provider: saving again replaces it and raises its generation."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        register: TokenSetRegister,
        vault: TokenSetVault,
        finish: FinishChange,
        clock: Clock,
    ) -> None:
        self._store = store
        self._register = register
        self._vault = vault
        self._finish = finish
        self._clock = clock

    async def __call__(self, place: Place, draft: Draft, click: Click) -> Connection:
        """The saved record; raises ConnectionBusyError, or an outage after undoing what was begun."""
        terms = Terms(
            ref=uuid4(),
            settings=dict(draft.settings),
            account_key=draft.account_key,
            owner_key=draft.owner.key,
            books=draft.books,
            health=draft.health,
            expires_on=draft.expires_on,
        )
        await self._begin(place, terms, click)
        try:
            token_set_id = await self._keep_secret(place, terms, draft)
        except Exception:
            await self._undo(place, terms.ref)
            raise
        saved = await self._lay_down(place, terms.ref, token_set_id)
        await self._recover(saved)
        return await self._finish(saved)

    async def finish_left_open(self, connection: Connection) -> Connection:
        """A save whose process died: finished when its secret has reached Vault, else undone."""
        if connection.saving is None:
            return connection
        ref = connection.saving.terms.ref
        token_set_id = await self._register.taken(connection.company_id, ref)
        found = token_set_id and await self._vault.read(connection.company_id, token_set_id)
        if token_set_id and found and ref in found[0].saves:
            return await self._lay_down(connection.place, ref, token_set_id)
        return await self._undo(connection.place, ref)

    async def _begin(self, place: Place, terms: Terms, click: Click) -> None:
        now = self._clock.now()
        try:
            await change(
                self._store,
                place,
                lambda found: found.begin_save(terms, click, now=now),
                new=Connection.fresh(place, now),
            )
        except BeingChangedError:
            raise ConnectionBusyError from None

    async def _keep_secret(self, place: Place, terms: Terms, draft: Draft) -> UUID:
        company_id = place.company_id
        token_set_id = await self._register.take(company_id, place.provider, draft.owner, terms.ref)
        await keep_secret(
            self._vault, company_id, token_set_id, ref=terms.ref, grant=draft.grant, access=draft.access
        )
        return token_set_id

    async def _lay_down(self, place: Place, ref: UUID, token_set_id: UUID) -> Connection:
        now = self._clock.now()
        try:
            return await change(
                self._store, place, lambda found: found.finish_save(ref, token_set_id, now=now)
            )
        except (ChangeLostError, LookupError):
            # A delete overtook this save and may have destroyed the set before our write reached it.
            if not await self._register.is_known(place.company_id, token_set_id):
                await self._vault.destroy(place.company_id, token_set_id)
            raise ConnectionBusyError from None

    async def _undo(self, place: Place, ref: UUID) -> Connection:
        now = self._clock.now()
        try:
            undone = await change(self._store, place, lambda found: found.undo_save(ref, now=now))
        except ChangeLostError:
            raise ConnectionBusyError from None
        return await self._finish(undone)

    async def _recover(self, saved: Connection) -> None:
        """Others that share the token set can read again too."""
        if saved.terms is None or saved.terms.token_set_id is None:
            return
        renewed = Observation(outcome=ConnectionHealth.UNTESTED)
        for other in await self._store.sharing(saved.company_id, saved.terms.token_set_id):
            if _needs_auth(other) and other.connection_id != saved.connection_id:
                await self._finish(await self._observed(other, renewed))

    async def _observed(self, other: Connection, seen: Observation) -> Connection:
        now = self._clock.now()
        return await change(
            self._store,
            other.place,
            lambda found: found.observed(seen, now=now) if _needs_auth(found) else found,
        )


async def keep_secret(
    vault: TokenSetVault,
    company_id: str,
    token_set_id: UUID,
    *,
    ref: UUID,
    grant: Grant | None,
    access: Access | None,
) -> None:
    """Write a grant that was given just now over whatever is there; without one, note the further use."""
    for _ in range(_TRIES):
        token_set, version = await vault.read(company_id, token_set_id) or (None, 0)
        if grant is not None:
            issued = Issued.now(access) if access else None
            kept = (token_set or TokenSet(grant=grant)).saved(ref, grant, issued)
        elif token_set is not None:
            kept = token_set.also_used(ref)
        else:
            raise ConsentStateError
        if await vault.write(company_id, token_set_id, kept, version=version):
            return
    raise ConnectionBusyError


def _needs_auth(connection: Connection) -> bool:
    return connection.terms is not None and connection.terms.health is ConnectionHealth.NEEDS_AUTH
