"""Who calls: people by their platform's token, services by a token that Vault issues."""

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import jwt
from anyio import to_thread
from fastapi import Request
from pydantic import TypeAdapter
from sync_contracts.event import Role
from sync_contracts.ids import PlatformId

from service_kit.errors import DependencyDownError
from service_kit.problems import ProblemError
from service_kit.settings import UserTokenSettings, VaultSettings

SERVICE_AUDIENCE = "ledgerbus-internal"
_REFETCH_AFTER_S = 10.0
# A key that its issuer has taken back is believed no longer than this.
_STANDS_S = 900.0
_LEEWAY_S = 30
_IDS: TypeAdapter[str] = TypeAdapter(PlatformId)


@dataclass(frozen=True, slots=True)
class User:
    """A person of an accounting firm, as the token says."""

    id: str
    company_id: str
    role: Role

    @property
    def may_change(self) -> bool:
        return self.role in {Role.OWNER, Role.ADMIN}


@dataclass(slots=True)
class TokenVerifier:
    """Checks signature, issuer, audience and times of a JWT against the issuer's published keys."""

    issuer: str
    audience: str
    jwks_url: str
    http: httpx.AsyncClient
    algorithm: str = "RS256"
    monotonic_s: Callable[[], float] = time.monotonic
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float = -inf

    @classmethod
    def of_users(cls, settings: UserTokenSettings, http: httpx.AsyncClient) -> "TokenVerifier":
        return cls(settings.issuer, settings.audience, settings.jwks_url, http, settings.algorithm)

    @classmethod
    def of_services(cls, settings: VaultSettings, http: httpx.AsyncClient) -> "TokenVerifier":
        """Vault is the issuer of our own services' tokens."""
        return cls(settings.issuer, SERVICE_AUDIENCE, f"{settings.issuer}/.well-known/keys", http)

    async def claims(self, token: str) -> dict[str, Any]:
        """The token's claims; `jwt.InvalidTokenError` when it is not to be believed."""
        key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
        return jwt.decode(
            token,
            key,
            algorithms=[self.algorithm],
            audience=self.audience,
            issuer=self.issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "iss", "aud"]},
        )

    async def _key(self, kid: str) -> jwt.PyJWK:
        age_s = self.monotonic_s() - self._fetched_at
        if kid not in self._keys and age_s >= _REFETCH_AFTER_S:
            await self._renew()
        elif kid in self._keys and age_s >= _STANDS_S:
            # An issuer that is away is not asked at every call.
            self._fetched_at += age_s - _STANDS_S + _REFETCH_AFTER_S
            with suppress(DependencyDownError):
                await self._renew()
        if kid not in self._keys:
            raise jwt.InvalidTokenError("signed by an unknown key")
        return self._keys[kid]

    async def _renew(self) -> None:
        try:
            keys = jwt.PyJWKSet.from_dict(await self._fetch())
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            raise DependencyDownError("token issuer", f"{type(error).__name__} in its keys") from None
        self._keys = {key.key_id or "": key for key in keys.keys}
        self._fetched_at = self.monotonic_s()

    async def _fetch(self) -> dict[str, Any]:
        parts = urlsplit(self.jwks_url)
        if parts.scheme == "file":
            text = await to_thread.run_sync(Path(unquote(parts.path)).read_text)
            return dict(json.loads(text))
        try:
            answer = await self.http.get(self.jwks_url, timeout=5)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise DependencyDownError("token issuer", type(error).__name__) from error
        return dict(answer.json())


def user_of(verifier: TokenVerifier) -> Callable[[Request], Awaitable[User]]:
    """A dependency that answers 401 unless the caller carries a good person's token."""

    async def current_user(request: Request) -> User:
        claims = await _believed(verifier, request)
        try:
            return User(
                id=_IDS.validate_python(claims["sub"]),
                company_id=_IDS.validate_python(claims["company_id"]),  # a part of paths and queries
                role=Role(claims["role"]),
            )
        except (KeyError, ValueError) as error:
            raise _unauthenticated() from error

    return current_user


def service_of(verifier: TokenVerifier, *allowed: str) -> Callable[[Request], Awaitable[str]]:
    """A dependency that answers 401, or 403 to a service that is not among the allowed."""

    async def calling_service(request: Request) -> str:
        name = str((await _believed(verifier, request)).get("service", ""))
        if name not in allowed:
            raise ProblemError(403, "FORBIDDEN", "This service may not call here.")
        return name

    return calling_service


async def _believed(verifier: TokenVerifier, request: Request) -> dict[str, Any]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated()
    try:
        return await verifier.claims(token)
    except jwt.PyJWTError as error:
        raise _unauthenticated() from error


def _unauthenticated() -> ProblemError:
    return ProblemError(401, "UNAUTHENTICATED", "Send a valid token as `Authorization: Bearer …`.")
