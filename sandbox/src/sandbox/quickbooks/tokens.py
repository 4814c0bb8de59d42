"""Tokens: access for an hour, refresh tokens that change about once a day, each for one company."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.quickbooks.company import Company
from sandbox.quickbooks.errors import unauthorized

CHANGES_AFTER = timedelta(days=1)
UNUSED_LIFE = timedelta(seconds=8_726_400)
LONGEST_LIFE = timedelta(days=5 * 365)
CODE_LIFE = timedelta(minutes=10)


class InvalidGrantError(Exception):
    """The token address answers 400 invalid_grant."""


@dataclass(slots=True)
class Consent:
    """What a company's owner has allowed; `number` tells the consents of one company apart."""

    company: Company
    given_at: datetime
    number: int = 0
    value: int = 0  # which value of the refresh token is current
    changed_at: datetime = field(init=False)
    used_at: datetime = field(init=False)
    revoked: bool = False
    refreshes: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.changed_at = self.used_at = self.given_at


class Tokens:
    """Issues, refreshes, revokes and checks; tokens outlive a restart with the same seed."""

    def __init__(self, clock: Clock, seed: int, companies: Iterable[Company]) -> None:
        self._clock = clock
        self._key = hashlib.sha256(f"{seed}/quickbooks-tokens".encode()).digest()
        self._companies = {one.realm_id: one for one in companies}
        self._consents = {
            (realm_id, 0): Consent(one, clock.now()) for realm_id, one in self._companies.items()
        }
        self._codes: dict[str, tuple[Company, str, datetime]] = {}
        self._era = 0
        self.access_life = timedelta(hours=1)
        self.old_value_life = timedelta(minutes=5)

    @property
    def consents(self) -> Iterable[Consent]:
        """Every consent ever given."""
        return self._consents.values()

    def latest(self, realm_id: str) -> Consent:
        """The company's latest consent."""
        return max(
            (one for one in self.consents if one.company.realm_id == realm_id), key=lambda one: one.number
        )

    def give_code(self, company: Company, redirect_uri: str) -> str:
        """A code for ten minutes, once, with one redirect address."""
        code = f"AB1{secrets.token_urlsafe(24)}"
        self._codes[code] = (company, redirect_uri, self._clock.now() + CODE_LIFE)
        return code

    def waiting_for(self, code: str) -> Company | None:
        """Whose code this is, while nobody has spent it."""
        return self._codes[code][0] if code in self._codes else None

    def take_code(self, code: str, redirect_uri: str) -> Consent:
        """A new consent for a code, which is spent by this."""
        company, asked, until = self._codes.pop(code, (None, "", self._clock.now()))
        if company is None or asked != redirect_uri or self._clock.now() >= until:
            raise InvalidGrantError
        return self._open(company.realm_id, self.latest(company.realm_id).number + 1)

    def access(self, consent: Consent) -> tuple[str, datetime]:
        """A new access token and its end."""
        until = (self._clock.now() + self.access_life).replace(microsecond=0)
        parts = (consent.company.realm_id, consent.number, self._era, int(until.timestamp()))
        return f"eyJlbmMi.{self._signed('access', *parts)}", until

    def refresh_token(self, consent: Consent) -> str:
        """Its present value."""
        return f"RT1-{self._signed('refresh', consent.company.realm_id, consent.number, consent.value)}"

    def refresh(self, token: str) -> Consent:
        """Use a refresh token: the same value comes back until a day has gone by."""
        consent, value = self._read_refresh(token)
        now = self._clock.now()
        is_current = value >= consent.value
        too_old = now - consent.used_at > UNUSED_LIFE or now - consent.given_at > LONGEST_LIFE
        outlived = not is_current and now - consent.changed_at > self.old_value_life
        if consent.revoked or too_old or outlived:
            consent.refused += 1
            raise InvalidGrantError
        consent.value = max(value, consent.value)  # a later one was given out before a restart
        if is_current and now - consent.changed_at >= CHANGES_AFTER:
            consent.value, consent.changed_at = consent.value + 1, now
        consent.used_at = now
        consent.refreshes += 1
        return consent

    def owner(self, token: str) -> Consent | None:
        """The consent that a refresh token belongs to, good or not."""
        try:
            return self._read_refresh(token)[0]
        except InvalidGrantError:
            return None

    def revoke(self, token: str) -> bool:
        """Disconnect the company of a refresh token from the app; false for a token that nobody knows."""
        found = self.owner(token)
        if found is None:
            return False
        for consent in self.consents:
            if consent.company is found.company:
                consent.revoked = True
        return True

    def change_all(self) -> None:
        """Let every refresh token change at its next use."""
        long_ago = self._clock.now() - CHANGES_AFTER
        for consent in self._consents.values():
            consent.changed_at = min(consent.changed_at, long_ago)

    def expire(self) -> None:
        """End every access token given out so far."""
        self._era += 1

    def check(self, token: str) -> Company:
        """Whose access token this is; raises the vendor's 401."""
        try:
            realm_id, number, era, until = self._parts("access", token.removeprefix("eyJlbmMi."))
            consent = self._find(realm_id, int(number))
        except (ValueError, KeyError):
            raise unauthorized(f"Malformed bearer token: {token[:8]}") from None
        if consent.revoked or int(era) < self._era or self._clock.timestamp() >= int(until):
            raise unauthorized("Token expired")
        return consent.company

    def _read_refresh(self, token: str) -> tuple[Consent, int]:
        try:
            realm_id, number, value = self._parts("refresh", token.removeprefix("RT1-"))
            return self._find(realm_id, int(number)), int(value)
        except (ValueError, KeyError):
            raise InvalidGrantError from None

    def _find(self, realm_id: str, number: int) -> Consent:
        """The consent; one that was signed here and is unknown was given before a restart."""
        return self._consents.get((realm_id, number)) or self._open(realm_id, number)

    def _open(self, realm_id: str, number: int) -> Consent:
        made = Consent(self._companies[realm_id], self._clock.now(), number)
        self._consents[realm_id, number] = made
        return made

    def _signed(self, kind: str, *parts: object) -> str:
        body = ".".join(map(str, parts))
        proof = hmac.new(self._key, f"{kind}/{body}".encode(), hashlib.sha256).digest()[:18]
        return base64.urlsafe_b64encode(body.encode() + b"/" + proof).decode().rstrip("=")

    def _parts(self, kind: str, text: str) -> list[str]:
        """The parts that were signed; ValueError for anything else."""
        padded = text + "=" * (-len(text) % 4)
        body, slash, _ = base64.urlsafe_b64decode(padded.encode("ascii")).partition(b"/")
        if not slash or not hmac.compare_digest(self._signed(kind, body.decode()), text):
            raise ValueError("not signed here")
        return body.decode().split(".")
