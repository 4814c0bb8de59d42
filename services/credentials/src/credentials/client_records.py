"""All that is kept about one client, but for secrets; and its end."""

from collections.abc import AsyncIterator
from uuid import uuid4

from service_kit.client_records import Erased, Kept
from service_kit.clock import Clock
from service_kit.tokens import User
from sync_contracts.event import Actor
from sync_contracts.providers import Provider

from credentials.connection import Stage
from credentials.delete_connection import DeleteConnection
from credentials.ports import ConnectionStore, ConsentStore
from credentials.refusals import ConnectionNotFoundError
from credentials.terms import Click, Place

_CONNECTION_LEFT = (
    "A connection is still being deleted; its secret is destroyed once the vault answers. Erase again then."
)
_CONSENT_LEFT = "A consent is under way and ends within an hour. Erase again then."


class ClientsRecords:
    """Implements `ClientRecords`.

    Of a connection its number and generation stay, without the client's name: a reading that arrives late is
    refused by them, also after the client has come back.
    """

    def __init__(
        self, *, store: ConnectionStore, consents: ConsentStore, delete: DeleteConnection, clock: Clock
    ) -> None:
        self._store = store
        self._consents = consents
        self._delete = delete
        self._clock = clock

    async def of(self, company_id: str, client_id: str) -> AsyncIterator[Kept]:
        for place in _places(company_id, client_id):
            connection = await self._store.at(place)
            if connection is not None and not connection.is_forgotten:
                yield Kept("connections", connection.model_dump(mode="json", exclude={"is_forgotten"}))
        for consent in await self._consents.of_client(company_id, client_id):
            yield Kept("consents", consent.model_dump(mode="json"))

    async def erase(self, user: User, client_id: str) -> Erased:
        click = Click(actor=Actor(id=user.id, role=user.role), correlation_id=str(uuid4()))
        ends = [await self._end(place, click) for place in _places(user.company_id, client_id)]
        held = await self._forget_consents(user.company_id, client_id)
        left = [_CONNECTION_LEFT] * (False in ends) + [_CONSENT_LEFT] * bool(held)
        connections = sum(end is not None for end in ends)
        return Erased(records={"connections": connections}, left=" ".join(left) or None)

    async def _end(self, place: Place, click: Click) -> bool | None:
        """None where there is nothing, False where an outage leaves something to do."""
        found = await self._store.at(place)
        if found is None or found.is_forgotten:
            return None
        if found.stage is not Stage.NEW or found.saving is not None:
            try:
                await self._delete(place, click)
            except ConnectionNotFoundError:
                return None
        found = await self._store.at(place)
        return found is not None and not found.is_open and await self._store.forget(found)

    async def _forget_consents(self, company_id: str, client_id: str) -> int:
        """How many still hold a token set, which the sweeper takes from them when their time is over."""
        found = await self._consents.of_client(company_id, client_id)
        now = self._clock.now()
        under_way = [one for one in found if one.token_set_id is not None or one.seen_at(now).is_under_way]
        for consent in found:
            if consent not in under_way:
                await self._consents.forget(consent)
        return len(under_way)


def _places(company_id: str, client_id: str) -> list[Place]:
    return [Place(company_id=company_id, client_id=client_id, provider=provider) for provider in Provider]
