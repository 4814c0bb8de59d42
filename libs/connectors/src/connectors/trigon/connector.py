"""Trigon, Estonia: one firm of an accounting firm's user. A preview: no description of its API was found.

Source: two editions of a help page of Uku (help.getuku.com, Trigon integration), which contradict each other
    in what the user enters. All that is technical is contract v0, our own assumption.
Access: ID token and API key of a Trigon user in two headers; or the user's e-mail and password once, which
    are exchanged for such a pair with a refresh token and an end. Each refresh replaces the refresh token.
    Production and test have no address of their own: the operator sets them, and without one nothing works.
Limits: 60 calls a minute and one at a time for each API key, which all firms of its user share; 54 here.
Calls: 4 for one month or for twelve: sales, purchases, entries and bank transactions once over the range,
    and one for each further page of 100; one more, the expense lines, where the ledger is not given; one for
    each month where only counts are given.
Counts: confirmed documents by date, entries by date. Income and expenses are the ledger's rows on income and
    expense accounts; without a ledger they are the documents' net and that of expense lines. What is not
    offered (404) is absent. Depreciation stands in the ledger and has no metric of its own.
Quirks: a firm that the role may not list is not found, one that it may not view is refused. Amounts of
    credits are taken as negative whatever their sign.
    *Unconfirmed*: everything: names, paths and words (`contract.py`), signing in (`TokenSource`), paging and
    errors (`calls.py`), inclusive days in Estonian time, rates as euros for a unit (`_rate`), the limits
    (`BUDGETS`), the form of counts (`Count`), whether entries close a year, that an API key is one user.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.errors import FieldProblem, ForbiddenError, FormError
from connectors.forms import read_form
from connectors.limits import Budget
from connectors.protocol import CredentialField, CredentialForm, Credentials, Grant, SignedIn
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import Row, identifier, text
from connectors.session import Session
from connectors.trigon.calls import ENDPOINTS, RIGHTS, find_firm, host
from connectors.trigon.contract import CURRENCY, PERMISSION, Field
from connectors.trigon.months import SOURCES, plan, probe
from connectors.trigon.tokens import TokenSource, access_of

TOKEN, PASSWORD = "token", "password"

# Spread, so that no page of a long list waits longer than 20 s.
BUDGETS = (Budget(name="minute", calls=18, per_s=20.0, concurrent=1),)

FORM = CredentialForm(
    provider=Provider.TRIGON,
    name="Trigon",
    fields=(
        CredentialField(
            name="auth_mode",
            label="Sign in with",
            choices=(TOKEN, PASSWORD),
            default=TOKEN,
            required=False,
            help="token: ID token and API key; password: e-mail and password, used once and not kept.",
        ),
        CredentialField(
            name="environment",
            label="Environment",
            choices=tuple(ENDPOINTS),
            default="production",
            required=False,
        ),
        CredentialField(
            name="id_token",
            label="ID token",
            secret=True,
            required=False,
            help="Trigon's settings, API access, by an administrator.",
        ),
        CredentialField(
            name="api_key", label="API key", secret=True, required=False, help="Beside the ID token."
        ),
        CredentialField(
            name="email",
            label="E-mail",
            pattern=r"[^@\s]+@[^@\s]+",
            required=False,
            help="Of a Trigon user whose role has the rights List and View for every firm to be read.",
        ),
        CredentialField(name="password", label="Password", secret=True, required=False, keeps_blanks=True),
        CredentialField(
            name="firm_reg_code",
            label="Firm's registration code",
            pattern=r"[0-9]{8}",
            help="Eight digits of the Estonian business register.",
        ),
    ),
    manual_url="https://help.getuku.com/en/integrations/trigon-integration/",
    countries=("EE",),
    environments=tuple(ENDPOINTS),
    preview=True,
)
TOKEN_FIELDS = (
    CredentialField(name="refresh_token", label="Refresh token", secret=True),
    CredentialField(name="expires_at", label="ID token's end"),
)


def split(fields: Mapping[str, str]) -> Credentials:
    """A password is for signing in first; a refresh token that came of one is used in its place."""
    values = read_form(FORM, fields, also=TOKEN_FIELDS)
    settings = {name: values.pop(name) for name in ("environment", "firm_reg_code")}
    is_password = values.pop("auth_mode") == PASSWORD
    if is_password and "refresh_token" not in values:
        return Credentials(Grant(_needed(values, "email", "password")), settings, sign_in_first=True)
    pair = _needed(values, "id_token", "api_key")
    also = ("email", "refresh_token", "expires_at") if "refresh_token" in values else ()
    kept = pair | {name: values[name] for name in also if name in values}
    try:
        access = access_of(kept) if also else None
    except ValueError:
        raise FormError(FieldProblem("expires_at", "The end is an ISO 8601 instant")) from None
    return Credentials(Grant(kept), settings, access)


def _needed(values: Mapping[str, str], *names: str) -> dict[str, str]:
    labels = {field.name: field.label for field in FORM.fields}
    missing = [FieldProblem(name, f"{labels[name]} is missing") for name in names if name not in values]
    if missing:
        raise FormError(*missing)
    return {name: values[name] for name in names}


def owner_parts(grant: Grant) -> Sequence[str]:
    """The Trigon user: by e-mail, since a refresh replaces the key, else by the key that was entered."""
    if "email" in grant.values:
        return "user", grant.values["email"].lower()
    return "key", grant.values["api_key"]


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    """All firms of a user share one limit."""
    return settings["environment"], *owner_parts(grant)


async def sign_in(session: Session, grant: Grant, settings: Settings) -> SignedIn:
    return await TokenSource(session, settings).access(grant)


async def identify(api: Api, settings: Settings) -> Books:
    return _books(await find_firm(api, settings["firm_reg_code"]))


async def test(api: Api, settings: Settings) -> Books:
    """The firm, and whether it may be viewed, where its permissions are told."""
    firm = await find_firm(api, settings["firm_reg_code"])
    permissions = firm.get(Field.PERMISSIONS)
    if isinstance(permissions, list) and PERMISSION not in permissions:
        raise ForbiddenError("the firm's permissions lack view", cause=RIGHTS)
    return _books(firm)


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:
    await find_firm(api, settings["firm_reg_code"])
    await probe(api, month)


def _books(firm: Row) -> Books:
    return Books(external_id=identifier(firm, Field.ID), name=text(firm, Field.NAME), currency=CURRENCY)


TRIGON = RestConnector(
    RestSpec(
        provider=Provider.TRIGON,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=1,
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
    )
)
