"""Token sets: access tokens of 30 minutes and refresh tokens that are replaced at each use."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt

from sandbox.xero.parties import App, User

GRACE = timedelta(minutes=30)
UNUSED_LIFE = timedelta(days=60)


class InvalidGrantError(Exception):
    """The token address answers 400 invalid_grant."""


class BearerError(Exception):
    """The API answers 401 with this detail."""


@dataclass
class Refresh:
    """One refresh token of a set and when it was first exchanged."""

    issued_at: datetime
    used_at: datetime | None = None


@dataclass
class TokenSet:
    """What one consent (or one custom connection, which has no user) has been given."""

    set_id: str
    app: App
    user: User | None
    scopes: tuple[str, ...]
    auth_event_id: str
    era: int = 0
    revoked: bool = False
    refreshes: int = 0
    refused: int = 0
    chain: dict[int, Refresh] = field(default_factory=dict)


@dataclass(frozen=True)
class Bearer:
    """A good access token: for whom, for what, how long."""

    token_set: TokenSet
    scopes: frozenset[str]
    expires_at: datetime


class Tokens:
    """Issues, checks, refreshes and revokes; keeps its secrets stable over a restart by the seed."""

    def __init__(self, now: Callable[[], datetime], seed: str) -> None:
        self._now = now
        self._key = hashlib.sha256(f"xero-tokens/{seed}".encode()).digest()
        self._sets: dict[str, TokenSet] = {}
        self._handed_out: dict[str, tuple[str, int, datetime]] = {}
        self.access_life = timedelta(minutes=30)

    @property
    def sets(self) -> Iterable[TokenSet]:
        """Every token set ever opened."""
        return self._sets.values()

    def open(
        self,
        app: App,
        user: User | None,
        scopes: tuple[str, ...],
        *,
        set_id: str | None = None,
        auth_event_id: str | None = None,
    ) -> TokenSet:
        """A new token set, with its first refresh token when offline access was granted."""
        made = TokenSet(set_id or uuid4().hex, app, user, scopes, auth_event_id or str(uuid4()))
        self._sets[made.set_id] = made
        if "offline_access" in scopes:
            made.chain[0] = Refresh(self._now())
        return made

    def access(self, token_set: TokenSet) -> tuple[str, datetime]:
        """A fresh access token and its end."""
        issued_at = self._now()
        expires_at = (issued_at + self.access_life).replace(microsecond=0)
        claims = {
            "nbf": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": token_set.app.client_id,
            "jti": uuid4().hex,
            "sid": token_set.set_id,
            "era": token_set.era,
            "authentication_event_id": token_set.auth_event_id,
            "scope": list(token_set.scopes),
        }
        if token_set.user is not None:
            claims |= {"sub": token_set.user.user_id, "xero_userid": token_set.user.user_id}
        return jwt.encode(claims, self._key, algorithm="HS256"), expires_at

    def current_access(self, token_set: TokenSet) -> tuple[str, datetime]:
        """The access token handed out before while it is good for 5 more minutes, else a new one."""
        known = self._handed_out.get(token_set.set_id)
        fresh_until = self._now() + min(timedelta(minutes=5), self.access_life / 2)
        if known and known[1] == token_set.era and known[2] > fresh_until:
            return known[0], known[2]
        token, expires_at = self.access(token_set)
        self._handed_out[token_set.set_id] = (token, token_set.era, expires_at)
        return token, expires_at

    def refresh_token(self, token_set: TokenSet) -> str | None:
        """The newest refresh token of the set."""
        return self._written(token_set.set_id, max(token_set.chain)) if token_set.chain else None

    def owner(self, token: str) -> TokenSet | None:
        """The set that a refresh token belongs to, good or not."""
        try:
            return self._read(token)[0]
        except InvalidGrantError:
            return None

    def expire(self) -> None:
        """End every access token given out so far."""
        for token_set in self._sets.values():
            token_set.era += 1

    def refresh(self, app: App, token: str, *, single_use: bool = False) -> TokenSet:
        """Exchange a refresh token: the set then has a newer one.

        Single use means no grace: a second use ends the whole set.

        Raises InvalidGrantError for one that is unknown, revoked, too old, or repeated too late.
        """
        token_set, number = self._read(token)
        if token_set.app != app:
            raise InvalidGrantError
        try:
            self._use(token_set, number, single_use=single_use)
        except InvalidGrantError:
            token_set.refused += 1
            raise
        token_set.refreshes += 1
        token_set.chain[max(token_set.chain) + 1] = Refresh(self._now())
        return token_set

    def revoke(self, app: App, token: str) -> TokenSet | None:
        """Revoke the set of a refresh token; an unknown token is no error."""
        token_set = self.owner(token)
        if token_set is None or token_set.app != app:
            return None
        token_set.revoked = True
        return token_set

    def check(self, token: str) -> Bearer:
        """The bearer of an access token; raises BearerError with the vendor's words."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"], options=_OWN_CLOCK)
        except jwt.PyJWTError as error:
            raise BearerError("AuthenticationUnsuccessful") from error
        token_set = self._sets.get(claims["sid"])
        if token_set is None or token_set.revoked:
            raise BearerError("AuthenticationUnsuccessful")
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if self._now() >= expires_at or claims["era"] != token_set.era:
            raise BearerError(f"TokenExpired: token expired at {expires_at:%m/%d/%Y %H:%M:%S}")
        return Bearer(token_set, frozenset(claims["scope"]), expires_at)

    def _use(self, token_set: TokenSet, number: int, *, single_use: bool) -> None:
        now = self._now()
        if number > max(token_set.chain, default=-1):
            # Signed by us yet unknown: given out before a restart with the same seed.
            token_set.chain[number] = Refresh(now)
        refresh = token_set.chain.get(number)
        if refresh is None or token_set.revoked or now - refresh.issued_at > UNUSED_LIFE:
            raise InvalidGrantError
        if refresh.used_at is None:
            refresh.used_at = now
            return
        if single_use:
            token_set.revoked = True
            raise InvalidGrantError
        if now - refresh.used_at > GRACE:
            raise InvalidGrantError

    def _read(self, token: str) -> tuple[TokenSet, int]:
        set_id, _, rest = token.partition(".")
        number = rest.partition(".")[0]
        if set_id not in self._sets or not (number.isascii() and number.isdecimal()):
            raise InvalidGrantError
        if not hmac.compare_digest(self._written(set_id, int(number)).encode(), token.encode()):
            raise InvalidGrantError
        return self._sets[set_id], int(number)

    def _written(self, set_id: str, number: int) -> str:
        body = f"{set_id}.{number}"
        return f"{body}.{hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()[:32]}"


_OWN_CLOCK: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}
