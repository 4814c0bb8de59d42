"""The addresses below /oauth-v1: consent page, token, revocation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox.fortnox.company import PROVIDER, Company
from sandbox.fortnox.errors import oauth_refused
from sandbox.fortnox.identity import ACCESS_S, KNOWN_SCOPES, Consent, Identity, InvalidGrantError
from sandbox.world import World

_ASKED = ("client_id", "redirect_uri", "scope", "state", "access_type", "response_type", "account_type")
_WRONG_KEYS = ("invalid_client", "Client id or secret is wrong", 401)


class IdentityHttp:
    """Answers browsers and the integration."""

    def __init__(self, world: World, identity: Identity, companies: Mapping[int, Company]) -> None:
        self._world = world
        self._identity = identity
        self._companies = companies  # by tenant id

    async def authorize(self, request: Request) -> Response:
        """The page where a company is chosen; `auto=allow` or `auto=deny` answers at once."""
        sent = await request.form() if request.method == "POST" else request.query_params
        wrong = self._wrong(sent)
        if wrong:
            return _page_refused(wrong)
        decision = str(sent.get("decision" if request.method == "POST" else "auto", ""))
        if not decision:
            return HTMLResponse(self._page(sent))
        if not _is_registered(str(sent.get("redirect_uri", ""))):
            return _page_refused("redirect_uri_mismatch")  # only after somebody has signed in
        return self._allowed(sent) if decision == "allow" else _back(sent, error="access_denied")

    async def token(self, request: Request) -> Response:
        """POST /oauth-v1/token."""
        form = await request.form()
        company = self._whose(request, form)
        if company is None:
            self._world.calls.note(PROVIDER, "unknown", "sign_in")
        else:
            self._world.note(company.account, "sign_in")
        if not self._identity.knows(*_basic(request)):
            return oauth_refused(*_WRONG_KEYS)
        if company and self._world.hit(company.account, "token_500"):
            return Response(status_code=500)
        try:
            reply = self._granted(request, form, company)
        except InvalidGrantError:
            return oauth_refused("invalid_grant", "Invalid refresh token, code or tenant")
        if company and self._world.hit(company.account, "token_reply_lost"):
            return HTMLResponse("<html><body>502 Bad Gateway</body></html>", 502)
        return reply

    async def revoke(self, request: Request) -> Response:
        """POST /oauth-v1/revoke."""
        if not self._identity.knows(*_basic(request)):
            return oauth_refused(*_WRONG_KEYS)
        form = await request.form()
        if form.get("token_type_hint") != "refresh_token":
            return oauth_refused("unsupported_token_type", "token_type_hint must be refresh_token")
        return JSONResponse({"revoked": self._identity.revoke(str(form.get("token", "")))})

    def _wrong(self, sent: QueryParams | FormData) -> str | None:
        """What is looked at before anybody signs in; a wrong scope is not named."""
        if sent.get("client_id") != self._identity.client_id or sent.get("response_type") != "code":
            return "invalid_request"
        scopes = _scopes(sent)
        return None if scopes and KNOWN_SCOPES.issuperset(scopes) else "invalid_scope"

    def _allowed(self, sent: QueryParams | FormData) -> Response:
        chosen = str(sent.get("organisation") or next(iter(self._companies)))
        if not chosen.isdecimal() or int(chosen) not in self._companies:
            return _page_refused("invalid_request")
        consent = Consent(int(chosen), _scopes(sent), by_service=sent.get("account_type") == "service")
        offline = sent.get("access_type") == "offline"
        return _back(sent, code=self._identity.give_code(consent, str(sent["redirect_uri"]), offline=offline))

    def _whose(self, request: Request, form: FormData) -> Company | None:
        owner = self._identity.owner(str(form.get("refresh_token", "")))
        named = str(owner.tenant_id) if owner else request.headers.get("tenantid", "")
        return self._companies.get(int(named)) if named.isdecimal() else None

    def _granted(self, request: Request, form: FormData, company: Company | None) -> Response:
        if company and self._world.hit(company.account, "revoke"):
            raise InvalidGrantError
        match form.get("grant_type"):
            case "authorization_code":
                code, redirect_uri = str(form.get("code", "")), str(form.get("redirect_uri", ""))
                return self._reply(*self._identity.take_code(code, redirect_uri))
            case "refresh_token":
                return self._reply(*self._identity.refresh(str(form.get("refresh_token", ""))))
            case "client_credentials":
                if company and self._world.hit(company.account, "no_service_account"):
                    return oauth_refused("unauthorized_client", "Client credentials are not allowed")
                return self._reply(self._identity.of_service(request.headers.get("tenantid", "")), None)
        return oauth_refused("unsupported_grant_type", "Unknown grant type")

    def _reply(self, consent: Consent, refresh_token: str | None) -> Response:
        reply: dict[str, object] = {
            "access_token": self._identity.access_token(consent),
            "expires_in": ACCESS_S,
            "token_type": "bearer",
            "scope": " ".join(sorted(consent.scopes)),
        }
        return JSONResponse(reply | ({"refresh_token": refresh_token} if refresh_token else {}))

    def _page(self, sent: QueryParams | FormData) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(str(sent[name]))}">'
            for name in _ASKED
            if name in sent
        )
        companies = "".join(
            f'<option value="{tenant_id}">{escape(one.account.profile.name)}</option>'
            for tenant_id, one in self._companies.items()
        )
        return (
            "<!doctype html><title>Fortnox</title><h1>Log in to Fortnox (imitation)</h1>"
            f'<form method="post">{hidden}<select name="organisation">{companies}</select>'
            '<button name="decision" value="allow">Godkänn</button>'
            '<button name="decision" value="deny">Avbryt</button></form>'
        )


def _scopes(sent: QueryParams | FormData) -> frozenset[str]:
    return frozenset(str(sent.get("scope", "")).split())


def _is_registered(redirect_uri: str) -> bool:
    """Every loopback address counts as registered: the sandbox knows no public ones."""
    parts = urlsplit(redirect_uri)
    return parts.scheme in {"http", "https"} and parts.hostname in {"127.0.0.1", "localhost"}


def _back(sent: QueryParams | FormData, **answer: str) -> Response:
    query = answer | ({"state": str(sent["state"])} if "state" in sent else {})
    return RedirectResponse(f"{sent['redirect_uri']}?{urlencode(query)}", status_code=302)


def _page_refused(error: str) -> Response:
    # The browser is never sent to an address that has not been checked.
    return HTMLResponse(f"<h1>{error}</h1>", 400)


def _basic(request: Request) -> tuple[str, str]:
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (client_id, secret) if kind.lower() == "basic" else ("", "")
