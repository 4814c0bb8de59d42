"""Consents and tokens: access tokens of an hour, refresh tokens of 45 days that work once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt

from sandbox.books.dice import stable_uuid
from sandbox.clock import Clock

SCOPES = frozenset({"companyinformation", "bookkeeping", "invoice", "supplierinvoice"})
KNOWN_SCOPES = SCOPES | {"article", "customer", "order", "payment", "profile", "settings", "supplier"}
ACCESS_S = 3600
CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=45)


class InvalidGrantError(Exception):
    """The token address answers 400 invalid_grant."""


@dataclass(slots=True, eq=False)
class Consent:
    """What a company's administrator has allowed; `ended` by a revocation or a token used twice."""

    tenant_id: int
    scopes: frozenset[str]
    by_service: bool
    id: str = field(default_factory=lambda: uuid4().hex)
    ended: bool = False
    refreshes: int = 0


@dataclass(slots=True)
class _Refresh:
    consent: Consent
    issued_at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    consent: Consent
    redirect_uri: str
    offline: bool
    ends_at: datetime


class Identity:
    """One integration, its consents, and the tokens that were given for them."""

    def __init__(self, clock: Clock, seed: int, tenants: Iterable[int]) -> None:
        self._clock = clock
        self._key = hashlib.sha256(f"{seed}/fortnox".encode()).digest()
        self.client_id = stable_uuid(seed, "fortnox-client").replace("-", "")[:12]
        self.client_secret = stable_uuid(seed, "fortnox-secret").replace("-", "")[:10]
        # Access tokens outlive a restart with the same seed, so the first consents have stable names.
        first = [Consent(one, SCOPES, by_service=True, id=f"first-{one}") for one in tenants]
        self.consents = {one.id: one for one in first}
        self._codes: dict[str, _Code] = {}
        self._refreshes: dict[str, _Refresh] = {}

    def knows(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the integration's own."""
        given, own = f"{client_id}:{client_secret}", f"{self.client_id}:{self.client_secret}"
        return hmac.compare_digest(given.encode(), own.encode())

    def give_code(self, consent: Consent, redirect_uri: str, *, offline: bool) -> str:
        """A code for the way back, good for ten minutes and one use."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(consent, redirect_uri, offline, self._clock.now() + CODE_LIFE)
        return code

    def take_code(self, code: str, redirect_uri: str) -> tuple[Consent, str | None]:
        """The consent of a code, with a refresh token where offline access was asked for."""
        found = self._codes.pop(code, None)
        if found is None or found.redirect_uri != redirect_uri or self._clock.now() >= found.ends_at:
            raise InvalidGrantError
        self.consents[found.consent.id] = found.consent
        return found.consent, self._refresh_token(found.consent) if found.offline else None

    def refresh(self, token: str) -> tuple[Consent, str]:
        """The next refresh token; the second use of one ends its consent."""
        found = self._refreshes.get(token)
        if found is None or found.consent.ended:
            raise InvalidGrantError
        if found.used or self._clock.now() - found.issued_at > REFRESH_LIFE:
            found.consent.ended = True
            raise InvalidGrantError
        found.used = True
        found.consent.refreshes += 1
        return found.consent, self._refresh_token(found.consent)

    def of_service(self, tenant_id: str) -> Consent:
        """The consent that a company has given to the service account."""
        for consent in self.consents.values():
            if consent.by_service and not consent.ended and str(consent.tenant_id) == tenant_id:
                return consent
        raise InvalidGrantError

    def owner(self, token: str) -> Consent | None:
        """Whose refresh token it is."""
        found = self._refreshes.get(token)
        return found.consent if found else None

    def revoke(self, token: str) -> bool:
        """End the consent of a refresh token, and every other one of its company."""
        owner = self.owner(token)
        if owner is None:
            return False
        for consent in self.consents.values():
            consent.ended = consent.ended or consent.tenant_id == owner.tenant_id
        return True

    def access_token(self, consent: Consent) -> str:
        """A token that names the company, for an hour."""
        now = self._clock.now()
        claims = {
            "tenantId": consent.tenant_id,
            "scope": sorted(consent.scopes),
            "consent": consent.id,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + ACCESS_S,
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def check(self, token: str) -> Consent | None:
        """The consent behind an access token while both last."""
        try:
            # The machine's clock is not the sandbox's.
            claims = jwt.decode(
                token, self._key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.PyJWTError:
            return None
        consent = self.consents.get(claims["consent"])
        is_over = self._clock.now() >= datetime.fromtimestamp(claims["exp"], UTC)
        return None if consent is None or consent.ended or is_over else consent

    def _refresh_token(self, consent: Consent) -> str:
        token = str(uuid4())
        self._refreshes[token] = _Refresh(consent, self._clock.now())
        return token
