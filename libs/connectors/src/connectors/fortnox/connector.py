"""Fortnox, Sweden: one company's books, opened by its administrator's consent or by a firm's own integration.

Source: the vendor's OpenAPI document of version 3, its developer pages (authorization, parameters, rate
    limits, errors), recorded replies in public clients; read 2026-11.
Access: OAuth 2.0; client credentials with the company's tenant id, where the consent was given to a service
    account, else a refresh token that lives 45 days and works once. Access tokens live an hour.
Limits: 25 calls in 5 seconds per integration and company, no headers; 20 and two at once here.
Calls: 4 for one month, 5 for twelve that lie in two financial years: the years, both lists once over the
    range in pages of 500, one SIE file a financial year. One more for each document without a voucher.
Counts: documents by InvoiceDate once booked, cancelled ones never; vouchers by their date, rows by their own.
    Income and expenses, vouchers and bank rows (1920 to 1989) come from the SIE file by account number.
Quirks: a list's Total is gross in the document's currency; net and VAT come from its voucher's rows, net
    without the rounding row (3740), as the document's own page has it. The supplier list says Cancel and
    quotes its numbers. Balances in the SIE file repeat its vouchers. Each scope also allows to write.
    *Unconfirmed*: inclusive days (`_days`), which the supplier list may not heed (`read_purchases`), the sign
    of credit notes (`is_sales_credit`, `supplier_gross`), VAT of reverse charges on the document's page
    (`amounts_in`), the wait after a 429 (`THROTTLE_WAIT_S`), what revoking ends (`revoke`), accounts outside
    the standard chart (`INCOME`, `EXPENSES`, `BANK`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind
from connectors.errors import WrongCompanyError
from connectors.forms import read_form
from connectors.fortnox.calls import ENDPOINTS, company, host
from connectors.fortnox.months import SOURCES, YEARS, plan, probe
from connectors.fortnox.oauth import SERVICE, USER, FortnoxOAuth, sign_in
from connectors.limits import Budget
from connectors.protocol import CredentialField, CredentialForm, Credentials, Grant
from connectors.rest import RestConnector, RestSpec, Settings

BUDGETS = (Budget(name="five seconds", calls=20, per_s=5.0, concurrent=2),)

CLIENT_ID = CredentialField(
    name="client_id",
    label="Client id",
    pattern=r"[A-Za-z0-9]{6,64}",
    help="Of the firm's own integration in Fortnox's developer portal; without one press Authorize.",
)
CLIENT_SECRET = CredentialField(
    name="client_secret", label="Client secret", secret=True, help="Shown once, beside the client id."
)
FORM = CredentialForm(
    provider=Provider.FORTNOX,
    name="Fortnox",
    fields=(
        CLIENT_ID,
        CLIENT_SECRET,
        CredentialField(
            name="tenant_id",
            label="Tenant id",
            pattern=r"[1-9]\d{0,17}",
            help="The company's database number; it has consented to the integration's service account.",
        ),
    ),
    manual_url="https://www.fortnox.se/developer/authorization/get-access-token-using-client-credentials",
    oauth=True,
    operator_fields=(
        CLIENT_ID,
        CLIENT_SECRET,
        CredentialField(name="redirect_uri", label="Redirect address", help="As registered, https."),
        CredentialField(
            name="account_type",
            label="Consents are given to",
            choices=(SERVICE, USER),
            default=SERVICE,
            required=False,
            help="A service account, enabled in the developer portal, or a user's single-use tokens.",
        ),
    ),
)


def split(fields: Mapping[str, str]) -> Credentials:
    """A firm's own integration; the tenant id alone opens nothing, for the installation's keys serve all."""
    values = read_form(FORM, fields)
    return Credentials(Grant(values), {"tenant_id": values["tenant_id"]})


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    """Each company has its own limit at each integration."""
    return grant.values.get("client_id", ""), settings["tenant_id"]


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (the token tells)
    return await company(api)


async def test(api: Api, settings: Settings) -> Books:
    """The company, and whether its bookkeeping is open."""
    books = await company(api)
    if books.external_id != settings["tenant_id"]:
        raise WrongCompanyError(
            "the token opens another company than the tenant id's",
            cause="The tenant id is another company's: look up its database number in Fortnox.",
        )
    await api.json(Call(path=YEARS, params={"limit": "1"}), CallKind.IDENTITY)
    return books


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the token tells)
    await probe(api, month)


FORTNOX = RestConnector(
    RestSpec(
        provider=Provider.FORTNOX,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,
        split=split,
        account_parts=account_parts,
        owner_parts=lambda grant: (grant.values.get("client_id", ""), grant.values["tenant_id"]),
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        oauth=FortnoxOAuth(),
    )
)
