"""Scoro, worldwide: quotes, invoices and bills of agencies; there is no ledger in it.

Source: the vendor's TypeScript SDK for API v2, 1.8.0 (a copy), the openings of api.scoro.com/api/v2, public
    clients' code; read 2026-06.
Access: a site's API key and a company account ID in the body of every request, which is a POST always; each
    customer has a host of its own. Nothing is signed, nothing expires.
Limits: there are some, but neither numbers nor headers are known: 48 calls a minute and one at a time here.
Calls: 3 for one month or for twelve: invoices, bills and expenses once over the range; one more for each
    further page of 100, and where one has exactly 25, 50 or 100 rows, since only a smaller one is the last.
Counts: by the document's own date, by which rows are chosen once more on our side. Income is the invoices'
    net, expenses that of bills and of expenses (small receipts, claims); all of it billing figures. There are
    no entries, no bank transactions and no report. Prepayment invoices are left out. Invoices that were not
    sent are counted unless the connection says otherwise. Lists have no drafts.
Quirks: amounts come as numbers or in quotes, the body's statusCode outweighs the status, a wrong site
    answers with a page of HTML, and a site's entities share its lists.
    *Unconfirmed*: the filter's form (`period`), the largest pages (`CAPS`), the rate's direction
    (`RATE_IS_OWN`), the mark of credit invoices and bills (`_is_credit`, `purchase`), unsent invoices
    (`only_sent`), entities (`_is_other_entity_s`), all statuses and words of errors (`_refusal`), the limits
    (`BUDGETS`, `THROTTLE_WAITS_S`), that reg_no stays (`identify`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, CallKind
from connectors.errors import AccessRefusedError, UnknownHostError, UnreadableAnswerError
from connectors.forms import read_form
from connectors.limits import Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import text
from connectors.scoro.calls import BILLS, COMPANY, EXPENSES, INVOICES, PageError, host, listed_rows
from connectors.scoro.months import SOURCES, plan, probe
from connectors.scoro.site import ENDPOINTS, PATTERN, site_of
from connectors.session import Session

# *unconfirmed*: 60 a minute for each key. 48, so spread that no page of a long list waits longer than 20 s.
BUDGETS = (Budget(name="minute", calls=16, per_s=20.0, concurrent=1),)

FORM = CredentialForm(
    provider=Provider.SCORO,
    name="Scoro",
    fields=(
        CredentialField(
            name="site",
            label="Subdomain",
            pattern=PATTERN,
            help="The acme of https://acme.scoro.com in your browser; or the whole address, also .scoro.ee.",
        ),
        CredentialField(
            name="company_account_id",
            label="Company account ID",
            help="Settings > Site settings > Integrations > Scoro API, in the column company_account_id.",
        ),
        CredentialField(
            name="api_key",
            label="API key",
            secret=True,
            help="On the same page, once the API is switched on.",
        ),
        CredentialField(
            name="only_sent",
            label="Leave out invoices that were not sent",
            choices=("no", "yes"),
            default="no",
            required=False,
        ),
    ),
    manual_url="https://api.scoro.com/api/v2",
    countries=("GB", "EE"),
)


def split(fields: Mapping[str, str]) -> Credentials:
    values = read_form(FORM, fields)
    grant = Grant({"api_key": values.pop("api_key")})
    return Credentials(grant, {**values, "site": str(site_of(values["site"]))})


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:  # noqa: ARG001 (also when the key changes)
    """A site: its entities are taken to share its limits."""
    return (settings["site"],)


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:  # noqa: ARG001 (static keys)
    return SignedIn(Access(grant.values), grant)


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (the call carries them)
    """The registry number is all that names a company for good; without one its identity is unknown."""
    companies = await listed_rows(api, COMPANY, {}, CallKind.IDENTITY)
    currencies = {text(company, "base_currency") for company in companies}
    if len(currencies) != 1:
        raise UnreadableAnswerError("companyAccount does not tell one base currency")
    (currency,) = currencies
    if len(companies) > 1:
        return Books(currency=currency)
    number = "".join(str(companies[0].get("reg_no") or "").split())
    return Books(external_id=number or None, name=text(companies[0], "company_name"), currency=currency)


async def test(api: Api, settings: Settings) -> Books:
    try:
        books = await identify(api, settings)
    except (PageError, UnknownHostError) as error:
        raise AccessRefusedError(
            error.detail,
            cause="No Scoro site answers at this address: check the subdomain, and .com or .ee behind it.",
        ) from None
    await probe(api, INVOICES)
    return books


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the call carries them)
    for module in (INVOICES, BILLS, EXPENSES):
        await probe(api, module, month)


SCORO = RestConnector(
    RestSpec(
        provider=Provider.SCORO,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,
        split=split,
        account_parts=account_parts,
        owner_parts=lambda grant: (grant.values["api_key"],),
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        site=lambda settings: settings["site"],
    )
)
