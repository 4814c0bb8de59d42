"""Tripletex, Norway: one company's books, read with its own or its accountant's token.

Source: the vendor's OpenAPI document 2.74.00, its pages on authentication, its repository's FAQ; 2026-05.
Access: the installation's consumer token and the client's employee token make a session token; HTTP Basic
    with the company's id (0: the token owner's own) and the session token. A session dies at a Norwegian
    midnight.
Limits: counted per token owner, numbers not published: the headers lead; two calls at once.
Calls: 4 for one month, 15 for twelve: invoices, supplier invoices and postings once over the range in pages
    of 1,000, one balance sheet a month.
Counts: documents by invoice date, ledger by posting date; supplier invoices only once booked. Entries are
    vouchers, entry lines postings, bank transactions postings on bank accounts.
Quirks: every range ends exclusively. Supplier invoices and revenue have the opposite sign. `fullResultSize`
    is no total. More than 10,000 rows are refused: then the period is halved. Missing entitlements may
    shorten lists without an error. *Unconfirmed*: the sign of balanceChange and of supplier credit notes, the
    round-off inside `amount`, that the base currency is always NOK, the id of an accountant's client.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind
from connectors.errors import ForbiddenError, RejectedRequestError
from connectors.forms import expiry_field, read_form, take_expiry
from connectors.limits import Budget
from connectors.protocol import Access, CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import Row, identifier, mapping, text
from connectors.session import Session
from connectors.tripletex.calls import ENDPOINTS, host, listed_pages, sign_in_host
from connectors.tripletex.months import SOURCES, plan, probe

CURRENCY = "NOK"
OWN_COMPANY = "0"
SESSION_DAYS = 2
SIGN_IN_BUDGET_S = 45.0
_OSLO = ZoneInfo("Europe/Oslo")
_TOKEN = r"eyJ[A-Za-z0-9+/=]+"  # noqa: S105 (a pattern)

BUDGETS = (Budget(name="told by headers", concurrent=2),)

FORM = CredentialForm(
    provider=Provider.TRIPLETEX,
    name="Tripletex",
    fields=(
        CredentialField(
            name="employee_token",
            label="Employee token",
            secret=True,
            pattern=_TOKEN,
            help="User card > More > API access > New token; it is shown once and may have an end date.",
        ),
        CredentialField(
            name="environment", label="Environment", choices=tuple(ENDPOINTS), default="production"
        ),
        CredentialField(
            name="company_id",
            label="Company id",
            pattern=r"\d{1,18}",
            default=OWN_COMPANY,
            required=False,
            help="Only for an accountant's token: the client company's id.",
        ),
        expiry_field("The employee token's end date, where one was chosen: User card > More > API access."),
    ),
    manual_url="https://developer.tripletex.no/docs/documentation/authentication-and-tokens/",
    environments=tuple(ENDPOINTS),
    operator_fields=tuple(
        CredentialField(
            name=f"consumer_token_{environment}",
            label=f"Consumer token, {environment}",
            secret=True,
            required=False,
        )
        for environment in ENDPOINTS
    ),
)
CONSUMER_TOKEN = CredentialField(
    name="consumer_token", label="Consumer token", secret=True, pattern=_TOKEN, required=False
)


def split(fields: Mapping[str, str]) -> Credentials:
    values = read_form(FORM, fields, also=(CONSUMER_TOKEN,))
    settings = {name: values.pop(name) for name in ("environment", "company_id")}
    expires_on = take_expiry(values)
    return Credentials(Grant(values), settings, expires_on=expires_on)


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    """The token's owner: an accountant's clients share one limit."""
    return settings["environment"], grant.values["employee_token"]


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:
    """A session for a day; it lasts until the midnight after, whichever midnight is meant."""
    environment, now = settings["environment"], session.clock.now()
    operator = session.operator(Provider.TRIPLETEX)
    consumer_token = grant.values.get("consumer_token") or operator.get(f"consumer_token_{environment}")
    if not consumer_token:
        raise RejectedRequestError(f"the installation has no consumer token for {environment}")
    last_day = now.astimezone(_OSLO).date() + timedelta(days=SESSION_DAYS)
    asked = {
        "consumerToken": consumer_token,
        "employeeToken": grant.values["employee_token"],
        "expirationDate": last_day.isoformat(),
    }
    api = Api(session, sign_in_host(session, environment), budget_s=SIGN_IN_BUDGET_S)
    call = Call(
        method="POST",
        path="/token/session/:create",
        body=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    answer = mapping(await api.json(call, CallKind.SIGN_IN), "the session")
    token = text(mapping(answer.get("value"), "value"), "token")
    return SignedIn(Access({"session_token": token}, now + timedelta(days=1)), grant, calls=api.calls.total())


async def identify(api: Api, settings: Settings) -> Books:
    """The token owner's company, or an accountant's client."""
    company_id = settings["company_id"]
    if company_id != OWN_COMPANY:
        for client in await listed_pages(api, "/company/%3EwithLoginAccess", {}, kind=CallKind.IDENTITY):
            if identifier(client, "id") == company_id:
                return _books(client)
    own = await _own_company(api)
    if company_id not in {OWN_COMPANY, identifier(own, "id")}:
        raise ForbiddenError(
            "the token does not open this company",
            cause="The company id is not one of the token's companies.",
        )
    return _books(own)


async def _own_company(api: Api) -> Row:
    fields = "employeeId,companyId,company(id,name,organizationNumber)"
    call = Call(path="/token/session/%3EwhoAmI", params={"fields": fields})
    answer = mapping(await api.json(call, CallKind.IDENTITY), "whoAmI")
    return mapping(mapping(answer.get("value"), "value").get("company"), "company")


def _books(company: Row) -> Books:
    return Books(external_id=identifier(company, "id"), name=text(company, "name"), currency=CURRENCY)


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the host knows)
    await probe(api, month)


TRIPLETEX = RestConnector(
    RestSpec(
        provider=Provider.TRIPLETEX,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=2,
        split=split,
        account_parts=account_parts,
        owner_parts=lambda grant: (grant.values["employee_token"],),
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=identify,
        probe_rights=probe_rights,
        plan=plan,
        site=lambda settings: settings["environment"],
    )
)
