"""Token sets: one for each user and app, access for an hour, refresh tokens for twenty years."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.clock import Clock

REFRESH_LIFE_S = 631_151_957
_ACCESS_PARTS = 4
_FRESH = timedelta(minutes=5)


class TokenRefusedError(Exception):
    """The token is unknown, used up or withdrawn."""


@dataclass(frozen=True, slots=True)
class App:
    """An app of the developer dashboard, for companies or for practices, in one environment."""

    client_id: str
    client_secret: str
    environment: str
    is_practice: bool


@dataclass(slots=True, eq=False)
class TokenSet:
    """What one user has been given; `owner` is a company's account or the practice."""

    app: App
    owner: str
    rotates: bool
    number: int = 0  # of its newest refresh token
    era: int = 0
    refreshes: int = 0
    refused: int = 0
    handed_out: tuple[str, datetime] | None = None

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.app.client_id}/{self.owner}".encode()).hexdigest()[:16]


class Tokens:
    """Issues and checks; signed by the seed, so that tokens outlive a restart."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._key = hashlib.sha256(f"freeagent-tokens/{seed}".encode()).digest()
        self._sets: dict[str, TokenSet] = {}
        self.access_life = timedelta(hours=1)

    @property
    def sets(self) -> Iterable[TokenSet]:
        return self._sets.values()

    def open(self, app: App, owner: str, *, rotates: bool) -> TokenSet:
        """The token set of a user; a second consent to the same app finds the first."""
        made = TokenSet(app, owner, rotates)
        return self._sets.setdefault(made.id, made)

    def refresh_token(self, token_set: TokenSet) -> str:
        return self._signed(f"1r{token_set.id}.{token_set.number}")

    def access(self, token_set: TokenSet) -> tuple[str, datetime]:
        """A fresh access token and its end."""
        ends_at = (self._clock.now() + self.access_life).replace(microsecond=0)
        parts = f"1a{token_set.id}", token_set.era, int(ends_at.timestamp()), secrets.token_hex(4)
        return self._signed(".".join(map(str, parts))), ends_at

    def current_access(self, token_set: TokenSet) -> tuple[str, datetime]:
        """The one handed out before while it is good for some minutes more, else a new one."""
        if token_set.handed_out is None or token_set.handed_out[1] < self._clock.now() + _FRESH:
            token_set.handed_out = self.access(token_set)
        return token_set.handed_out

    def expire(self) -> None:
        """End every access token given out so far."""
        for token_set in self._sets.values():
            token_set.era += 1
            token_set.handed_out = None

    def owner(self, refresh_token: str) -> TokenSet | None:
        """Whose refresh token this is, good or not."""
        return self._sets.get(refresh_token.removeprefix("1r").partition(".")[0])

    def renew(self, token_set: TokenSet) -> None:
        """The newest refresh token replaces the others, where they are replaced."""
        token_set.number += int(token_set.rotates)

    def refresh(self, app: App, token: str) -> TokenSet:
        """Exchange a refresh token; raises TokenRefusedError."""
        token_set = self.owner(token)
        number = self._checked(token).partition(".")[2] if token_set else ""
        if token_set is None or token_set.app != app or not number.isdecimal():
            raise TokenRefusedError
        if int(number) < token_set.number:
            token_set.refused += 1
            raise TokenRefusedError
        token_set.number = int(number)  # a higher one was given out before a restart
        token_set.refreshes += 1
        self.renew(token_set)
        return token_set

    def bearer(self, token: str) -> TokenSet:
        """Whose access token this is, while it is good; raises TokenRefusedError."""
        parts = self._checked(token).removeprefix("1a").split(".")
        token_set = self._sets.get(parts[0])
        if token_set is None or len(parts) != _ACCESS_PARTS or parts[1] != str(token_set.era):
            raise TokenRefusedError
        ends_at = parts[2]
        if self._clock.now() >= datetime.fromtimestamp(int(ends_at), UTC):
            raise TokenRefusedError
        return token_set

    def _checked(self, token: str) -> str:
        body = token.rpartition(".")[0]
        if not hmac.compare_digest(self._signed(body).encode(), token.encode()):
            raise TokenRefusedError
        return body

    def _signed(self, body: str) -> str:
        return f"{body}.{hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()[:32]}"
