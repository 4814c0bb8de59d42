"""The outside of the credentials service in memory."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from connectors.session import build_session
from connectors.settings import ConnectorSettings
from credentials.connection import Connection, Stage
from credentials.consent import Consent
from credentials.ports import LastUse, Owner
from credentials.switches import Switches
from credentials.terms import Click, Place
from credentials.token_set import TokenSet
from credentials.wiring import Outside, Times, UseCases
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from support.fake_provider import FakeProvider
from support.fakes import FakeClock, RecordingPublisher
from sync_contracts.event import Actor, Role
from sync_contracts.providers import Provider


class FakeConnections:
    """Implements `ConnectionStore`."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Connection] = {}

    async def at(self, place: Place) -> Connection | None:
        return self.kept.get(place.connection_id)

    async def by_ids(self, connection_ids: Collection[UUID]) -> dict[UUID, Connection]:
        return {one: self.kept[one] for one in connection_ids if one in self.kept}

    async def by_id(self, company_id: str, connection_id: UUID) -> Connection | None:
        found = self.kept.get(connection_id)
        return found if found and found.company_id == company_id else None

    async def put(self, connection: Connection) -> bool:
        kept = self.kept.get(connection.connection_id)
        if (kept.revision if kept else 0) != connection.revision:
            return False
        self.kept[connection.connection_id] = connection.model_copy(
            update={"revision": connection.revision + 1}
        )
        return True

    async def forget(self, connection: Connection) -> bool:
        return await self.put(connection.forgotten())

    async def of_company(
        self,
        company_id: str,
        *,
        client_id: str | None,
        provider: Provider | None,
        after: UUID | None,
        limit: int,
    ) -> list[Connection]:
        found = [
            one
            for one in self._sorted()
            if one.company_id == company_id
            and (one.stage in {Stage.ACTIVE, Stage.DELETING} or one.saving)
            and client_id in {None, one.client_id}
            and provider in {None, one.provider}
            and (after is None or one.connection_id.bytes > after.bytes)
        ]
        return found[:limit]

    async def of_clients(
        self, company_id: str, provider: Provider, client_ids: Sequence[str]
    ) -> list[Connection]:
        return [
            one
            for one in self._sorted()
            if one.is_usable
            and one.company_id == company_id
            and one.provider is provider
            and one.client_id in client_ids
        ]

    async def is_account_used(self, account_key: str) -> bool:
        return any(
            one.is_usable and one.terms and one.terms.account_key == account_key for one in self._sorted()
        )

    async def sharing(self, company_id: str, token_set_id: UUID) -> list[Connection]:
        return [
            one
            for one in self._sorted()
            if one.is_usable and one.terms and one.terms.token_set_id == token_set_id
            if one.company_id == company_id
        ]

    async def left_open(self, before: datetime, limit: int) -> list[Connection]:
        return [one for one in self._sorted() if one.is_open and one.changed_at < before][:limit]

    async def to_probe(self, now: datetime, limit: int) -> list[Connection]:
        due = [one for one in self._sorted() if one.is_usable and one.probe_at and one.probe_at <= now]
        return due[:limit]

    async def to_renew(self, now: datetime, limit: int) -> list[Connection]:
        due = [one for one in self._sorted() if one.is_usable and one.renew_at and one.renew_at <= now]
        return due[:limit]

    async def to_warn(self, now: datetime, limit: int) -> list[Connection]:
        due = [one for one in self._sorted() if one.is_usable and one.warn_at and one.warn_at <= now]
        return due[:limit]

    def _sorted(self) -> list[Connection]:
        return sorted(self.kept.values(), key=lambda one: one.connection_id.bytes)


@dataclass
class _KeptSet:
    token_set_id: UUID
    company_id: str
    provider: Provider
    owner: Owner
    refs: list[UUID]
    is_live: bool = True


class FakeTokenSets:
    """Implements `TokenSetRegister`."""

    def __init__(self) -> None:
        self.kept: dict[UUID, _KeptSet] = {}

    async def take(self, company_id: str, provider: Provider, owner: Owner, ref: UUID) -> UUID:
        for one in self.kept.values():
            is_it = (one.company_id, one.provider, one.owner.name) == (company_id, provider, owner.name)
            if is_it and one.is_live:
                if ref not in one.refs:
                    one.refs.append(ref)
                return one.token_set_id
        made = _KeptSet(uuid4(), company_id, provider, owner, [ref])
        self.kept[made.token_set_id] = made
        return made.token_set_id

    async def taken(self, company_id: str, ref: UUID) -> UUID | None:
        found = self._of(company_id, ref)
        return None if found is None else found.token_set_id

    async def give_back(self, company_id: str, ref: UUID) -> LastUse | None:
        found = self._of(company_id, ref)
        if found is None:
            return None
        if found.refs != [ref]:
            found.refs.remove(ref)
            return None
        found.is_live = False
        others = [
            one
            for one in self.kept.values()
            if (one.provider, one.owner.key) == (found.provider, found.owner.key) and one is not found
        ]
        return LastUse(found.token_set_id, owner_has_others=bool(others))

    async def forget(self, company_id: str, token_set_id: UUID) -> None:
        found = self.kept.get(token_set_id)
        if found and found.company_id == company_id and not found.is_live:
            del self.kept[token_set_id]

    async def is_known(self, company_id: str, token_set_id: UUID) -> bool:
        found = self.kept.get(token_set_id)
        return found is not None and found.company_id == company_id

    def _of(self, company_id: str, ref: UUID) -> _KeptSet | None:
        return next(
            (one for one in self.kept.values() if ref in one.refs and one.company_id == company_id), None
        )


class FakeVault:
    """Implements `TokenSetVault`; `down` is raised by every call, or by the next `fail_writes` writes."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, UUID], tuple[TokenSet, int]] = {}
        self.down: Exception | None = None
        self.fail_writes = 0
        self.broken: set[tuple[str, UUID]] = set()

    async def read(self, company_id: str, token_set_id: UUID) -> tuple[TokenSet, int] | None:
        return (await self.read_all(company_id, {token_set_id})).get(token_set_id)

    async def read_all(
        self, company_id: str, token_set_ids: Collection[UUID]
    ) -> dict[UUID, tuple[TokenSet, int]]:
        await self._call()
        found = {one: self.kept.get((company_id, one)) for one in token_set_ids}
        return {one: kept for one, kept in found.items() if kept is not None}

    async def write(self, company_id: str, token_set_id: UUID, token_set: TokenSet, *, version: int) -> bool:
        await self._call()
        if self.fail_writes:
            self.fail_writes -= 1
            raise ConnectionRefusedError
        if self.kept.get((company_id, token_set_id), (None, 0))[1] != version:
            return False
        self.kept[company_id, token_set_id] = (token_set, version + 1)
        return True

    async def destroy(self, company_id: str, token_set_id: UUID) -> None:
        await self._call()
        if (company_id, token_set_id) in self.broken:
            raise DependencyDownError("vault", "broken")
        self.kept.pop((company_id, token_set_id), None)

    async def _call(self) -> None:
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down


class FakeSwitches:
    """Implements `SwitchStore`."""

    def __init__(self) -> None:
        self.kept: dict[str, Switches] = {}

    async def of(self, company_id: str) -> Switches:
        return self.kept.get(company_id, Switches())

    async def set_integrations(self, company_id: str, *, on: bool) -> None:
        self.kept[company_id] = Switches(on, (await self.of(company_id)).enabled)

    async def set_provider(self, company_id: str, provider: Provider, *, enabled: bool) -> None:
        switched = await self.of(company_id)
        changed = switched.enabled | {provider} if enabled else switched.enabled - {provider}
        self.kept[company_id] = Switches(switched.integrations_on, changed)


class FakeConsents:
    """Implements `ConsentStore`."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Consent] = {}

    async def add(self, consent: Consent) -> None:
        self.kept[consent.consent_id] = consent

    async def by_id(self, consent_id: UUID) -> Consent | None:
        return self.kept.get(consent_id)

    async def put(self, consent: Consent) -> bool:
        if self.kept[consent.consent_id].revision != consent.revision:
            return False
        self.kept[consent.consent_id] = consent.model_copy(update={"revision": consent.revision + 1})
        return True

    async def of_client(self, company_id: str, client_id: str) -> list[Consent]:
        wanted = (company_id, client_id)
        return [one for one in self.kept.values() if (one.place.company_id, one.place.client_id) == wanted]

    async def forget(self, consent: Consent) -> None:
        self.kept.pop(consent.consent_id, None)

    async def left_over(self, now: datetime, limit: int) -> list[Consent]:
        found = [one for one in self.kept.values() if one.token_set_id and one.expires_at < now]
        return found[:limit]


class FakeSigningKey:
    """Implements `SigningKey`."""

    async def __call__(self) -> bytes:
        return b"k" * 32


COMPANY = "firm-1"
OWNER = Click(actor=Actor(id="user-1", role=Role.OWNER), correlation_id="click-1")


def place(client_id: str = "client-1", *, company_id: str = COMPANY) -> Place:
    return Place(company_id=company_id, client_id=client_id, provider=Provider.XERO)


class CredentialsWorld:
    """The use cases on fakes; `twin` has other use cases on the same fakes, as a second process would."""

    def __init__(self, *, times: Times | None = None) -> None:
        self.clock = FakeClock()
        self.store = FakeConnections()
        self.register = FakeTokenSets()
        self.vault = FakeVault()
        self.switches = FakeSwitches()
        self.consents = FakeConsents()
        self.sent = RecordingPublisher()
        self.provider = FakeProvider(self.clock)
        self.session = build_session(ConnectorSettings())
        self.outside = Outside(
            store=self.store,
            register=self.register,
            switches=self.switches,
            consents=self.consents,
            vault=self.vault,
            signing_key=FakeSigningKey(),
            publish=self.sent,
            connectors={Provider.XERO: self.provider},
            session=self.session,
            clock=self.clock,
            health=Health(),
        )
        self.times = times or Times()
        self.use = UseCases(self.outside, self.times)

    def twin(self) -> UseCases:
        return UseCases(self.outside, self.times)

    async def saved(self, where: Place | None = None, **fields: str) -> Connection:
        """A connection saved without a test."""
        return await self.use.save(where or place(), fields or {"refresh_token": "ann-1"}, None, OWNER)

    async def tested_token(self, **fields: str) -> str | None:
        return (await self.use.try_credentials(COMPANY, Provider.XERO, fields)).test_token

    async def now(self, where: Place | None = None) -> Connection:
        """The record as it stands."""
        found = await self.store.at(where or place())
        assert found is not None
        return found
