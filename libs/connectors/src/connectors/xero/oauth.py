"""Xero's consent, tokens, organisations and revocation."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host
from connectors.auth import basic, bearer
from connectors.errors import (
    AccessRefusedError,
    RejectedRequestError,
)
from connectors.oauth import link, token_refusal, unverified_claims
from connectors.protocol import Access, Grant, Organisation, SignedIn
from connectors.rows import Row, listed, mapping, text, whole
from connectors.session import Session
from connectors.xero.calls import ENDPOINTS

SCOPES = (
    "offline_access",
    "accounting.settings.read",
    "accounting.invoices.read",
    "accounting.banktransactions.read",
    "accounting.manualjournals.read",
    "accounting.reports.profitandloss.read",
)
BUDGET_S = 45.0
ORGANISATION = "ORGANISATION"
_REFUSED = {
    "invalid_grant": "The consent has ended or was revoked: authorise again.",
    "invalid_client": "The app's client id or secret is wrong.",
}


def user_of(access_token: str) -> Mapping[str, str]:
    """Who gave the consent, as a part of the grant: whoever consents again gets the same token set."""
    user_id = unverified_claims(access_token).get("xero_userid")
    return {"user_id": str(user_id)} if user_id else {}


class XeroOAuth:
    """Implements `OAuth`."""

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str:
        keys = _operator(session)
        address = session.endpoint(Provider.XERO, "login", ENDPOINTS["login"]) + "/identity/connect/authorize"
        # *unconfirmed*: PKCE beside a client secret; who does not know the parameters ignores them.
        parameters = {
            "response_type": "code",
            "client_id": keys["client_id"],
            "redirect_uri": keys["redirect_uri"],
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        return link(address, parameters)

    async def exchange(
        self,
        session: Session,
        *,
        code: str,
        code_verifier: str,
        returned: Mapping[str, str],  # noqa: ARG002 (the tokens tell all)
    ) -> SignedIn:
        keys = _operator(session)
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": keys["redirect_uri"],
            "code_verifier": code_verifier,
        }
        # A code works once: after a lost answer the user authorises again.
        signed_in = await _token(session, keys, fields, Grant({}), tries=1)
        user = user_of(signed_in.access.values["access_token"])
        return replace(signed_in, grant=Grant({**signed_in.grant.values, **user}))

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        event = unverified_claims(access.values["access_token"]).get("authentication_event_id")
        return tuple(
            Organisation(
                external_id=text(row, "tenantId"),
                name=str(row.get("tenantName") or ""),
                settings={"tenant_id": text(row, "tenantId")},
                just_consented=bool(event) and row.get("authEventId") == event,
            )
            for row in await _connections(session, access)
            if row.get("tenantType") == ORGANISATION
        )

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        for row in await _connections(session, access):
            if row.get("tenantId") == settings.get("tenant_id"):
                call = Call(method="DELETE", path="/connections", path_tail=f"/{text(row, 'id')}")
                await _bearer_api(session, access).send(call, CallKind.IDENTITY)

    async def revoke(self, session: Session, grant: Grant) -> None:
        if "refresh_token" in grant.values:
            keys = {**_operator(session), **grant.values}
            call = _form("/connect/revocation", {"token": grant.values["refresh_token"]})
            await _identity_api(session, keys).send(call, CallKind.SIGN_IN)


async def sign_in(session: Session, grant: Grant, _settings: Mapping[str, str]) -> SignedIn:
    """Refresh the tokens, or sign a custom connection in; repeating a refresh is allowed for 30 minutes."""
    keys = {**session.operator(Provider.XERO), **grant.values}
    if "refresh_token" in grant.values:
        fields = {"grant_type": "refresh_token", "refresh_token": grant.values["refresh_token"]}
    elif {"client_id", "client_secret"} <= set(grant.values):
        fields = {"grant_type": "client_credentials"}
    else:
        raise AccessRefusedError("the grant holds no refresh token", cause="Authorise again.")
    try:
        return await _token(session, keys, fields, grant)
    except AccessRefusedError as error:
        if error.detail == "invalid_client" and "client_secret" not in grant.values:
            # Not the client's fault: no consent is given up because of the installation's own keys.
            raise RejectedRequestError("Xero refuses the installation's client id or secret") from None
        raise


async def _token(
    session: Session, keys: Mapping[str, str], fields: Mapping[str, str], grant: Grant, *, tries: int = 3
) -> SignedIn:
    api = _identity_api(session, keys, tries=tries)
    reply = mapping(await api.json(_form("/connect/token", fields), CallKind.SIGN_IN), "the token")
    expires_at = session.clock.now() + timedelta(seconds=whole(reply, "expires_in"))
    rotated = {"refresh_token": text(reply, "refresh_token")} if reply.get("refresh_token") else {}
    return SignedIn(
        Access({"access_token": text(reply, "access_token")}, expires_at),
        Grant({**grant.values, **rotated}),
        calls=api.calls.total(),
    )


async def _connections(session: Session, access: Access) -> list[Row]:
    return listed(
        await _bearer_api(session, access).json(Call(path="/connections"), CallKind.IDENTITY), "connections"
    )


def _identity_api(session: Session, keys: Mapping[str, str], *, tries: int = 3) -> Api:
    if not {"client_id", "client_secret"} <= set(keys):
        raise RejectedRequestError("the installation has no client id and secret for Xero")
    authorization = basic(keys["client_id"], keys["client_secret"])
    return Api(session, _host(session, "identity", authorization, tries), budget_s=BUDGET_S)


def _bearer_api(session: Session, access: Access) -> Api:
    return Api(session, _host(session, "api", bearer(access.values["access_token"]), 3), budget_s=BUDGET_S)


def _host(session: Session, endpoint: str, authorization: str, tries: int) -> Host:
    return Host(
        provider=Provider.XERO,
        address=session.endpoint(Provider.XERO, endpoint, ENDPOINTS[endpoint]),
        account_key=f"{Provider.XERO}/{endpoint}",
        budgets=(),
        sign=lambda call, _now: call.with_headers(
            {"Authorization": authorization, "Accept": "application/json"}
        ),
        refusal=token_refusal(Provider.XERO, _REFUSED, "Authorise again."),
        tries=tries,
    )


def _form(path: str, fields: Mapping[str, str]) -> Call:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call(method="POST", path=path, body=urlencode(fields).encode(), headers=headers)


def _operator(session: Session) -> Mapping[str, str]:
    keys = session.operator(Provider.XERO)
    if not {"client_id", "client_secret", "redirect_uri"} <= set(keys):
        raise RejectedRequestError(
            "the installation has no app at Xero: client id, secret and redirect address"
        )
    return keys
