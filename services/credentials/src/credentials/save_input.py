"""Saves what a user has entered into a provider's form."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from connectors.errors import ConnectorError, ThrottledError
from connectors.protocol import Connector, Credentials, Grant
from connectors.session import Session
from service_kit.clock import Clock
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.connection import Connection
from credentials.ports import Owner
from credentials.refusals import InvalidRequestError, NotReadableError, ProviderDownError
from credentials.save_connection import Draft, SaveConnection
from credentials.signatures import SignatureError, Signatures, TestedInput
from credentials.terms import Click, Place
from credentials.try_credentials import split

_SIGN_IN_S = 30.0


class SaveInput:
    """With the token of a test the connection is `ok` and its books are pinned, else it is `untested`."""

    def __init__(
        self,
        *,
        connectors: Mapping[Provider, Connector],
        session: Session,
        save: SaveConnection,
        signatures: Signatures,
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self._session = session
        self._save = save
        self._signatures = signatures
        self._clock = clock

    async def __call__(
        self, place: Place, fields: Mapping[str, str], test_token: str | None, click: Click
    ) -> Connection:
        """Raises InvalidRequestError, ConnectionBusyError, and what signing in first may raise."""
        connector = self._connectors[place.provider]
        credentials = split(connector, fields)
        books = None if test_token is None else await self._tested(place, credentials, test_token)
        credentials = await self._to_keep(connector, credentials)
        account_key = connector.account_key(credentials.grant, credentials.settings)
        draft = Draft(
            grant=credentials.grant,
            access=credentials.access,
            settings=credentials.settings,
            account_key=account_key,
            owner=await self._owner(connector, credentials.grant, account_key),
            books=books or Books(),
            health=ConnectionHealth.UNTESTED if books is None else ConnectionHealth.OK,
            expires_on=credentials.expires_on,
        )
        return await self._save(place, draft, click)

    async def _to_keep(self, connector: Connector, entered: Credentials) -> Credentials:
        """What may be kept: a password gives way to what signing in with it brings."""
        if not entered.sign_in_first:
            return entered
        try:
            async with asyncio.timeout(_SIGN_IN_S):
                signed_in = await connector.sign_in(self._session, entered.grant, entered.settings)
        except ThrottledError as error:
            raise ProviderDownError(error.retry_after_s) from None
        except (ConnectorError, TimeoutError) as error:
            if isinstance(error, TimeoutError) or error.code is ProblemCode.PROVIDER_DOWN:
                raise ProviderDownError from None
            raise NotReadableError(error.code, error.cause) from None
        return replace(entered, grant=signed_in.grant, access=signed_in.access, sign_in_first=False)

    async def _owner(self, connector: Connector, grant: Grant, account_key: str) -> Owner:
        # Named by all that was entered: a wrong key of one client must not replace another's right one.
        owner_key = connector.owner_key(grant)
        whose = account_key if connector.oauth is None else owner_key
        return Owner(await self._signatures.name_of_keys(whose, grant), owner_key)

    async def _tested(self, place: Place, credentials: Credentials, test_token: str) -> Books:
        tested = TestedInput(place.company_id, place.provider, credentials)
        try:
            return await self._signatures.books_of_test(test_token, tested, now=self._clock.now())
        except SignatureError:
            raise InvalidRequestError(
                "The test is too old or was of other input; test again, or save without it.",
                "body.test_token",
            ) from None
