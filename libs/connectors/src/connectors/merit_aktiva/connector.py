"""Merit Aktiva, Passeli Merit and 360 Księgowość: one system in Estonia, Finland and Poland.

Source: api.merit.ee (authentication, rate limiter, invoices, general ledger, reports) and
    apidoc.passelimerit.fi, read 2026-05.
Access: API id and key of one company; HMAC-SHA256 over id, UTC timestamp and body, anew for each try.
Limits: 60 calls a minute, *unconfirmed* that they count per API id; one call at a time and 50 a minute here.
Calls: 5 for one month, 25 for twelve: invoices, purchases and payments in windows of 3 months, the ledger
    month by month (its longest period is 31 days), one profit and loss for up to 12 months.
Counts: documents and payments by DocumentDate, profit and loss and ledger by posting date. Left out are
    prepayment invoices and delivery orders. There are no drafts or voids: what is deleted is gone.
Quirks: nothing tells whose books they are, and an unknown id looks like a wrong country. Bodies of errors are
    plain text, JSON or empty; a fault may come as 200 with a stack trace, an answer as JSON in a JSON string.
    `UnPaid` is never sent, for its meaning is disputed. Where v2 is missing (404), v1 is asked.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.errors import UnreadableAnswerError
from connectors.forms import read_form
from connectors.limits import Budget
from connectors.merit_aktiva.calls import ENDPOINTS, host, post
from connectors.merit_aktiva.months import SOURCES, plan
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import listed
from connectors.session import Session

BASE_CURRENCIES = {"EE": "EUR", "FI": "EUR", "PL": "PLN"}
GUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

BUDGETS = (Budget(name="minute", calls=50, per_s=60.0, concurrent=1),)

FORM = CredentialForm(
    provider=Provider.MERIT_AKTIVA,
    name="Merit Aktiva",
    fields=(
        CredentialField(
            name="country",
            label="Country",
            choices=tuple(BASE_CURRENCIES),
            help="EE: Merit Aktiva, FI: Passeli Merit, PL: 360 Księgowość. Keys work in one country only.",
        ),
        CredentialField(
            name="api_id",
            label="API ID",
            pattern=GUID,
            help="Settings > API settings, made by an administrator.",
        ),
        CredentialField(name="api_key", label="API key", secret=True, help="Shown once, beside the API ID."),
    ),
    manual_url="https://api.merit.ee/connecting-robots/reference-manual/authentication/",
    countries=tuple(BASE_CURRENCIES),
)


def split(fields: Mapping[str, str]) -> Credentials:
    values = read_form(FORM, fields)
    country = values.pop("country")
    return Credentials(Grant(values), {"country": country})


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    return settings["country"], grant.values["api_id"].lower()


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:  # noqa: ARG001 (static keys)
    return SignedIn(Access(grant.values), grant)


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (no method tells it)
    return Books(currency=BASE_CURRENCIES[settings["country"]])


async def test(api: Api, settings: Settings) -> Books:
    if not listed(await post(api, "/v1/gettaxes", {}), "gettaxes"):
        raise UnreadableAnswerError("gettaxes names no tax")
    return await identify(api, settings)


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:
    """Nothing to probe: a key opens everything or nothing."""


MERIT_AKTIVA = RestConnector(
    RestSpec(
        provider=Provider.MERIT_AKTIVA,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,
        split=split,
        account_parts=account_parts,
        owner_parts=lambda grant: (grant.values["api_id"].lower(),),
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        site=lambda settings: settings["country"].lower(),
    )
)
