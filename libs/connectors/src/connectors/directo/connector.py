"""Directo, Estonia and Latvia: one company's database, read with its key.

Source: wiki.directo.ee (API Direct, XML Direct and its page on transactions), public clients' code; 2026-06.
Access: a key of one database in a header; XML Direct takes its token in the posted form. It ends by itself
    only where the administrator has set a date, which the form may name.
Limits: none published; one call at a time, a second apart, 28 a minute.
Calls: 2 for one month or for twelve: the chart of accounts, then the ledger once, without pages; 3 with the
    list of invoices. XML Direct: 1.
Counts: sales are ledger documents of type ARVE, purchases OST, both by their own date; income, expenses,
    entries and their rows go by each row's date, so the months around are asked for too. A sale's net is what
    stands on class 3, its VAT on class 1; a purchase's net is its expense part. Purchases have no VAT. Only
    what is confirmed reaches the ledger. Bank transactions are documents on the accounts that the form names.
    Where sales come from invoices, foreign ones keep the ledger's amounts.
Quirks: nothing tells whose books they are. Fields are chosen per key: one that is missing is named.
    Amounts may be negative on either side, null or absent; a class is a number or a text. A number repeats
    across types. XML Direct has no account classes, so it gives counts only; its errors come with status 200.
    *Unconfirmed*: statuses of errors (`_told`, `KEY_WORDS`), two conditions on one date (`dated`), fields of
    invoices (`DAY`, `NET`, `VAT`, `GROSS`), days of XML Direct (`transactions_between`), its containers
    (`ROOTS`), types but ARVE and OST (`SALE`, `PURCHASE`), how far a row's date may be from its document's
    (`AROUND`), the currency (`CURRENCY`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.directo.calls import ENDPOINTS, REST, TALLINN, XML_DIRECT, account_classes, host, ledger
from connectors.directo.months import INVOICES, LEDGER, SOURCES, plan, probe
from connectors.errors import FieldProblem, FormError
from connectors.forms import expiry_field, read_form, take_expiry
from connectors.limits import Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.session import Session

CURRENCY = "EUR"

BUDGETS = (Budget(name="minute", calls=28, per_s=60.0, concurrent=1),)

FORM = CredentialForm(
    provider=Provider.DIRECTO,
    name="Directo",
    fields=(
        CredentialField(
            name="interface",
            label="Interface",
            choices=(REST, XML_DIRECT),
            default=REST,
            help="rest: the Directo API. xml_direct: XML Direct, which gives numbers of documents only.",
        ),
        CredentialField(
            name="api_key",
            label="Key",
            secret=True,
            pattern=r"[\x21-\x7e]+",
            help="From Directo's administrator, best of a service user. XML Direct: worker card > Admin > "
            "XML interfaces. It opens one company database.",
        ),
        expiry_field("Where the administrator has set an end date for the key."),
        CredentialField(
            name="sales_from",
            label="Sales from",
            choices=(LEDGER, INVOICES),
            default=LEDGER,
            help="invoices: the key must open them too; better where sales are deferred or paid in advance.",
        ),
        CredentialField(
            name="bank_accounts",
            label="Bank accounts",
            pattern=r"[\w.-]{1,32}(,[\w.-]{1,32}){0,99}",
            required=False,
            help="Ledger accounts of the banks, such as 1010,1020: only then are bank transactions counted.",
        ),
        CredentialField(
            name="label",
            label="Database",
            pattern=r".{1,100}",
            required=False,
            keeps_blanks=True,
            help="The database's name, for people to read.",
        ),
    ),
    manual_url="https://wiki.directo.ee/en/api_direct",
    countries=("EE", "LV"),
)


def split(fields: Mapping[str, str]) -> Credentials:
    values = read_form(FORM, fields)
    if values["interface"] == XML_DIRECT and values["sales_from"] == INVOICES:
        raise FormError(FieldProblem("sales_from", "XML Direct gives no invoices; choose ledger"))
    expires_on = take_expiry(values)
    grant = Grant({"api_key": values.pop("api_key")})
    return Credentials(grant, values, expires_on=expires_on)


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:  # noqa: ARG001 (a static key)
    return SignedIn(Access(grant.values), grant)


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (nothing tells it)
    return Books(currency=CURRENCY)


async def test(api: Api, settings: Settings) -> Books:
    """The chart of accounts, or today's ledger where there is none."""
    if settings["interface"] == XML_DIRECT:
        today = api.session.clock.now().astimezone(TALLINN).date()
        await ledger(api, settings, today, today)
    else:
        await account_classes(api)
    return await identify(api, settings)


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:
    await probe(api, settings, month)


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:  # noqa: ARG001 (a key is one company)
    return (grant.values["api_key"],)


DIRECTO = RestConnector(
    RestSpec(
        provider=Provider.DIRECTO,
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
