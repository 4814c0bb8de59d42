"""Tells the provider that a consent is no longer wanted, where it can be told."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from connectors.protocol import Connector, OAuth
from connectors.session import Session
from service_kit.errors import is_outage
from sync_contracts.providers import Provider

from credentials.connection import Connection
from credentials.current_access import CurrentAccess, TokenSetAt
from credentials.ports import ConnectionStore, LastUse, TokenSetVault

logger = logging.getLogger(__name__)

_CALLS_S = 10.0


class EndConsent:
    """The last connection revokes the whole consent, another one takes out its organisation.

    It is tried once: the secret is destroyed whether or not the provider has heard.
    """

    def __init__(
        self,
        *,
        store: ConnectionStore,
        vault: TokenSetVault,
        current_access: CurrentAccess,
        connectors: Mapping[Provider, Connector],
        session: Session,
    ) -> None:
        self._store = store
        self._vault = vault
        self._current_access = current_access
        self._connectors = connectors
        self._session = session

    async def __call__(self, connection: Connection, token_set_id: UUID, last: LastUse | None) -> None:
        """Raises only outages of our own servers."""
        oauth = self._connectors[connection.provider].oauth
        if oauth is None:
            return
        try:
            async with asyncio.timeout(_CALLS_S):
                if last is not None and not last.owner_has_others:
                    await self._revoke(oauth, connection, token_set_id)
                else:
                    await self._disconnect(oauth, connection, token_set_id)
        except Exception as error:
            if is_outage(error):
                raise
            logger.warning(
                "the provider was not told of a deleted connection",
                extra={"provider": connection.provider.value, "error": type(error).__name__},
            )

    async def _revoke(self, oauth: OAuth, connection: Connection, token_set_id: UUID) -> None:
        found = await self._vault.read(connection.company_id, token_set_id)
        if found is not None:
            await oauth.revoke(self._session, found[0].grant)

    async def _disconnect(self, oauth: OAuth, connection: Connection, token_set_id: UUID) -> None:
        if connection.released is None or await self._store.is_account_used(connection.released.account_key):
            return
        settings = connection.released.settings
        at = TokenSetAt(connection.company_id, connection.provider, token_set_id, settings)
        issued = await self._current_access(at)
        await oauth.disconnect(self._session, issued.access, settings)
