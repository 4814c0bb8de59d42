"""The consent page, the token address and the revocation address."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox.quickbooks.company import App, Company
from sandbox.quickbooks.tokens import UNUSED_LIFE, Consent, InvalidGrantError, Tokens
from sandbox.world import World

SCOPES = frozenset({"com.intuit.quickbooks.accounting", "openid", "profile", "email"})


class Identity:
    """Intuit's side of a consent."""

    def __init__(self, world: World, app: App, tokens: Tokens, companies: Sequence[Company]) -> None:
        self._world = world
        self._app = app
        self._tokens = tokens
        self._companies = {one.realm_id: one for one in companies}

    async def authorize(self, request: Request) -> Response:
        """GET shows the companies (`auto=allow|deny` with `realm` answers at once)."""
        sent = request.query_params
        wrong = self._wrong(sent)
        if wrong:
            # The browser is never sent to an address that has not been checked.
            return _page(wrong, 400)
        redirect_uri, state = sent["redirect_uri"], sent["state"]
        if sent.get("auto") == "deny":
            return _back(redirect_uri, error="access_denied", state=state)
        chosen = self._companies.get(sent.get("realm", ""))
        if chosen is None and sent.get("auto") == "allow":
            chosen = next(iter(self._companies.values()))
        if chosen is None:
            return _page(self._choice(request), 200)
        code = self._tokens.give_code(chosen, redirect_uri)
        return _back(redirect_uri, code=code, state=state, realmId=chosen.realm_id)

    async def token(self, request: Request) -> Response:
        """POST /oauth2/v1/tokens/bearer."""
        form = await request.form()
        owner = self._owner(form)
        if owner is not None:
            self._world.note(owner.account, "sign_in")
        if not self._is_app(request):
            return _refused(401, "invalid_client")
        if owner is not None and self._world.hit(owner.account, "token_500"):
            return HTMLResponse("<html><body>Service Unavailable</body></html>", 503)
        try:
            consent = self._granted(form, owner)
        except InvalidGrantError:
            return _refused(400, "invalid_grant", "Incorrect or invalid refresh token")
        if consent is None:
            return _refused(400, "unsupported_grant_type")
        if owner is not None and self._world.hit(owner.account, "token_reply_lost"):
            return HTMLResponse("<html><body>Bad Gateway</body></html>", 502)
        return JSONResponse(self._reply(consent), headers={"Cache-Control": "no-cache, no-store"})

    async def revocation(self, request: Request) -> Response:
        """POST /v2/oauth2/tokens/revoke with a token in JSON or in a form."""
        if not self._is_app(request):
            return _refused(401, "invalid_client")
        kind = request.headers.get("content-type", "")
        sent = await request.json() if kind.startswith("application/json") else await request.form()
        token = str(sent.get("token", "")) if hasattr(sent, "get") else ""
        return Response(status_code=200) if self._tokens.revoke(token) else _refused(400, "invalid_request")

    def _wrong(self, sent: QueryParams) -> str:
        if sent.get("client_id") != self._app.client_id:
            return "The client_id is invalid"
        if urlsplit(sent.get("redirect_uri", "")).hostname not in {"127.0.0.1", "localhost"}:
            return "The redirect_uri query parameter value is invalid"
        if sent.get("response_type") != "code" or not sent.get("state"):
            return "response_type and state are required"
        scopes = set(sent.get("scope", "").split())
        return "" if scopes and scopes <= SCOPES else "The scope is invalid"

    def _granted(self, form: FormData, owner: Company | None) -> Consent | None:
        match str(form.get("grant_type", "")):
            case "authorization_code":
                return self._tokens.take_code(str(form.get("code", "")), str(form.get("redirect_uri", "")))
            case "refresh_token":
                if owner is not None and self._world.hit(owner.account, "revoke"):
                    raise InvalidGrantError
                return self._tokens.refresh(str(form.get("refresh_token", "")))
        return None

    def _owner(self, form: FormData) -> Company | None:
        """Whose tokens are asked for, as far as anybody can tell."""
        consent = self._tokens.owner(str(form.get("refresh_token", "")))
        return consent.company if consent else self._tokens.waiting_for(str(form.get("code", "")))

    def _reply(self, consent: Consent) -> dict[str, object]:
        return {
            "token_type": "bearer",
            "expires_in": int(self._tokens.access_life.total_seconds()),
            "x_refresh_token_expires_in": int(UNUSED_LIFE.total_seconds()),
            "refresh_token": self._tokens.refresh_token(consent),
            "access_token": self._tokens.access(consent)[0],
        }

    def _is_app(self, request: Request) -> bool:
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        wanted = f"{self._app.client_id}:{self._app.client_secret}".encode()
        return kind.lower() == "basic" and hmac.compare_digest(given, wanted)

    def _choice(self, request: Request) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.query_params.items()
        )
        options = "".join(
            f'<option value="{one.realm_id}">{escape(one.account.profile.name)}</option>'
            for one in self._companies.values()
        )
        return (
            f'<h1>Connect to QuickBooks (imitation)</h1><form method="get">{hidden}'
            f'<select name="realm">{options}</select><button name="auto" value="allow">Connect</button>'
            '<button name="auto" value="deny">No, thanks</button></form>'
        )


def _page(content: str, status: int) -> Response:
    return HTMLResponse(f"<!doctype html><title>Intuit</title>{content}", status)


def _back(redirect_uri: str, **answer: str) -> Response:
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", 302)


def _refused(status: int, error: str, description: str = "") -> Response:
    told = {"error_description": description} if description else {}
    return JSONResponse({**told, "error": error}, status)
