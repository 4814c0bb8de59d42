"""e-conomic (Visma), Denmark, also Norway and Sweden: one agreement's books in classic REST.

Source: the vendor's JSON schemas at restapi.e-conomic.com/schema, its pages on connecting and on fair use,
    restdocs.e-conomic.com; read 2026-10.
Access: the installation's app secret token and the agreement's grant token in two headers, without a
    signature or an end. An administrator gives the grant by adding the app in the browser.
Limits: 50,000 calls in 24 hours for each agreement, nothing by the minute; here one call at a time for each
    agreement and four at a time altogether in one process. Five tries, Retry-After where it is told.
Calls: 5 for one month, 5 or 6 for twelve: accounting years, chart of accounts and VAT codes, booked invoices
    once over the range, entries once for each accounting year that it touches; pages of 1,000.
Counts: booked sales invoices by date in the base currency, credit notes by their negative amount. Bills are
    vouchers with a supplier's row. Income and expenses are the entries on result accounts; entries are
    vouchers and entry lines their rows, without opening balances. Nothing tells bank transactions. Customer
    invoices made by hand in a journal are noted, not counted.
Quirks: what is false or null is left out. A parameter that is not known is ignored, so every row's day is
    checked. Rates are for 100 units. A year's address is a link that is followed below our own host only.
    *Unconfirmed*: when E02250 comes (`_cause`), 429 and Retry-After (`DEFAULT_WAIT_S`), what a call costs
    (`_observe`), how deep pages go (`MOST_IN_ONE_LIST`), the supplier's row (`supplier_rows`), which side
    of a result account is income (`_RESULT_SIDES`), VAT of foreign invoices (`vat_in_base`), plans
    without reading (`_missing`), the consent's parameters (`RETURN_PARAMETER`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.e_conomic.calls import ENDPOINTS, SALES, TOKEN, YEARS, host, identify, probe
from connectors.e_conomic.months import SOURCES, plan
from connectors.e_conomic.oauth import EconomicOAuth, signed_in
from connectors.forms import read_form
from connectors.limits import DAY_S, Budget, Scope
from connectors.protocol import CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.session import Session

BUDGETS = (
    # The vendor allows 50,000; tests of the connection and other processes need some room too.
    Budget(name="day", calls=49_000, per_s=DAY_S, concurrent=1),
    Budget(name="app", scope=Scope.APP, concurrent=4),
)

FORM = CredentialForm(
    provider=Provider.E_CONOMIC,
    name="e-conomic",
    fields=(
        CredentialField(
            name="agreement_grant_token",
            label="Agreement grant token",
            secret=True,
            pattern=TOKEN,
            help="Press Authorize; or copy it from All settings > Extensions > Apps.",
        ),
    ),
    manual_url="https://www.e-conomic.com/developer/connect",
    countries=("DK", "NO", "SE"),
    oauth=True,
    operator_fields=(
        CredentialField(
            name="app_secret_token",
            label="App secret token",
            secret=True,
            pattern=TOKEN,
            help="Of an app with the role SuperUser; shown once, in the developer agreement under Apps.",
        ),
        CredentialField(name="app_public_token", label="App public token", help="Beside the secret token."),
        CredentialField(
            name="redirect_uri", label="Redirect address", help="Where consents come back, https."
        ),
    ),
)


def split(fields: Mapping[str, str]) -> Credentials:
    return Credentials(Grant(read_form(FORM, fields)), {})


def parts(grant: Grant, settings: Settings | None = None) -> Sequence[str]:  # noqa: ARG001 (the grant tells)
    """A grant opens one agreement, whose calls are counted together."""
    return (grant.values["agreement_grant_token"],)


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:  # noqa: ARG001 (static keys)
    return signed_in(grant)


async def whose(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (the grant tells)
    return await identify(api)


async def test(api: Api, settings: Settings) -> Books:
    books = await whose(api, settings)
    await probe(api, SALES)
    return books


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (rights have no month)
    """Both halves of the app's role."""
    for path in (SALES, YEARS):
        await probe(api, path)


E_CONOMIC = RestConnector(
    RestSpec(
        provider=Provider.E_CONOMIC,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,
        split=split,
        account_parts=parts,
        owner_parts=parts,
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=whose,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        oauth=EconomicOAuth(),
    )
)
