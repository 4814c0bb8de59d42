"""Finishes what a save or delete began: gives back token sets, destroys what nobody uses, sends messages."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from service_kit.clock import Clock
from service_kit.errors import is_outage
from service_kit.publishing import Publish
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)

from credentials.change_connection import change
from credentials.connection import Connection, Outgoing, Stage
from credentials.end_consent import EndConsent
from credentials.ports import ConnectionStore, TokenSetRegister, TokenSetVault

logger = logging.getLogger(__name__)

SENDS: tuple[type[ConnectionEvent], ...] = (
    ConnectionSaved,
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionExpiring,
)
_BY_TOPIC: Mapping[str, type[ConnectionEvent]] = {event.topic: event for event in SENDS}
_SEND_S = 5.0


class FinishChange:
    """May run any number of times; what an outage leaves undone stays on the record for the sweeper."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        register: TokenSetRegister,
        vault: TokenSetVault,
        end_consent: EndConsent,
        publish: Publish,
        clock: Clock,
    ) -> None:
        self._store = store
        self._register = register
        self._vault = vault
        self._end_consent = end_consent
        self._publish = publish
        self._clock = clock

    async def __call__(self, connection: Connection) -> Connection:
        """The record as far as it could be finished; raises only when MongoDB is out of reach."""
        for ref in connection.releasing:
            try:
                await self.release(connection, ref)
            except Exception as error:
                if not is_outage(error):
                    raise
                logger.warning("a token set is destroyed later", extra=_named(connection, error))
                break
            connection = await self._released(connection, ref)
        return await self.send(connection)

    async def release(self, connection: Connection, ref: UUID) -> None:
        """Give back one use of a token set and destroy the set with its last use."""
        company_id = connection.company_id
        used = await self._register.taken(company_id, ref)
        last = await self._register.give_back(company_id, ref)
        if used is not None and connection.stage is Stage.DELETING:
            await self._end_consent(connection, used, last)
        if last is not None:
            await self._vault.destroy(company_id, last.token_set_id)
            await self._register.forget(company_id, last.token_set_id)

    async def send(self, connection: Connection) -> Connection:
        """Send what is on record, in order; the rest stays when Kafka is away."""
        for message in connection.outbox:
            try:
                async with asyncio.timeout(_SEND_S):
                    await self._publish(_event(message), traceparent=message.traceparent)
            except Exception as error:
                logger.warning("a message is sent later", extra=_named(connection, error))
                return connection
            connection = await self._sent(connection, message.event_id)
        return connection

    async def _released(self, connection: Connection, ref: UUID) -> Connection:
        now = self._clock.now()
        return await change(self._store, connection.place, lambda found: found.gave_back(ref, now=now))

    async def _sent(self, connection: Connection, event_id: UUID) -> Connection:
        return await change(self._store, connection.place, lambda found: found.sent(event_id))


def _event(message: Outgoing) -> ConnectionEvent:
    return _BY_TOPIC[message.topic].model_validate_json(message.body)


def _named(connection: Connection, error: Exception) -> dict[str, str]:
    return {
        "company_id": connection.company_id,
        "connection_id": str(connection.connection_id),
        "error": type(error).__name__,
    }
