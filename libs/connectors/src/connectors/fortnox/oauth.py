"""Fortnox's consent and tokens: a service account's, or a user's refresh token that works once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, retry_after_s
from connectors.auth import basic
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.fortnox.calls import ENDPOINTS, company, host
from connectors.oauth import link
from connectors.protocol import Access, Account, Grant, Organisation, SignedIn
from connectors.rows import Row, mapping, parse_json, text, whole
from connectors.session import Session

# None of them is for reading only: each also allows to write.
SCOPES = ("companyinformation", "bookkeeping", "invoice", "supplierinvoice")
SERVICE, USER = "service", "user"
BUDGET_S = 45.0
THROTTLE_WAIT_S = 10.0
_NO_CONSENT = "The consent is missing, withdrawn or used up, or the tenant id is wrong: authorise again."
_REFUSED = {
    "invalid_grant": _NO_CONSENT,
    "invalid_client": "The client id or secret is wrong: copy both again from Fortnox's developer portal.",
    "unauthorized_client": "The integration has no service account: enable it in Fortnox's developer portal.",
}


class FortnoxOAuth:
    """Implements `OAuth`; the company is chosen at Fortnox, one for each consent."""

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str:  # noqa: ARG002 (no PKCE)
        keys = _operator(session)
        address = session.endpoint(Provider.FORTNOX, "apps", ENDPOINTS["apps"]) + "/oauth-v1/auth"
        parameters = {
            "client_id": keys["client_id"],
            "redirect_uri": keys["redirect_uri"],
            "scope": " ".join(SCOPES),
            "state": state,
            "access_type": "offline",
            "response_type": "code",
        }
        return link(address, parameters | ({"account_type": SERVICE} if _by_service(keys) else {}))

    async def exchange(
        self,
        session: Session,
        *,
        code: str,
        code_verifier: str,  # noqa: ARG002 (no PKCE)
        returned: Mapping[str, str],  # noqa: ARG002 (the tokens tell all)
    ) -> SignedIn:
        """The grant names the company itself, so that nobody can ask for another one's books."""
        keys = _operator(session)
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": keys["redirect_uri"]}
        # A code works once: after a lost answer the user authorises again.
        reply, calls = await _token(session, keys, fields, tries=1)
        access = _access(session, reply)
        books = await _company(session, access)
        name = "revocation_token" if _by_service(keys) else "refresh_token"
        token = {name: text(reply, "refresh_token")} if reply.get("refresh_token") else {}
        return SignedIn(access, Grant({"tenant_id": str(books.external_id), **token}), calls=calls)

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        books = await _company(session, access)
        external_id = str(books.external_id)
        settings = {"tenant_id": external_id}
        return (Organisation(external_id, str(books.name), settings, just_consented=True),)

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        """Nothing: a consent has one company only."""

    async def revoke(self, session: Session, grant: Grant) -> None:
        """*unconfirmed*: that this ends a service account's consent too, and after the token's 45 days."""
        token = grant.values.get("refresh_token") or grant.values.get("revocation_token")
        if token:
            fields = {"token_type_hint": "refresh_token", "token": token}
            api = _apps_api(session, _keys(session, grant), tries=3)
            await api.send(_form("/oauth-v1/revoke", fields), CallKind.SIGN_IN)


async def sign_in(session: Session, grant: Grant, _settings: Mapping[str, str]) -> SignedIn:
    """By the service account of the grant's company, or by a refresh token, which the next one replaces."""
    refresh_token, keys = grant.values.get("refresh_token"), _keys(session, grant)
    try:
        if refresh_token:
            # Once only: a second use of a token that did reach Fortnox locks the client out.
            fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
            reply, calls = await _token(session, keys, fields, tries=1)
        else:
            whose = {"TenantId": grant.values["tenant_id"]}
            reply, calls = await _token(session, keys, {"grant_type": "client_credentials"}, whose)
    except AccessRefusedError as error:
        if error.detail == "invalid_client" and "client_secret" not in grant.values:
            # Not the client's fault: no consent is given up because of the installation's own keys.
            raise RejectedRequestError("Fortnox refuses the installation's client id or secret") from None
        raise
    rotated = {"refresh_token": text(reply, "refresh_token")} if refresh_token else {}
    return SignedIn(_access(session, reply), Grant({**grant.values, **rotated}), calls=calls)


async def _token(
    session: Session,
    keys: Mapping[str, str],
    fields: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    *,
    tries: int = 3,
) -> tuple[Row, int]:
    api = _apps_api(session, keys, tries=tries)
    call = _form("/oauth-v1/token", fields).with_headers(headers or {})
    return mapping(await api.json(call, CallKind.SIGN_IN), "the token"), api.calls.total()


def _access(session: Session, reply: Row) -> Access:
    expires_at = session.clock.now() + timedelta(seconds=whole(reply, "expires_in"))
    return Access({"access_token": text(reply, "access_token")}, expires_at)


async def _company(session: Session, access: Access) -> Books:
    account = Account(access=access, settings={}, account_key=f"{Provider.FORTNOX}/consent")
    return await company(Api(session, host(session, account, budgets=()), budget_s=BUDGET_S))


def _apps_api(session: Session, keys: Mapping[str, str], *, tries: int) -> Api:
    authorization = basic(keys["client_id"], keys["client_secret"])
    key = f"{Provider.FORTNOX}/apps"
    apps = Host(
        provider=Provider.FORTNOX,
        address=session.endpoint(Provider.FORTNOX, "apps", ENDPOINTS["apps"]),
        account_key=key,
        budgets=(),
        sign=lambda call, _now: call.with_headers({"Authorization": authorization}),
        refusal=lambda response, now: _refusal(response, now, key),
        tries=tries,
    )
    return Api(session, apps, budget_s=BUDGET_S)


def _refusal(response: httpx.Response, now: datetime, key: str) -> ConnectorError | None:
    """JSON whatever its content type says; every other 4xx is a refusal of access."""
    status = response.status_code
    if status == 200:
        return None
    if status == 429:
        wait_s = retry_after_s(response, now, THROTTLE_WAIT_S)
        return ThrottledError("429", retry_after_s=wait_s, budget_key=key)
    if status >= 500:
        return ProviderDownError(f"{status} at {response.request.url.path}")
    try:
        told = str(mapping(parse_json(response.content), "the refusal").get("error"))
    except UnreadableAnswerError:
        told = ""
    known = told if told in _REFUSED else f"{status}"
    return AccessRefusedError(known, cause=_REFUSED.get(told, _NO_CONSENT))


def _form(path: str, fields: Mapping[str, str]) -> Call:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return Call(method="POST", path=path, body=urlencode(fields).encode(), headers=headers)


def _by_service(keys: Mapping[str, str]) -> bool:
    return keys.get("account_type", SERVICE) == SERVICE


def _keys(session: Session, grant: Grant) -> Mapping[str, str]:
    """The integration of the client's own firm, or the installation's."""
    keys = {**session.operator(Provider.FORTNOX), **grant.values}
    if not {"client_id", "client_secret"} <= set(keys):
        raise RejectedRequestError("the installation has no client id and secret for Fortnox")
    return keys


def _operator(session: Session) -> Mapping[str, str]:
    keys = session.operator(Provider.FORTNOX)
    if not {"client_id", "client_secret", "redirect_uri"} <= set(keys):
        raise RejectedRequestError(
            "the installation has no integration at Fortnox: client id, secret and redirect address"
        )
    return keys
