"""The authorize address: the page where a user ticks organisations and presses Allow."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.xero.consents import Consent
from sandbox.xero.identity import Identity
from sandbox.xero.parties import KNOWN_SCOPES, App, Tenant, User

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_ASKED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(frozen=True)
class _Ask:
    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None

    def back(self, **answer: str) -> RedirectResponse:
        """Send the browser back to the app."""
        query = answer | ({} if self.state is None else {"state": self.state})
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return RedirectResponse(f"{self.redirect_uri}{joint}{urlencode(query)}", status_code=302)


class ConsentPage:
    """GET shows the page (`auto=allow|deny` answers at once); POST is the pressed button."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def handle(self, request: Request) -> Response:
        """Answer a browser."""
        sent = await request.form() if request.method == "POST" else request.query_params
        ask = self._asked(sent)
        if isinstance(ask, Response):
            return ask
        decision = str(sent.get("decision" if request.method == "POST" else "auto", ""))
        user = self._identity.users.get(str(sent.get("user", "")))
        if decision == "deny":
            return ask.back(error="access_denied")
        if decision == "allow":
            return self._allow(ask, user or next(iter(self._identity.users.values())), sent)
        return HTMLResponse(_page(ask, user, self._identity.users.values(), sent))

    def _asked(self, sent: QueryParams | FormData) -> "_Ask | Response":
        app = self._identity.apps.get(str(sent.get("client_id", "")))
        redirect_uri = str(sent.get("redirect_uri", ""))
        if app is None or app.organisation_id is not None:
            return _refused("unauthorized_client", "Unknown client or client not enabled")
        if not _registered(redirect_uri):
            return _refused("unauthorized_client", "Invalid redirect_uri")
        state = sent.get("state")
        challenge = sent.get("code_challenge")
        ask = _Ask(
            app,
            redirect_uri,
            tuple(str(sent.get("scope", "")).split()),
            None if state is None else str(state),
            None if challenge is None else str(challenge),
        )
        error = _wrong(ask, str(sent.get("response_type", "")), sent.get("code_challenge_method"))
        return ask.back(error=error) if error else ask

    def _allow(self, ask: _Ask, user: User, sent: QueryParams | FormData) -> Response:
        ticked = {str(value) for value in sent.getlist("organisation")}
        wanted = user.tenants if sent.get("auto") and not ticked else _among(user.tenants, ticked)
        if not wanted:
            return _refused("access_denied", "Tick at least one organisation")
        consent = Consent(ask.app, user, tuple(wanted), ask.scopes, ask.redirect_uri, ask.challenge)
        return ask.back(code=self._identity.codes.give(consent), scope=" ".join(ask.scopes))


def _among(tenants: tuple[Tenant, ...], ticked: set[str]) -> list[Tenant]:
    return [tenant for tenant in tenants if tenant.tenant_id in ticked]


def _registered(redirect_uri: str) -> bool:
    """Every loopback address counts as registered: the sandbox knows no public ones."""
    parts = urlsplit(redirect_uri)
    return parts.scheme in {"http", "https"} and parts.hostname in {"127.0.0.1", "localhost"}


def _wrong(ask: _Ask, response_type: str, method: object) -> str | None:
    if response_type != "code":
        return "unsupported_response_type"
    if not ask.scopes or not KNOWN_SCOPES.issuperset(ask.scopes):
        return "invalid_scope"
    if ask.challenge is not None and (method != "S256" or not _CHALLENGE.fullmatch(ask.challenge)):
        return "invalid_request"
    return None


def _refused(error: str, detail: str) -> Response:
    # The browser is never sent to an address that has not been checked.
    return HTMLResponse(f"<h1>Sorry, something went wrong</h1><p>{error}: {escape(detail)}</p>", 400)


def _page(ask: _Ask, user: User | None, users: Iterable[User], sent: QueryParams | FormData) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(sent[name]))}">'
        for name in _ASKED
        if name in sent
    )
    if user is None:
        people = "".join(
            f'<option value="{escape(one.user_id)}">{escape(one.name)}</option>' for one in users
        )
        form = (
            f'<form method="get">{hidden}<select name="user">{people}</select><button>Log in</button></form>'
        )
        return f"<!doctype html><title>Log in</title><h1>Log in to Xero (imitation)</h1>{form}"
    ticks = "".join(
        f'<p><input type="checkbox" name="organisation" value="{one.tenant_id}"> {escape(one.name)}'
        for one in user.tenants
    )
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in ask.scopes)
    return (
        "<!doctype html><title>Allow access</title>"
        f"<h1>{escape(ask.app.name)} wants access to:</h1><ul>{scopes}</ul>"
        f'<form method="post">{hidden}<input type="hidden" name="user" value="{escape(user.user_id)}">{ticks}'
        '<button name="decision" value="allow">Allow access</button>'
        '<button name="decision" value="deny">Cancel</button></form>'
    )
