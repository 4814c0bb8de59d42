"""Looks, after a save that was tested, whether the credentials may read everything that is counted."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from connectors.errors import AccessRefusedError, ConnectorError, ForbiddenError
from connectors.protocol import Account, Connector
from connectors.session import Session
from service_kit.clock import Clock
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from credentials.change_connection import change
from credentials.connection import HEALTH_OF_CODE, Connection
from credentials.lease_access import LeaseAccess
from credentials.observe_connection import ObserveConnection
from credentials.ports import ConnectionStore
from credentials.refusals import NotReadableError, ProviderDownError
from credentials.terms import Observation

logger = logging.getLogger(__name__)

_PROBE_S = 60.0
_AGAIN_AFTER = timedelta(minutes=5)


class ProbeRights:
    """A missing right sets the health; a provider that does not answer is asked again later."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        lease: LeaseAccess,
        observe: ObserveConnection,
        connectors: Mapping[Provider, Connector],
        session: Session,
        clock: Clock,
    ) -> None:
        self._store = store
        self._lease = lease
        self._observe = observe
        self._connectors = connectors
        self._session = session
        self._clock = clock

    async def __call__(self, connection: Connection) -> None:
        """Probe a connection whose time has come, unless another process does."""
        again_at = self._clock.now() + _AGAIN_AFTER
        if not await self._store.put(connection.probed(next_at=again_at)):
            return
        try:
            found = await self._found(connection)
        except (ConnectorError, ProviderDownError, TimeoutError) as error:
            logger.info("rights are probed again later", extra={"error": type(error).__name__})
            return
        generation = connection.generation
        await change(
            self._store,
            connection.place,
            lambda now: now.probed(next_at=None) if now.generation == generation else now,
        )
        if found is not None:
            await self._observe(connection.company_id, connection.connection_id, generation, found)

    async def _found(self, connection: Connection) -> Observation | None:
        """The trouble, if there is one; a refused sign-in is on record already."""
        try:
            issued = await self._lease.access_of(connection)
        except NotReadableError:
            return None
        if connection.terms is None:
            return None
        account = Account(
            access=issued.access, settings=connection.terms.settings, account_key=connection.terms.account_key
        )
        last_month = Month.current(self._clock.now(), "UTC").plus(-1)
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._connectors[connection.provider].probe_rights(self._session, account, last_month)
        except (ForbiddenError, AccessRefusedError) as error:
            return Observation(outcome=HEALTH_OF_CODE[error.code], cause=error.cause)
        return None
