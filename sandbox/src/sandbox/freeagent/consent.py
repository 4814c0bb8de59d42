"""The page where a user approves an app, and the codes that it gives."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.clock import Clock
from sandbox.freeagent.company import Company
from sandbox.freeagent.tokens import App, TokenRefusedError

CODE_LIFE = timedelta(minutes=15)
PRACTICE = "freeagent-practice"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has approved."""

    app: App
    owner: str
    redirect_uri: str


class Codes:
    """Codes on their way from the browser to the token address: once, for a quarter of an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[Consent, datetime]] = {}

    def give(self, consent: Consent) -> str:
        code = secrets.token_urlsafe(24)
        self._waiting[code] = (consent, self._clock.now() + CODE_LIFE)
        return code

    def owner(self, code: str) -> str | None:
        """Whose code this is, while nobody has spent it."""
        return self._waiting[code][0].owner if code in self._waiting else None

    def take(self, app: App, code: str, redirect_uri: str) -> Consent:
        """The consent behind a code, which is spent by this; raises TokenRefusedError."""
        consent, ends_at = self._waiting.pop(code, (None, None))
        if consent is None or ends_at is None or self._clock.now() >= ends_at:
            raise TokenRefusedError
        if consent.app != app or consent.redirect_uri != redirect_uri:
            raise TokenRefusedError
        return consent


class ConsentPage:
    """GET shows whose company it shall be (`auto=allow` or `deny` answers at once); POST is the button."""

    def __init__(self, apps: Mapping[str, App], codes: Codes, companies: Sequence[Company]) -> None:
        self._apps = apps
        self._codes = codes
        self._companies = companies

    async def handle(self, request: Request) -> Response:
        """Answer a browser."""
        environment = request.path_params["environment"]
        form = await request.form() if request.method == "POST" else request.query_params
        sent = {name: str(value) for name, value in form.items()}
        app = self._apps.get(sent.get("client_id", ""))
        if app is None or app.environment != environment:
            return _refused("The app is not known here")
        if not _registered(sent.get("redirect_uri", "")):
            return _refused("The redirect address is not registered")
        if sent.get("response_type") != "code":
            return _back(sent, error="unsupported_response_type")
        return self._decided(app, sent)

    def _decided(self, app: App, sent: Mapping[str, str]) -> Response:
        decision = sent.get("decision") or sent.get("auto")
        if decision == "deny":
            return _back(sent, error="access_denied")
        owners = [PRACTICE] if app.is_practice else [one.account.id for one in self._companies]
        owner = owners[0] if app.is_practice else sent.get("user") or owners[0]
        if decision == "allow" and owner in owners:
            return _back(sent, code=self._codes.give(Consent(app, owner, sent["redirect_uri"])))
        return HTMLResponse(_page(sent, owners))


def _registered(redirect_uri: str) -> bool:
    """Every loopback address counts as registered: the sandbox knows no public ones."""
    parts = urlsplit(redirect_uri)
    return parts.scheme in {"http", "https"} and parts.hostname in {"127.0.0.1", "localhost"}


def _back(sent: Mapping[str, str], **answer: str) -> Response:
    query = answer | ({"state": sent["state"]} if "state" in sent else {})
    joint = "&" if urlsplit(sent["redirect_uri"]).query else "?"
    return RedirectResponse(f"{sent['redirect_uri']}{joint}{urlencode(query)}", 302)


def _refused(detail: str) -> Response:
    # The browser is never sent to an address that has not been checked.
    return HTMLResponse(f"<h1>Sorry, that did not work</h1><p>{escape(detail)}</p>", 400)


def _page(sent: Mapping[str, str], owners: Sequence[str]) -> str:
    asked = ("client_id", "response_type", "redirect_uri", "state")
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(sent[name])}">' for name in asked if name in sent
    )
    choices = "".join(f"<option>{escape(owner)}</option>" for owner in owners)
    return (
        "<!doctype html><title>Approve app</title><h1>An app wants access to your FreeAgent account</h1>"
        f'<form method="post">{hidden}<select name="user">{choices}</select>'
        '<button name="decision" value="allow">Approve</button>'
        '<button name="decision" value="deny">Deny</button></form>'
    )
