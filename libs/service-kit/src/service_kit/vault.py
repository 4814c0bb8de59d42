"""A Vault client that is always signed in: hvac blocks and never signs in again by itself."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import hvac
from anyio import CapacityLimiter, to_thread
from hvac.exceptions import (
    BadGateway,
    Forbidden,
    InternalServerError,
    InvalidRequest,
    RateLimitExceeded,
    Unauthorized,
    UnexpectedError,
    VaultDown,
    VaultError,
)
from urllib3.exceptions import HTTPError

from service_kit.errors import DependencyDownError
from service_kit.health import Health
from service_kit.settings import VaultSettings
from service_kit.vault_login import login
from service_kit.vault_session import VaultSession

logger = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE = 20
_RENEW_AT = 2 / 3
_SHORTEST_LEASE_S = 30
_RETRY_S = 2.0
_OUTAGES = (
    HTTPError,
    OSError,  # of the body on its way, and of the file that proves who we are
    VaultDown,
    InternalServerError,
    BadGateway,
    RateLimitExceeded,
    UnexpectedError,
)


class VaultClient:
    """Runs blocking work in threads; signs in, renews, and signs in again near the last end."""

    def __init__(self, settings: VaultSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._signing_in = asyncio.Lock()
        self._renew_at_s = 0.0
        trust = ssl.create_default_context(cafile=settings.ca_file)
        self._session = VaultSession(trust, at_once=_AT_ONCE)
        self._client = self.client()

    @property
    def mount(self) -> str:
        return self._settings.mount

    def client(self) -> hvac.Client:
        """One that is not signed in, on the connections of all."""
        settings = self._settings
        return hvac.Client(
            url=settings.address,
            token="",
            namespace=settings.namespace,
            session=self._session,
            timeout=settings.timeout_s,
        )

    async def run(self, work: Callable[[hvac.Client], T]) -> T:
        """The answer of work as the service itself; DependencyDownError while Vault cannot do it."""
        if not self._renew_at_s:
            await self._sign_in(unless_token_is_not="")
        token = self._client.token
        try:
            return await self.attempt(self._client, work)
        except (Forbidden, Unauthorized):
            await self._sign_in(unless_token_is_not=token)
            return await self.attempt(self._client, work, refused="permission denied")

    async def attempt(
        self, client: hvac.Client, work: Callable[[hvac.Client], T], *, refused: str | None = None
    ) -> T:
        """Run work once, in a thread; a refusal is an outage too where `refused` says what it means."""
        try:
            answer = await to_thread.run_sync(partial(work, client), limiter=self._limiter)
        except _OUTAGES as error:
            raise self._down(type(error).__name__) from None  # its text may quote the request
        except VaultError:
            if refused is None:
                raise
            raise self._down(refused) from None
        self._health.up("vault")
        return answer

    async def keep_signed_in(self) -> None:
        """For ever: renew at two thirds of the token's life, and notice when Vault is back."""
        while True:
            try:
                await self._renew()
                if "vault" in self._health.troubles:  # nobody else may ask for a long time
                    await self.run(lambda client: client.auth.token.lookup_self())
            except DependencyDownError:
                logger.warning("Vault is out of reach")
                await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(max(1.0, min(_RETRY_S, self._renew_at_s - time.monotonic())))

    async def aclose(self) -> None:
        await to_thread.run_sync(self._session.close)

    async def _renew(self) -> None:
        if time.monotonic() < self._renew_at_s:
            return
        if not self._renew_at_s:
            await self._sign_in(unless_token_is_not="")
            return
        token = self._client.token
        try:
            answer = await self.attempt(self._client, lambda client: client.auth.token.renew_self())
        except (Forbidden, Unauthorized, InvalidRequest):
            await self._sign_in(unless_token_is_not=token)
            return
        lease_s = float(answer["auth"]["lease_duration"])
        if lease_s < _SHORTEST_LEASE_S:  # near its last end a token gets ever shorter leases
            await self._sign_in(unless_token_is_not=token)
        else:
            self._valid_for(lease_s)

    async def _sign_in(self, *, unless_token_is_not: str) -> None:
        async with self._signing_in:
            if self._client.token != unless_token_is_not:
                return  # another task has just done it
            answer = await self.attempt(self._client, self._login, refused="sign-in refused")
            self._client.token = answer["auth"]["client_token"]
            self._valid_for(float(answer["auth"]["lease_duration"]))

    def _login(self, client: hvac.Client) -> dict[str, dict[str, str]]:
        wanted = login(self._settings)
        return dict(client.login(f"/v1/{wanted.path}", use_token=False, json=wanted.body))

    def _valid_for(self, lease_s: float) -> None:
        self._renew_at_s = time.monotonic() + lease_s * _RENEW_AT

    def _down(self, reason: str) -> DependencyDownError:
        self._health.down("vault", reason)
        return DependencyDownError("vault", reason)
