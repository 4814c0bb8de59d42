"""QuickBooks Online: one company of a user who gave consent.

Source: developer.intuit.com (queries, reports, OAuth 2.0, limits), Intuit's XSD files and SDKs of 2026-07,
    recorded replies in public clients; read 2026-07.
Access: OAuth 2.0; access tokens live an hour; the refresh token changes about once a day and lives 101 days
    from its last use, 5 years at most. Only the consent tells the company's realm.
Limits: per company and app 500 calls a minute and 10 at once, *unconfirmed* 40 batches a minute; 500,000
    reads a month for a free app, refused like the minute's: after three waits in vain we wait for hours.
Calls: 2 for one month, 4 for twelve: batches of 30 queries hold the four lists over the range (in pages of
    1,000) and six counts a month; one profit and loss has a column for each month.
Counts: documents by TxnDate, without voided ones (total 0 and a note with "void"); there are no drafts.
    Entries are the journal entries, for the full ledger is too heavy; bank transactions are expenses,
    deposits, transfers and payments both ways, voided ones included, for a count cannot tell them.
Quirks: credits are positive and subtracted. Totals are gross, tax stands apart or nowhere. A rate is home
    units for a foreign one; without one it is 1 at home, unknown abroad. Fields without a value are left out.
    A 200 may hold a Fault. Sales receipts stand in the report, not among the invoices: the two differ.
    *Unconfirmed*: codes 5020, 6190 and 6200, an order by Id for every entity, a count of nothing without
    totalCount, Retry-After, the note of a void in other languages, that a company's CreateTime stays.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.errors import FieldProblem, FormError
from connectors.forms import read_form
from connectors.limits import Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant
from connectors.quickbooks.calls import ENDPOINTS, ENVIRONMENTS, host
from connectors.quickbooks.company import read_company, read_currency
from connectors.quickbooks.months import SOURCES, plan, probe
from connectors.quickbooks.oauth import REALM_ID, QuickBooksOAuth, sign_in
from connectors.rest import RestConnector, RestSpec, Settings

# Nearly all calls are batches; a test of the connection may run beside a reading.
BUDGETS = (Budget(name="minute", calls=36, per_s=60.0, concurrent=3),)

CLIENT_ID = CredentialField(name="client_id", label="Client id", pattern=r"[0-9A-Za-z]+")
CLIENT_SECRET = CredentialField(name="client_secret", label="Client secret", secret=True)
ENVIRONMENT = CredentialField(
    name="environment", label="Environment", choices=ENVIRONMENTS, default="production", required=False
)

FORM = CredentialForm(
    provider=Provider.QUICKBOOKS,
    name="QuickBooks Online",
    fields=(
        CredentialField(
            name="refresh_token",
            label="Refresh token",
            secret=True,
            required=False,
            help="Only where the installation has no public address; else press Connect to QuickBooks.",
        ),
        CredentialField(
            name="realm_id",
            label="Company ID",
            pattern=REALM_ID,
            required=False,
            help="With a token: Settings > Subscription and billing.",
        ),
        ENVIRONMENT,
    ),
    manual_url="https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0",
    environments=ENVIRONMENTS,
    oauth=True,
    operator_fields=(
        CLIENT_ID,
        CLIENT_SECRET,
        CredentialField(name="redirect_uri", label="Redirect address", help="As registered, https."),
        ENVIRONMENT,
    ),
)
ALSO = (
    CLIENT_ID,
    CLIENT_SECRET,
    CredentialField(name="access_token", label="Access token", secret=True),
    CredentialField(name="expires_at", label="Access token's end"),
)


def split(fields: Mapping[str, str]) -> Credentials:
    """A company's tokens; the app's own keys where the installation has none."""
    values = read_form(FORM, fields, also=ALSO)
    access = _access(values.pop("access_token", ""), values.pop("expires_at", ""))
    if "refresh_token" not in values and access is None:
        raise FormError(FieldProblem("refresh_token", "Connect to QuickBooks, or enter a refresh token"))
    if "realm_id" not in values:
        raise FormError(FieldProblem("realm_id", "Company ID is missing"))
    settings = {"realm_id": values["realm_id"], "environment": values.pop("environment")}
    return Credentials(Grant(values), settings, access)


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


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:  # noqa: ARG001 (the company alone)
    return settings["environment"], settings["realm_id"]


def owner_parts(grant: Grant) -> Sequence[str]:
    """The company as an app sees it: who consents again gets the same token set."""
    return grant.values.get("client_id", ""), grant.values["realm_id"]


async def identify(api: Api, settings: Settings) -> Books:
    books = await read_company(api, settings["realm_id"])
    return books.model_copy(update={"currency": await read_currency(api)})


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the host knows)
    await probe(api, month)


QUICKBOOKS = RestConnector(
    RestSpec(
        provider=Provider.QUICKBOOKS,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,  # in order: a limit then leaves whole months behind
        split=split,
        account_parts=account_parts,
        owner_parts=owner_parts,
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=identify,
        probe_rights=probe_rights,
        plan=plan,
        site=lambda settings: settings["environment"],
        oauth=QuickBooksOAuth(),
    )
)
