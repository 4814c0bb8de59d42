"""The installation address of the app: an administrator presses Add app, and the grant comes back."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.e_conomic.agreement import Agreement, App


class ConsentPage:
    """GET shows the page (`auto=allow|deny` answers at once); POST is the pressed button."""

    def __init__(self, app: App, agreements: Sequence[Agreement]) -> None:
        self._app = app
        self._agreements = agreements

    async def handle(self, request: Request) -> Response:
        """Answer a browser; `agreement` says who is signed in, by its number."""
        sent = await request.form() if request.method == "POST" else request.query_params
        told = {name.lower(): str(value) for name, value in sent.multi_items()}
        back = told.get("redirecturl", "")
        if told.get("apppublictoken") != self._app.public_token or not _is_allowed(back):
            return HTMLResponse("<h1>The app is not known</h1>", 400)
        decision = told.get("decision" if request.method == "POST" else "auto")
        if decision == "deny":
            return RedirectResponse(back, 302) if back else HTMLResponse("<p>The app was not added.")
        if decision == "allow":
            return self._added(back, told.get("agreement"))
        return HTMLResponse(self._page(sent))

    def _added(self, back: str, number: str | None) -> Response:
        found = [one for one in self._agreements if number in {None, str(one.number)}]
        if not found:
            return HTMLResponse("<h1>No such agreement</h1>", 404)
        if not back:
            return HTMLResponse(f"<p>The app was added. Its token: <code>{found[0].grant}</code>")
        joint = "&" if urlsplit(back).query else "?"
        return RedirectResponse(f"{back}{joint}{urlencode({'token': found[0].grant})}", 302)

    def _page(self, sent: QueryParams | FormData) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(str(value))}">'
            for name, value in sent.multi_items()
        )
        agreements = "".join(
            f'<option value="{one.number}">{escape(one.account.profile.name)}</option>'
            for one in self._agreements
        )
        return (
            "<!doctype html><title>Add app</title><h1>Add ledgerbus to your e-conomic (imitation)</h1>"
            f'<form method="post">{hidden}<select name="agreement">{agreements}</select>'
            '<button name="decision" value="allow">Add app</button>'
            '<button name="decision" value="deny">Cancel</button></form>'
        )


def _is_allowed(back: str) -> bool:
    """Every loopback address is allowed: the sandbox knows no public ones."""
    parts = urlsplit(back)
    return not back or (parts.scheme in {"http", "https"} and parts.hostname in {"127.0.0.1", "localhost"})
