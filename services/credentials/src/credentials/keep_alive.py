"""Keeps consents alive that nobody reads for weeks: an unused refresh token dies."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Connector
from service_kit.clock import Clock
from sync_contracts.providers import Provider

from credentials.change_connection import change
from credentials.connection import RENEW_EVERY, Connection
from credentials.lease_access import LeaseAccess
from credentials.ports import ConnectionStore
from credentials.refusals import NotReadableError, ProviderDownError, StillRefreshingError

logger = logging.getLogger(__name__)

_AGAIN_AFTER = timedelta(days=1)


class KeepAlive:
    """Once a week per connection; a provider that does not answer is asked again a day later."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        lease: LeaseAccess,
        connectors: Mapping[Provider, Connector],
        clock: Clock,
    ) -> None:
        self._store = store
        self._lease = lease
        self._connectors = connectors
        self._clock = clock

    async def __call__(self, connection: Connection) -> None:
        """Renew a connection whose time has come, unless another process does."""
        now = self._clock.now()
        has_consent = self._connectors[connection.provider].oauth is not None
        claimed = connection.renewed(next_at=now + _AGAIN_AFTER if has_consent else None)
        if not await self._store.put(claimed) or not has_consent:
            return
        try:
            await self._lease.access_of(connection)
        except (NotReadableError, ProviderDownError, StillRefreshingError) as refusal:
            logger.info("a consent was not renewed", extra={"code": refusal.code})
            return
        generation = connection.generation
        await change(
            self._store,
            connection.place,
            lambda found: (
                found.renewed(next_at=now + RENEW_EVERY) if found.generation == generation else found
            ),
        )
