"""QuickBooks' consent, tokens and revocation: one consent opens one company."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host
from connectors.auth import basic
from connectors.errors import (
    AccessRefusedError,
    ForbiddenError,
    RejectedRequestError,
)
from connectors.oauth import link, token_refusal
from connectors.protocol import Access, Account, Grant, Organisation, SignedIn
from connectors.quickbooks.calls import ENDPOINTS, ENVIRONMENTS, host
from connectors.quickbooks.company import read_company
from connectors.rows import mapping, text, whole
from connectors.session import Session

SCOPE = "com.intuit.quickbooks.accounting"
REALM_ID = r"\d{10,19}"
TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 (a path)
BUDGET_S = 45.0
_REFUSED = {
    "invalid_grant": "The consent has ended or was revoked, or it belongs to another app: connect again.",
    "invalid_client": "The app's client id or secret is wrong.",
}


class QuickBooksOAuth:
    """Implements `OAuth`."""

    def authorize_url(
        self,
        session: Session,
        *,
        state: str,
        code_challenge: str,  # noqa: ARG002 (Intuit knows no PKCE)
    ) -> str:
        keys = _operator(session)
        parameters = {
            "client_id": keys["client_id"],
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": keys["redirect_uri"],
            "state": state,
        }
        address = session.endpoint(Provider.QUICKBOOKS, "login", ENDPOINTS["login"])
        return link(f"{address}/connect/oauth2", parameters)

    async def exchange(
        self,
        session: Session,
        *,
        code: str,
        code_verifier: str,  # noqa: ARG002 (Intuit knows no PKCE)
        returned: Mapping[str, str],
    ) -> SignedIn:
        """The company's id comes back beside the code; no call tells it later."""
        realm_id = returned.get("realmId", "")
        if not re.fullmatch(REALM_ID, realm_id):
            raise RejectedRequestError("the browser came back without the company's id")
        keys = _operator(session)
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": keys["redirect_uri"]}
        # A code works once: after a lost answer the user authorises again.
        signed_in = await _token(session, keys, fields, Grant({"realm_id": realm_id}), tries=1)
        # `organisations` sees the access only; the access of later refreshes is the token alone.
        access = Access({**signed_in.access.values, "realm_id": realm_id}, signed_in.access.expires_at)
        return SignedIn(access, signed_in.grant, calls=signed_in.calls)

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        """The one company that was chosen on Intuit's page; a realm that is not the token's is refused."""
        refused: ForbiddenError | None = None
        for environment in _environments(session):
            try:
                return (await _organisation(session, access, environment),)
            except ForbiddenError as error:
                refused = (
                    refused or error
                )  # the other environment's address refuses the realm like a wrong one
        raise refused or RejectedRequestError("no environment knows the company")

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        """Nothing to take out: whoever shares the consent reads the same company."""

    async def revoke(self, session: Session, grant: Grant) -> None:
        if "refresh_token" not in grant.values:
            return
        call = Call(
            method="POST",
            path="/v2/oauth2/tokens/revoke",
            body=json.dumps({"token": grant.values["refresh_token"]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        keys = {**session.operator(Provider.QUICKBOOKS), **grant.values}
        await _app_api(session, keys, "revocation").send(call, CallKind.SIGN_IN)


async def sign_in(session: Session, grant: Grant, _settings: Mapping[str, str]) -> SignedIn:
    """Refresh the access; the refresh token changes about once a day, and the latest one counts."""
    if "refresh_token" not in grant.values:
        raise AccessRefusedError("the grant holds no refresh token", cause="Connect again.")
    keys = {**session.operator(Provider.QUICKBOOKS), **grant.values}
    fields = {"grant_type": "refresh_token", "refresh_token": grant.values["refresh_token"]}
    try:
        return await _token(session, keys, fields, grant)
    except AccessRefusedError as error:
        if error.detail == "invalid_client" and "client_secret" not in grant.values:
            # Not the client's fault: no consent is given up because of the installation's own keys.
            raise RejectedRequestError("Intuit refuses the installation's client id or secret") from None
        raise


async def _token(
    session: Session, keys: Mapping[str, str], fields: Mapping[str, str], grant: Grant, *, tries: int = 3
) -> SignedIn:
    api = _app_api(session, keys, "identity", tries=tries)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    call = Call(method="POST", path=TOKEN_PATH, body=urlencode(fields).encode(), headers=headers)
    reply = mapping(await api.json(call, CallKind.SIGN_IN), "the token")
    expires_at = session.clock.now() + timedelta(seconds=whole(reply, "expires_in"))
    return SignedIn(
        Access({"access_token": text(reply, "access_token")}, expires_at),
        Grant({**grant.values, "refresh_token": text(reply, "refresh_token")}),
        calls=api.calls.total(),
    )


def _app_api(session: Session, keys: Mapping[str, str], endpoint: str, *, tries: int = 3) -> Api:
    if not {"client_id", "client_secret"} <= set(keys):
        raise RejectedRequestError("the installation has no client id and secret for QuickBooks")
    headers = {"Authorization": basic(keys["client_id"], keys["client_secret"]), "Accept": "application/json"}
    app = Host(
        provider=Provider.QUICKBOOKS,
        address=session.endpoint(Provider.QUICKBOOKS, endpoint, ENDPOINTS[endpoint]),
        account_key=f"{Provider.QUICKBOOKS}/{endpoint}",
        budgets=(),
        sign=lambda call, _now: call.with_headers(headers),
        refusal=token_refusal(Provider.QUICKBOOKS, _REFUSED, "Connect again."),
        tries=tries,
    )
    return Api(session, app, budget_s=BUDGET_S)


def _operator(session: Session) -> Mapping[str, str]:
    keys = session.operator(Provider.QUICKBOOKS)
    if not {"client_id", "client_secret", "redirect_uri"} <= set(keys):
        raise RejectedRequestError(
            "the installation has no app at Intuit: client id, secret and redirect address"
        )
    return keys


def _environments(session: Session) -> list[str]:
    """That of the installation's keys first."""
    own = session.operator(Provider.QUICKBOOKS).get("environment", ENVIRONMENTS[0])
    return sorted(ENVIRONMENTS, key=lambda environment: environment != own)


async def _organisation(session: Session, access: Access, environment: str) -> Organisation:
    realm_id = access.values["realm_id"]
    settings = {"realm_id": realm_id, "environment": environment}
    account = Account(access=access, settings=settings, account_key=f"{Provider.QUICKBOOKS}/consent")
    api = Api(session, host(session, account, budgets=()), budget_s=BUDGET_S)
    company = await read_company(api, realm_id)
    return Organisation(
        external_id=company.external_id or realm_id,
        name=company.name or "",
        settings=settings,
        just_consented=True,
    )
