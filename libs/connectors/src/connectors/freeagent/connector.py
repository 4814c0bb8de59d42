"""FreeAgent, United Kingdom: one company by its user's consent, or a practice's client by the practice's.

Source: dev.freeagent.com (OAuth, accountancy practice API, lists, reports) and its forum, read 2026-11.
Access: OAuth 2.0 without PKCE; access tokens live an hour, a refresh may replace the refresh token. One token
    set for each user: whoever consents again replaces it. A practice's app names the client by X-Subdomain;
    an app is for companies or for a practice, never both (the installation's `mode`).
Limits: 120 calls a minute and 3,600 an hour for each user or practice's client, from the start of the minute
    or hour, told by no header; 15 refreshes a minute. Here 100 in any minute, two at once.
Calls: 7 and one for each bank account for one month, 29 and as many for twelve: lists once over the range in
    pages of 100, one profit and loss and one count of ledger rows a month; 12 more for each bank account with
    many transactions.
Counts: by dated_on. Invoices and credit notes cannot be asked by day, only by months back. Left out are
    drafts and what is scheduled to be e-mailed; written-off ones stay. Entries are journal sets, entry lines
    ledger rows (a foreign currency's daily revaluation among them). Before the start date nothing is there.
Quirks: amounts are text. Only a bill's total has a sign that means something. A level below 7 leaves out the
    ledger and takes income and expenses from documents and expense claims. A 403 may be false: asked again.
    *Unconfirmed*: periods include both ends, exchange_rate multiplies, X-Total-Count on ledger and journals,
    a period cut off at today, bodies of the token address, answers to a wrong subdomain.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind
from connectors.errors import FieldProblem, ForbiddenError, FormError
from connectors.forms import read_form
from connectors.freeagent.calls import ENDPOINTS, host, patiently, period
from connectors.freeagent.months import SOURCES, STARTS_ON, plan, view
from connectors.freeagent.oauth import PRACTICE, FreeAgentOAuth, owner_parts, read_company, sign_in
from connectors.limits import Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import Row, day, identifier, mapping, text, whole

BILLS_LEVEL = 5

BUDGETS = (
    Budget(name="minute", calls=100, per_s=60.0, concurrent=2),
    Budget(name="hour", calls=3_500, per_s=3600.0),
)

ENVIRONMENT = CredentialField(
    name="environment",
    label="Environment",
    choices=tuple(ENDPOINTS),
    default="production",
    required=False,
)
FORM = CredentialForm(
    provider=Provider.FREEAGENT,
    name="FreeAgent",
    fields=(
        CredentialField(
            name="refresh_token",
            label="Refresh token",
            secret=True,
            required=False,
            help="Only where the installation has no public address; else press Authorize.",
        ),
        CredentialField(
            name="subdomain",
            label="Client's subdomain",
            pattern=r"[a-z0-9][a-z0-9-]{0,62}",
            required=False,
            help="Only for a practice's token: the first part of the client's address at freeagent.com.",
        ),
        ENVIRONMENT,
    ),
    manual_url="https://dev.freeagent.com/docs/oauth",
    environments=tuple(ENDPOINTS),
    oauth=True,
    operator_fields=(
        CredentialField(name="client_id", label="OAuth identifier"),
        CredentialField(name="client_secret", label="OAuth secret", secret=True),
        CredentialField(name="redirect_uri", label="Redirect address", help="As registered, https."),
        ENVIRONMENT,
        CredentialField(
            name="mode",
            label="Whom the app is for",
            choices=("company", PRACTICE),
            default="company",
            required=False,
            help="As registered: practice where the Accountancy Practice API is enabled.",
        ),
    ),
)
TOKEN_FIELDS = (
    CredentialField(name="access_token", label="Access token", secret=True),
    CredentialField(name="expires_at", label="Access token's end"),
)


def split(fields: Mapping[str, str]) -> Credentials:
    values = read_form(FORM, fields, also=TOKEN_FIELDS)
    access = _access(values.pop("access_token", ""), values.pop("expires_at", ""))
    settings = {name: value for name, value in values.items() if name != "refresh_token"}
    if "refresh_token" not in values:
        raise FormError(FieldProblem("refresh_token", "Authorize, or enter a refresh token"))
    return Credentials(Grant({"refresh_token": values["refresh_token"]}), settings, access)


def _access(token: str, expires_at: str) -> Access | None:
    if not token:
        return None
    if not expires_at:
        return Access({"access_token": token})
    try:
        end = datetime.fromisoformat(expires_at)
    except ValueError:
        raise FormError(FieldProblem("expires_at", "The end is an ISO 8601 instant")) from None
    return Access({"access_token": token}, end if end.tzinfo else end.replace(tzinfo=UTC))


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    """A practice's calls are counted for each client, all others for each user."""
    if "subdomain" in settings:
        return settings["environment"], "client", settings["subdomain"]
    return settings["environment"], *owner_parts(grant)


async def identify(api: Api, settings: Settings) -> Books:
    """The company; a practice's client is known by its subdomain, which the practice's list has too."""
    return _books(api, await patiently(api, partial(read_company, api)), settings)


async def test(api: Api, settings: Settings) -> Books:
    """The company, and whether its user may see bills; a practice's manager has no level of their own."""
    books = _books(api, await read_company(api), settings)
    if "subdomain" in settings:
        return books
    answer = mapping(await api.json(Call(path="/users/me"), CallKind.IDENTITY), "users/me")
    level = whole(mapping(answer.get("user"), "user"), "permission_level")
    if level < BILLS_LEVEL:
        raise ForbiddenError(
            f"permission level {level}",
            cause=f"The user's access level is {level}: invoices and bills need 5 (Bills), "
            "the profit and loss 7 (Tax, Accounting & Users).",
        )
    return books


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the host knows)
    """The rights a month cannot do without; without those of bank and ledger it is read all the same."""
    one = {"per_page": "1"}
    seen = {"view": view(month, api.session.clock.now().date())}
    for path, params in (("/invoices", seen), ("/credit_notes", seen), ("/bills", period(month))):
        await api.json(Call(path=path, params={**params, **one}))


def _books(api: Api, company: Row, settings: Settings) -> Books:
    if company.get(STARTS_ON):
        api.facts[STARTS_ON] = day(company, STARTS_ON).isoformat()
    is_client = "subdomain" in settings
    return Books(
        external_id=text(company, "subdomain") if is_client else identifier(company, "id"),
        name=text(company, "name"),
        currency=text(company, "currency"),
    )


FREEAGENT = RestConnector(
    RestSpec(
        provider=Provider.FREEAGENT,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=2,
        split=split,
        account_parts=account_parts,
        owner_parts=owner_parts,
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        site=lambda settings: settings["environment"],
        oauth=FreeAgentOAuth(),
    )
)
