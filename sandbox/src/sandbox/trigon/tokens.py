"""Pairs of ID token and API key: given once for good, or opened with a password and renewed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.trigon.company import User
from sandbox.trigon.errors import RefusedError

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
_FOR_GOOD = "keys"


class Tokens:
    """Issues and checks; signed by the seed, so that tokens outlive a restart."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._key = hashlib.sha256(f"trigon-tokens/{seed}".encode()).digest()
        self._turns: dict[str, int] = {}  # of the newest refresh token of each session
        self._expired_before = 0.0
        self.life = timedelta(hours=1)

    def keys(self, user: User) -> dict[str, str]:
        """The pair that an administrator finds in the settings; it has no end."""
        claims = {"sub": user.name, "sid": _FOR_GOOD, "use": "id"}
        return {"id_token": self._written(claims), "api_key": self._api_key(user.name, _FOR_GOOD)}

    def open(self, user: User) -> dict[str, str]:
        """A new session, as the answer to a login."""
        return self._session(user.name, secrets.token_hex(6), 0)

    def expire(self) -> None:
        """End every ID token that was given out in a session so far."""
        self._expired_before = self._clock.timestamp()

    def refresh(self, token: str) -> tuple[str, dict[str, str]]:
        """Whose token it is, and the answer; it works once."""
        claims = self._read(token, "refresh")
        session, turn = str(claims["sid"]), int(claims["turn"])
        if turn < self._turns.get(session, 0):
            raise RefusedError("unauthorized")
        self._turns[session] = turn + 1
        return str(claims["sub"]), self._session(str(claims["sub"]), session, turn + 1)

    def bearer(self, id_token: str, api_key: str) -> str:
        """Whose pair it is, while it is good."""
        claims = self._read(id_token, "id")
        name, session = str(claims["sub"]), str(claims["sid"])
        if not hmac.compare_digest(self._api_key(name, session).encode(), api_key.encode()):
            raise RefusedError("unauthorized")
        if session != _FOR_GOOD and (
            self._clock.timestamp() >= claims["exp"] or claims["iat"] <= self._expired_before
        ):
            raise RefusedError("token_expired")
        return name

    def _session(self, name: str, session: str, turn: int) -> dict[str, str]:
        now = self._clock.now()
        ends_at = (now + self.life).replace(microsecond=0)
        claims = {"sub": name, "sid": session, "turn": turn}
        times = {"iat": now.timestamp(), "exp": ends_at.timestamp()}
        return {
            "idToken": self._written({**claims, **times, "use": "id"}),
            "apiKey": self._api_key(name, session),
            "expiresAt": f"{ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "refreshToken": self._written({**claims, "use": "refresh"}),
        }

    def _written(self, claims: Mapping[str, Any]) -> str:
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"{_HEADER}.{body}.{self._signature(body)}"

    def _read(self, token: str, use: str) -> dict[str, Any]:
        _, _, rest = token.partition(".")
        body, _, signature = rest.partition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            raise RefusedError("unauthorized")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if claims["use"] != use:
            raise RefusedError("unauthorized")
        return claims

    def _api_key(self, name: str, session: str) -> str:
        return f"tk_{self._signature(f'key/{name}/{session}')}"

    def _signature(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]
