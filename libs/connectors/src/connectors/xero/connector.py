"""Xero: one organisation of a user who gave consent, or one organisation's own custom connection.

Source: Xero-OpenAPI 16.1.0 (accounting, identity) and developer.xero.com (OAuth 2.0, limits, scopes),
    read 2026-05.
Access: OAuth 2.0; access tokens live 30 minutes, each refresh replaces the refresh token (the old one may be
    repeated for 30 minutes); bearer token and tenant id on each call.
Limits: per organisation and app 5 calls at once, 60 a minute and 5,000 a day; per app 10,000 a minute.
Calls: 5 for one month, 16 for twelve: each list once over the range in pages of 1,000, one profit and loss a
    month; one more where its titles do not tell income from expenses.
Counts: documents by Date, AUTHORISED and PAID only. Entries are the POSTED manual journals, for the full
    ledger needs another tier; bank transactions are spent and received money.
Quirks: JSON only by the Accept header. A missing scope or right is a 401 that no fresh token heals. Where the
    report is refused, income and expenses come from the documents; where the journals are, their count is
    absent.
    *Unconfirmed*: that summaryOnly keeps the amounts (`invoices`), when a day's limit resets
    (`DAY_RESERVE_WAIT_S`), the limits' names (`_throttled`), PKCE with a secret (`authorize_url`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind
from connectors.errors import AccessRefusedError, FieldProblem, ForbiddenError, FormError
from connectors.forms import ACCESS_FIELDS, read_form, take_access
from connectors.limits import Budget, Scope
from connectors.protocol import CredentialField, CredentialForm, Credentials, Grant
from connectors.rest import RestConnector, RestSpec, Settings
from connectors.rows import listed, mapping, text
from connectors.xero.calls import ENDPOINTS, NOT_CONNECTED, host
from connectors.xero.months import SOURCES, plan
from connectors.xero.oauth import XeroOAuth, sign_in, user_of

BUDGETS = (
    # The vendor allows 5 at once and 60 a minute; a test of the connection may run beside a reading.
    Budget(name="minute", calls=55, per_s=60.0, concurrent=3),
    Budget(name="app", scope=Scope.APP, calls=9_500, per_s=60.0),
)

CLIENT_ID = CredentialField(name="client_id", label="Client id", pattern=r"[0-9A-Fa-f]{32}")
CLIENT_SECRET = CredentialField(name="client_secret", label="Client secret", secret=True)
UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

FORM = CredentialForm(
    provider=Provider.XERO,
    name="Xero",
    fields=(
        CredentialField(
            name="refresh_token",
            label="Refresh token",
            secret=True,
            required=False,
            help="Only where the installation has no public address; else press Authorize.",
        ),
        CredentialField(
            name="tenant_id",
            label="Organisation's tenant id",
            pattern=UUID,
            required=False,
            help="With a token.",
        ),
        CredentialField(
            name="client_id",
            label="Custom connection: client id",
            pattern=r"[0-9A-Fa-f]{32}",
            required=False,
            help="For an organisation with its own paid custom connection.",
        ),
        CredentialField(
            name="client_secret", label="Custom connection: client secret", secret=True, required=False
        ),
    ),
    manual_url="https://developer.xero.com/documentation/guides/oauth2/auth-flow/",
    oauth=True,
    operator_fields=(
        CLIENT_ID,
        CLIENT_SECRET,
        CredentialField(name="redirect_uri", label="Redirect address", help="As registered, https."),
    ),
)


def split(fields: Mapping[str, str]) -> Credentials:
    """A refresh token with its organisation, or the keys of a custom connection."""
    values = read_form(FORM, fields, also=ACCESS_FIELDS)
    access = take_access(values)
    tenant_id = values.pop("tenant_id", "")
    if "refresh_token" in values or (access and "client_secret" not in values):
        if not tenant_id:
            raise FormError(FieldProblem("tenant_id", "Organisation's tenant id is missing"))
    elif not {"client_id", "client_secret"} <= set(values):
        raise FormError(FieldProblem("refresh_token", "Authorize, or enter a refresh token"))
    user = user_of(access.values["access_token"]) if access else {}
    return Credentials(Grant({**values, **user}), {"tenant_id": tenant_id} if tenant_id else {}, access)


def account_parts(grant: Grant, settings: Settings) -> Sequence[str]:
    """The organisation; a custom connection belongs to one."""
    return (settings.get("tenant_id") or grant.values["client_id"],)


def owner_parts(grant: Grant) -> Sequence[str]:
    """The user who gave the consent, where the access token told; else the token as it was entered."""
    if "user_id" in grant.values:
        return ("user", grant.values["user_id"])
    return (grant.values.get("client_id", ""), grant.values.get("refresh_token", ""))


async def identify(api: Api, settings: Settings) -> Books:  # noqa: ARG001 (the token tells)
    call = Call(path="/api.xro/2.0/Organisation")
    answer = mapping(await api.json(call, CallKind.IDENTITY), "Organisation")
    found = listed(answer.get("Organisations"), "Organisations")
    organisation = mapping(found[0] if found else None, "Organisations[0]")
    return Books(
        external_id=text(organisation, "OrganisationID"),
        name=text(organisation, "Name"),
        currency=text(organisation, "BaseCurrency"),
    )


async def test(api: Api, settings: Settings) -> Books:
    """The organisation; where it is refused, the connections tell whether it is still connected."""
    try:
        return await identify(api, settings)
    except AccessRefusedError as error:
        if error.detail != NOT_CONNECTED:
            raise
    connected = listed(await api.json(Call(path="/connections"), CallKind.IDENTITY), "connections")
    if settings.get("tenant_id") in {row.get("tenantId") for row in connected}:
        raise ForbiddenError(
            "403 though connected", cause="The organisation is connected but may not be read."
        )
    raise AccessRefusedError(NOT_CONNECTED, cause="The organisation is no longer connected: authorise again.")


async def probe_rights(api: Api, settings: Settings, month: Month) -> None:  # noqa: ARG001 (the token tells)
    """The rights a month cannot do without; without those of report and journals it is read all the same."""
    where = f"Date>=DateTime({month.year},{month.number:02},01)"
    for name in ("Invoices", "CreditNotes", "BankTransactions"):
        await api.json(
            Call(path=f"/api.xro/2.0/{name}", params={"where": where, "page": "1", "pageSize": "1"})
        )


XERO = RestConnector(
    RestSpec(
        provider=Provider.XERO,
        version="1",
        form=FORM,
        endpoints=ENDPOINTS,
        budgets=BUDGETS,
        sources=SOURCES,
        at_once=3,
        split=split,
        account_parts=account_parts,
        owner_parts=owner_parts,
        host=partial(host, budgets=BUDGETS),
        sign_in=sign_in,
        identify=identify,
        test=test,
        probe_rights=probe_rights,
        plan=plan,
        oauth=XeroOAuth(),
    )
)
