"""All that the rest of the system knows about an accounting system."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source, Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.limits import Budget
from connectors.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One field of a credential form; a password may hold blanks, so only those around it are stripped."""

    name: str
    label: str
    secret: bool = False
    help: str = ""
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = True
    default: str | None = None
    keeps_blanks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialForm:
    """What a user enters for a connection, and an operator once for the installation.

    A `preview` is built on assumptions: nobody has read real books with it yet.
    """

    provider: Provider
    name: str
    fields: tuple[CredentialField, ...]
    manual_url: str
    countries: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    oauth: bool = False
    operator_fields: tuple[CredentialField, ...] = ()
    preview: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """The least that can sign requests; kept in memory only."""

    values: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Durable credentials, for the vault only."""

    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A form's fields, stripped and sorted: what is secret, what is not, and access that came with them.

    After `expires_on` the provider refuses them, as far as the user knows. With `sign_in_first` the grant
    holds what must not be kept, such as a password: what signing in gives is kept in its place.
    """

    grant: Grant
    settings: Mapping[str, str]
    access: Access | None = None
    expires_on: date | None = None
    sign_in_first: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Access, and the grant to store before the access is used (a rotated refresh token)."""

    access: Access
    grant: Grant
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Books that can be read now; `account_key` names whose limits the calls use."""

    access: Access
    settings: Mapping[str, str]
    account_key: str


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose books they are; `known` is False where the provider cannot tell."""

    books: Books
    known: bool
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCounts:
    """A month that was read whole."""

    values: Values
    notes: tuple[str, ...]
    record_count: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class MonthFailure:
    """A month that could not be read; PROVIDER_DOWN may be tried again later."""

    code: ProblemCode
    detail: str


@dataclass(frozen=True, slots=True)
class MonthWait:
    """A month that a limit did not let us read yet."""

    reason: WaitReason
    retry_at: datetime
    budget_key: str


MonthResult = MonthCounts | MonthFailure | MonthWait


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Each wanted month's result; `read_at` is the instant before the first call."""

    read_at: datetime
    months: Mapping[Month, MonthResult]
    books: Books
    identity_known: bool
    calls: int
    identity_calls: int

    @property
    def access_refused(self) -> bool:
        """True when a fresh access token may help: lease again and read once more."""
        results = self.months.values()
        return any(isinstance(r, MonthFailure) and r.code is ProblemCode.NEEDS_AUTH for r in results)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One of the organisations a consent opens; `just_consented` when it was ticked this time."""

    external_id: str
    name: str
    settings: Mapping[str, str]
    just_consented: bool


class OAuth(Protocol):
    """Consent in the browser, for providers that have it. Raises ConnectorError."""

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str: ...

    async def exchange(
        self, session: Session, *, code: str, code_verifier: str, returned: Mapping[str, str]
    ) -> SignedIn:
        """`returned` is what else came back through the browser: nobody has checked it."""

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]: ...

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        """Take one organisation out of the consent, where others still use it."""

    async def revoke(self, session: Session, grant: Grant) -> None:
        """End the whole consent at the provider."""


class Connector(Protocol):
    """One accounting system. Every method with a session raises ConnectorError."""

    @property
    def provider(self) -> Provider: ...

    @property
    def version(self) -> str: ...

    @property
    def form(self) -> CredentialForm: ...

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Every host by name, with its own address; settings override them, and must where there is none."""

    @property
    def budgets(self) -> tuple[Budget, ...]: ...

    @property
    def sources(self) -> Mapping[Metric, Source]:
        """What this provider can tell, and where it is read."""

    @property
    def oauth(self) -> OAuth | None: ...

    def split(self, fields: Mapping[str, str]) -> Credentials:
        """Strip, check and sort a form's fields; raises FormError."""

    def account_key(self, grant: Grant, settings: Mapping[str, str]) -> str:
        """Whose limits the calls use; holds no secret and stays the same when a token rotates."""

    def site_key(self, settings: Mapping[str, str]) -> str:
        """Whose calls fail together when a server does: `<provider>/app` where all clients share one."""

    def owner_key(self, grant: Grant) -> str:
        """Which token set this is, when it is saved; connections with the same one share its refresh."""

    async def sign_in(self, session: Session, grant: Grant, settings: Mapping[str, str]) -> SignedIn:
        """Access from a grant; static keys answer without a call."""

    async def identify(self, session: Session, account: Account) -> Identified: ...

    async def test(self, session: Session, account: Account) -> Identified:
        """At most 2 calls that show the credentials work; an error's `cause` names what is likely wrong."""

    async def probe_rights(self, session: Session, account: Account, month: Month) -> None:
        """Slower than a test: ForbiddenError when a right that reading needs is missing."""

    async def read_months(
        self,
        session: Session,
        account: Account,
        months: Collection[Month],
        *,
        expected: Books | None = None,
    ) -> Reading:
        """Each month's result; never raises ConnectorError. `expected` books are checked before reading."""


LONGEST_READING_S = 280.0


def reading_budget_s(months: int) -> float:
    """Seconds one reading may take: 120 and 10 a month, at most 280."""
    return min(LONGEST_READING_S, 120.0 + 10.0 * months)
