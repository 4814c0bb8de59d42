"""FreeAgent's consent and tokens; there is no address that ends a consent, its user withdraws it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import httpx
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, retry_after_s
from connectors.auth import basic, key_of
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
)
from connectors.freeagent.calls import ENDPOINTS, THROTTLE_S, host, pages
from connectors.limits import Budget
from connectors.oauth import link
from connectors.protocol import Access, Account, Grant, Organisation, SignedIn
from connectors.rows import Row, identifier, mapping, text, whole
from connectors.session import Session

BUDGET_S = 45.0
PRACTICE = "practice"
# The vendor allows a user 15 a minute.
REFRESHES = (Budget(name="refreshes", calls=12, per_s=60.0),)
# *Unconfirmed* bodies: who names none of these faults of ours has refused the token.
_OUR_FAULTS = ("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type")


class FreeAgentOAuth:
    """Implements `OAuth`; the app is one for companies, or one for an accountancy practice."""

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str:  # noqa: ARG002 (no PKCE)
        keys = _operator(session)
        parameters = {
            "client_id": keys["client_id"],
            "response_type": "code",
            "redirect_uri": keys["redirect_uri"],
            "state": state,
        }
        return link(f"{_address(session, _environment(keys))}/approve_app", parameters)

    async def exchange(
        self,
        session: Session,
        *,
        code: str,
        code_verifier: str,  # noqa: ARG002 (no PKCE)
        returned: Mapping[str, str],  # noqa: ARG002 (the tokens tell all)
    ) -> SignedIn:
        keys = _operator(session)
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": keys["redirect_uri"]}
        # A code works once: after a lost answer the user authorises again.
        signed_in = await _token(session, _environment(keys), fields, Grant({}), tries=1)
        user = await _user_of(session, signed_in.access, keys)
        return replace(signed_in, grant=Grant({**signed_in.grant.values, "user": user}))

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        """The company that was chosen on FreeAgent's own page, or the practice's clients to choose from."""
        keys = _operator(session)
        settings = {"environment": _environment(keys)}
        api = _bearer_api(session, access, settings)
        if not _is_practice(keys):
            company = await read_company(api)
            return (Organisation(identifier(company, "id"), text(company, "name"), settings, True),)
        clients = await pages(api, "/clients", {"view": "active"}, kind=CallKind.IDENTITY)
        return tuple(
            Organisation(
                external_id=text(client, "subdomain"),
                name=str(client.get("name") or ""),
                settings={**settings, "subdomain": text(client, "subdomain")},
                just_consented=False,
            )
            for client in clients
        )

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        """Nothing to tell: a practice's client belongs to the practice, not to the consent."""

    async def revoke(self, session: Session, grant: Grant) -> None:
        """Nothing to tell: the user withdraws the consent in FreeAgent; an unused token harms nobody."""


async def sign_in(session: Session, grant: Grant, settings: Mapping[str, str]) -> SignedIn:
    """Refresh the tokens; the answer's refresh token is the one to keep, whether or not it is new."""
    if "refresh_token" not in grant.values:
        raise AccessRefusedError("the grant holds no refresh token", cause="Authorise again.")
    fields = {"grant_type": "refresh_token", "refresh_token": grant.values["refresh_token"]}
    return await _token(session, settings["environment"], fields, grant)


async def read_company(api: Api) -> Row:
    answer = await api.json(Call(path="/company"), CallKind.IDENTITY)
    return mapping(mapping(answer, "company").get("company"), "company")


async def _user_of(session: Session, access: Access, keys: Mapping[str, str]) -> str:
    """Who gave the consent: one token set is issued for each user, whoever consents again replaces it."""
    name, path = ("account_manager", "/account_managers/me") if _is_practice(keys) else ("user", "/users/me")
    environment = _environment(keys)
    api = _bearer_api(session, access, {"environment": environment})
    answer = mapping(await api.json(Call(path=path), CallKind.IDENTITY), path)
    return environment + urlsplit(text(mapping(answer.get(name), name), "url")).path


async def _token(
    session: Session, environment: str, fields: Mapping[str, str], grant: Grant, *, tries: int = 3
) -> SignedIn:
    keys = session.operator(Provider.FREEAGENT)
    if not {"client_id", "client_secret"} <= set(keys):
        raise RejectedRequestError("the installation has no client id and secret for FreeAgent")
    authorization = basic(keys["client_id"], keys["client_secret"])
    owner = key_of(Provider.FREEAGENT, "owner", *owner_parts(grant))
    token_host = _token_host(session, environment, authorization, owner, tries)
    api = Api(session, token_host, budget_s=BUDGET_S)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    call = Call(method="POST", path="/token_endpoint", body=urlencode(fields).encode(), headers=headers)
    reply = mapping(await api.json(call, CallKind.SIGN_IN), "the token")
    expires_at = session.clock.now() + timedelta(seconds=whole(reply, "expires_in"))
    rotated = {"refresh_token": text(reply, "refresh_token")} if reply.get("refresh_token") else {}
    return SignedIn(
        Access({"access_token": text(reply, "access_token")}, expires_at),
        Grant({**grant.values, **rotated}),
        calls=api.calls.total(),
    )


def owner_parts(grant: Grant) -> tuple[str, ...]:
    """The user who gave the consent, where the consent told; else the token as it was entered."""
    if "user" in grant.values:
        return ("user", grant.values["user"])
    return ("token", grant.values.get("refresh_token", ""))


def _token_host(session: Session, environment: str, authorization: str, owner: str, tries: int) -> Host:
    return Host(
        provider=Provider.FREEAGENT,
        address=_address(session, environment),
        account_key=owner,
        budgets=REFRESHES,
        sign=lambda call, _now: call.with_headers(
            {"Authorization": authorization, "Accept": "application/json"}
        ),
        refusal=lambda response, now: _refusal(response, now, owner),
        tries=tries,
    )


def _bearer_api(session: Session, access: Access, settings: Mapping[str, str]) -> Api:
    account = Account(access=access, settings=settings, account_key=f"{Provider.FREEAGENT}/consent")
    return Api(session, host(session, account, budgets=()), budget_s=BUDGET_S)


def _refusal(response: httpx.Response, now: datetime, owner: str) -> ConnectorError | None:
    status, where = response.status_code, response.request.url.path
    if status == 200:
        return None
    if status == 429:
        return ThrottledError("429", retry_after_s=retry_after_s(response, now, THROTTLE_S), budget_key=owner)
    if status >= 500:
        return ProviderDownError(f"{status} at {where}")
    fault = next((fault for fault in _OUR_FAULTS if fault in response.text), "")
    if status in {400, 401} and not fault:
        cause = "The consent has ended or was withdrawn: authorise again."
        return AccessRefusedError("the refresh token is refused", cause=cause)
    if fault == "invalid_client":
        # Not the client's fault: no consent is given up because of the installation's own keys.
        return RejectedRequestError("FreeAgent refuses the installation's client id or secret", status=status)
    return RejectedRequestError(f"{status} {fault} at {where}", status=status, vendor_code=fault)


def _address(session: Session, environment: str) -> str:
    return session.endpoint(Provider.FREEAGENT, environment, ENDPOINTS[environment])


def _environment(keys: Mapping[str, str]) -> str:
    told = keys.get("environment") or "production"
    if told not in ENDPOINTS:
        raise RejectedRequestError("the installation's environment at FreeAgent is production or sandbox")
    return told


def _is_practice(keys: Mapping[str, str]) -> bool:
    return keys.get("mode") == PRACTICE


def _operator(session: Session) -> Mapping[str, str]:
    keys = session.operator(Provider.FREEAGENT)
    if not {"client_id", "client_secret", "redirect_uri"} <= set(keys):
        raise RejectedRequestError(
            "the installation has no app at FreeAgent: client id, secret and redirect address"
        )
    return keys
