"""Authorisation codes: 5 minutes, once, for one redirect address and one PKCE secret."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.xero.parties import App, Tenant, User
from sandbox.xero.tokens import InvalidGrantError

CODE_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class Consent:
    """What the user has allowed."""

    app: App
    user: User
    tenants: tuple[Tenant, ...]
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None


class Codes:
    """Codes on their way from the browser to the token address."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._waiting: dict[str, tuple[Consent, datetime]] = {}

    def give(self, consent: Consent) -> str:
        """A new code for the consent."""
        code = secrets.token_urlsafe(24)
        self._waiting[code] = (consent, self._now() + CODE_LIFE)
        return code

    def waiting_for(self, code: str) -> User | None:
        """Whose code this is, while nobody has spent it."""
        return self._waiting[code][0].user if code in self._waiting else None

    def take(self, app: App, code: str, redirect_uri: str, verifier: str | None) -> Consent:
        """The consent behind the code, which is spent by this; raises InvalidGrantError."""
        consent, expires_at = self._waiting.pop(code, (None, None))
        if consent is None or expires_at is None or self._now() >= expires_at:
            raise InvalidGrantError
        if consent.app != app or consent.redirect_uri != redirect_uri:
            raise InvalidGrantError
        if not _proves(verifier, consent.challenge):
            raise InvalidGrantError
        return consent


def _proves(verifier: str | None, challenge: str | None) -> bool:
    if challenge is None:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
