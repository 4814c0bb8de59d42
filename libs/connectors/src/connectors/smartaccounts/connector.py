"""SmartAccounts, Estonia: one company's books, read with its API keys.

Source: the vendor's PDF "SmartAccounts API" 1.7 of 28.04.2025 (a copy read 2026-06) and its help pages.
Access: public and secret key of one company; lower-case hex of HMAC-SHA256 over the query exactly as it is
    sent, timestamp in Estonian time, at most 15 minutes off; signed anew for each try.
Limits: per company 60 calls a minute and 1,000 in 24 hours, shared by all its integrations; 48 and 900 here,
    one at a time. Over a limit comes a 503, as for an unpaid bill.
Calls: 4 for one month or for twelve: the chart of accounts, then ledger, sales and purchases once over the
    range; one more for each further page (100 rows today, told by hasMoreEntries alone).
Counts: documents by invoice date, ledger by entry date. There are no drafts; what is deleted leaves the
    lists. Income and expenses come from the ledger's rows on INCOME and EXPENSE accounts, which are in EUR;
    where the ledger may not be read, from the documents. Bank transactions are entries of type BANK_PAYMENT.
Quirks: nothing tells whose books they are. A purchase credit is known by its sign alone. In the hour that
    comes twice in October a timestamp has two meanings.
    *Unconfirmed*: the lists' keys (`_rows_of`), the errors' form and words (`_told`, `*_WORDS`), Retry-After,
    the sign of sales credits (`_sale`), the direction of exchangeRate (`_rate`), inclusive ends (`_period`),
    the base currency, entries that close a year (`_is_without_result`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.errors import UnreadableAnswerError
from connectors.forms import read_form
from connectors.limits import DAY_S, Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.session import Session
from connectors.smartaccounts.calls import ENDPOINTS, host
from connectors.smartaccounts.months import SOURCES, account_types, plan, probe

CURRENCY = "EUR"

BUDGETS = (
    # 48 a minute, so spread that a long list never waits 20 s for its next page and need not begin again.
    Budget(name="minute", calls=16, per_s=20.0, concurrent=1),
    Budget(name="day", calls=900, per_s=DAY_S),
)

FORM = CredentialForm(
    provider=Provider.SMARTACCOUNTS,
    name="SmartAccounts",
    fields=(
        CredentialField(
            name="api_key",
            label="Public key",
            help="Settings > Connected services > API service, once it is switched on (avalik võti).",
        ),
        CredentialField(
            name="api_secret",
            label="Secret key",
            secret=True,
            help="Beside the public key (salajane võti).",
        ),
    ),
    manual_url="https://www.smartaccounts.eu/et/abimaterjalid-ja-klienditugi/liidetud-teenused/uku/",
    countries=("EE",),
)


def split(fields: Mapping[str, str]) -> Credentials:
    return Credentials(Grant(read_form(FORM, fields)), {})


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:  # noqa: ARG001 (a key is one company)
    return (grant.values["api_key"],)


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:  # noqa: ARG001 (static keys)
    return SignedIn(Access(grant.values), grant)


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (no method tells it)
    return Books(currency=CURRENCY)


async def test(api: Api, settings: Settings) -> Books:
    if not await account_types(api):
        raise UnreadableAnswerError("settings/accounts names no account")
    return await identify(api, settings)


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (a key is one company)
    await probe(api, month)


SMARTACCOUNTS = RestConnector(
    RestSpec(
        provider=Provider.SMARTACCOUNTS,
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
    )
)
