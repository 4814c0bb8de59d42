"""A provider in memory that counts who signs in."""

# ruff: noqa: ARG002 (it does not look at everything that the protocol hands over)

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from connectors.errors import AccessRefusedError, ConnectorError, FieldProblem, FormError
from connectors.limits import Budget
from connectors.protocol import (
    Access,
    Account,
    CredentialField,
    CredentialForm,
    Credentials,
    Grant,
    Identified,
    OAuth,
    Organisation,
    Reading,
    SignedIn,
)
from connectors.session import Session
from support.fakes import FakeClock
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month
from sync_contracts.providers import Provider


@dataclass
class FakeProvider:
    """Implements `Connector` and `OAuth`: refresh tokens `<user>-1`, `<user>-2` … work once each.

    A grant with a `key` instead of a `refresh_token` is static. A token unused for `unused_life` is dead.
    """

    clock: FakeClock
    provider: Provider = Provider.XERO
    has_oauth: bool = True
    version: str = "1"
    life: timedelta = timedelta(minutes=30)
    unused_life: timedelta = timedelta(days=60)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    sources: Mapping[Metric, Source] = field(default_factory=dict)
    sign_ins: list[str] = field(default_factory=list)
    tests: int = 0
    returned: list[dict[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    disconnected: list[str] = field(default_factory=list)
    sign_in_error: ConnectorError | None = None
    test_error: ConnectorError | None = None
    probe_error: ConnectorError | None = None
    pasted: Access | None = None
    signs_in_first: bool = False
    revoke_error: ConnectorError | None = None
    books: Books = field(default_factory=lambda: Books(external_id="org-1", name="Oak OÜ", currency="EUR"))
    organisations_found: tuple[tuple[str, bool], ...] = (("org-1", True),)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answering: asyncio.Event | None = None
    current: dict[str, int] = field(default_factory=dict)
    rotated_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def form(self) -> CredentialForm:
        fields = (CredentialField(name="key", label="Key", secret=True),)
        return CredentialForm(
            provider=self.provider,
            name="Fake",
            fields=fields,
            manual_url="https://manual.example",
            oauth=self.has_oauth,
        )

    @property
    def oauth(self) -> OAuth | None:
        return self if self.has_oauth else None

    def split(self, fields: Mapping[str, str]) -> Credentials:
        entered = {name: value.strip() for name, value in fields.items()}
        if not entered.get("key") and not entered.get("refresh_token"):
            raise FormError(FieldProblem("key", "is missing"))
        settings = {"tenant_id": entered.pop("tenant_id")} if "tenant_id" in entered else {}
        ends = entered.pop("expires_on", None)
        expires_on = None if ends is None else date.fromisoformat(ends)
        return Credentials(
            Grant(entered), settings, self.pasted, expires_on, sign_in_first=self.signs_in_first
        )

    def account_key(self, grant: Grant, settings: Mapping[str, str]) -> str:
        return f"{self.provider}/{settings.get('tenant_id', 'own')}"

    def site_key(self, settings: Mapping[str, str]) -> str:
        return f"{self.provider}/app"

    def owner_key(self, grant: Grant) -> str:
        return f"{self.provider}/{grant.values.get('refresh_token', 'static').partition('-')[0]}"

    async def sign_in(self, session: Session, grant: Grant, settings: Mapping[str, str]) -> SignedIn:
        token = grant.values.get("refresh_token")
        self.sign_ins.append(token or grant.values["key"])
        self.asked.set()
        if self.answering is not None:
            await self.answering.wait()
        await asyncio.sleep(0)
        if self.sign_in_error is not None:
            raise self.sign_in_error
        return SignedIn(Access(grant.values), grant) if token is None else self._rotated(token)

    def _rotated(self, token: str) -> SignedIn:
        user, _, number = token.partition("-")
        now = self.clock.now()
        is_dead = now - self.rotated_at.get(user, now) > self.unused_life
        if is_dead or self.current.setdefault(user, 1) != int(number):
            raise AccessRefusedError("invalid_grant", cause="The consent has ended.")
        self.current[user] += 1
        self.rotated_at[user] = now
        access = Access({"access_token": f"access-{user}-{self.current[user]}"}, now + self.life)
        return SignedIn(access, Grant({"refresh_token": f"{user}-{self.current[user]}"}), calls=1)

    async def identify(self, session: Session, account: Account) -> Identified:
        return Identified(self.books, known=True, calls=1)

    async def test(self, session: Session, account: Account) -> Identified:
        self.tests += 1
        if self.test_error is not None:
            raise self.test_error
        return Identified(self.books, known=True, calls=1)

    async def probe_rights(self, session: Session, account: Account, month: Month) -> None:
        if self.probe_error is not None:
            raise self.probe_error

    async def read_months(
        self,
        session: Session,
        account: Account,
        months: Collection[Month],
        *,
        expected: Books | None = None,
    ) -> Reading:
        raise AssertionError("credentials reads no months")

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str:
        return f"https://login.example/authorize?state={state}&code_challenge={code_challenge}"

    async def exchange(
        self, session: Session, *, code: str, code_verifier: str, returned: Mapping[str, str]
    ) -> SignedIn:
        """The code is the user's name."""
        self.returned.append(dict(returned))
        self.current.setdefault(code, 1)
        return self._rotated(f"{code}-{self.current[code]}")

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        return tuple(
            Organisation(name, f"Books of {name}", {"tenant_id": name}, just_consented)
            for name, just_consented in self.organisations_found
        )

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        self.disconnected.append(settings["tenant_id"])

    async def revoke(self, session: Session, grant: Grant) -> None:
        if self.revoke_error is not None:
            raise self.revoke_error
        self.revoked.append(grant.values["refresh_token"])
