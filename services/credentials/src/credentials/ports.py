"""What the use cases need from the outside; every method may raise an outage (`is_outage`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sync_contracts.providers import Provider

from credentials.connection import Connection
from credentials.consent import Consent
from credentials.switches import Switches
from credentials.terms import Place
from credentials.token_set import TokenSet


class ConnectionStore(Protocol):
    """Connection records, one per company, client and provider."""

    async def at(self, place: Place) -> Connection | None: ...

    async def by_ids(self, connection_ids: Collection[UUID]) -> dict[UUID, Connection]:
        """Of any company."""

    async def by_id(self, company_id: str, connection_id: UUID) -> Connection | None: ...

    async def put(self, connection: Connection) -> bool:
        """Store it as the next revision; False when somebody else did so meanwhile."""

    async def forget(self, connection: Connection) -> bool:
        """Of one that has ended only number and generation stay; False when somebody changed it meanwhile."""

    async def of_company(
        self,
        company_id: str,
        *,
        client_id: str | None,
        provider: Provider | None,
        after: UUID | None,
        limit: int,
    ) -> list[Connection]:
        """Connections that are not deleted, by id, those after `after`."""

    async def of_clients(
        self, company_id: str, provider: Provider, client_ids: Sequence[str]
    ) -> list[Connection]:
        """The usable ones among the clients' connections."""

    async def is_account_used(self, account_key: str) -> bool:
        """Whether a usable connection of any company reads this account."""

    async def sharing(self, company_id: str, token_set_id: UUID) -> list[Connection]:
        """Usable connections that refer to a token set."""

    async def left_open(self, before: datetime, limit: int) -> list[Connection]:
        """Those with something to finish that have not changed since."""

    async def to_probe(self, now: datetime, limit: int) -> list[Connection]:
        """Those whose rights are due to be probed."""

    async def to_renew(self, now: datetime, limit: int) -> list[Connection]:
        """Those whose access is due to be renewed though nobody has read them."""

    async def to_warn(self, now: datetime, limit: int) -> list[Connection]:
        """Those whose users are due to hear that the credentials end."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a token set is: equal names are one set; `key` is the person at the provider, as far as known."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """A token set nobody uses any longer; its owner may have others, of other companies too."""

    token_set_id: UUID
    owner_has_others: bool


class TokenSetRegister(Protocol):
    """Which token sets a company has and which saves and consents use them; no secret stands here."""

    async def take(self, company_id: str, provider: Provider, owner: Owner, ref: UUID) -> UUID:
        """Use the company's token set of this name, a new one where there is none; answers its id."""

    async def taken(self, company_id: str, ref: UUID) -> UUID | None:
        """The token set that this use is of."""

    async def give_back(self, company_id: str, ref: UUID) -> LastUse | None:
        """What is to be destroyed when this was its last use: nobody will take it again."""

    async def forget(self, company_id: str, token_set_id: UUID) -> None:
        """After its secrets have been destroyed."""

    async def is_known(self, company_id: str, token_set_id: UUID) -> bool: ...


class TokenSetVault(Protocol):
    """The secrets; every write is a check-and-set on the version that was read."""

    async def read(self, company_id: str, token_set_id: UUID) -> tuple[TokenSet, int] | None:
        """The token set and its version."""

    async def read_all(
        self, company_id: str, token_set_ids: Collection[UUID]
    ) -> dict[UUID, tuple[TokenSet, int]]:
        """Those that are there, by their ids."""

    async def write(self, company_id: str, token_set_id: UUID, token_set: TokenSet, *, version: int) -> bool:
        """False when it is no longer at that version; version 0 means that there is none."""

    async def destroy(self, company_id: str, token_set_id: UUID) -> None:
        """Remove metadata and all versions; there may be none."""


class SwitchStore(Protocol):
    """What each company has switched on."""

    async def of(self, company_id: str) -> Switches: ...

    async def set_integrations(self, company_id: str, *, on: bool) -> None: ...

    async def set_provider(self, company_id: str, provider: Provider, *, enabled: bool) -> None: ...


class ConsentStore(Protocol):
    """Consents under way; they hold no secret."""

    async def add(self, consent: Consent) -> None:
        """A new one."""

    async def by_id(self, consent_id: UUID) -> Consent | None: ...

    async def put(self, consent: Consent) -> bool:
        """Store it as the next revision; False when somebody else did so meanwhile."""

    async def of_client(self, company_id: str, client_id: str) -> list[Consent]: ...

    async def forget(self, consent: Consent) -> None:
        """It may have gone already."""

    async def left_over(self, now: datetime, limit: int) -> list[Consent]:
        """Those that still hold a token set although their time is over."""


class SigningKey(Protocol):
    """One secret of the service, the same in every process, made on first use."""

    async def __call__(self) -> bytes: ...
