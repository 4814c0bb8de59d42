"""Trouble that an answer is given on purpose."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

from sandbox.xero.errors import offline, refusal
from sandbox.xero.listing import Row

OWN_FAULTS = frozenset(
    {
        "disconnected",
        "organisation_offline",
        "no_reporting_permission",
        "not_json",
        "no_summary_only",
        "large_organisation",
        "odd_title",
        "single_use_refresh",
        "token_500",
        "token_reply_lost",
    }
)


def server_error(status: int) -> Response:
    """An answer that is not the API's own."""
    return HTMLResponse(f"<html><body><h1>{status}</h1>Something went wrong</body></html>", status)


SPOILING: dict[str, Callable[[], Response]] = {
    "revoke": lambda: refusal(401, "AuthenticationUnsuccessful"),
    "no_permission": lambda: refusal(401, "AuthorizationUnsuccessful"),
    "plan_too_low": lambda: refusal(401, "AuthorizationUnsuccessful"),
    "error_500": lambda: server_error(500),
    "organisation_offline": offline,
    "not_json": lambda: HTMLResponse("<html><body>Sign in</body></html>"),
}


def cut_short(body: Row, name: str) -> None:
    """Leave out the last row of the page, though the counts still tell of it."""
    body[name] = body[name][:-1]


def make_unreadable(body: Row, name: str, options: Mapping[str, Any]) -> None:
    """Let the first row have an amount (or, with `field: date`, a day) that nobody can read."""
    if not body[name]:
        return
    row = dict(body[name][0])
    if options.get("field") == "date" or "SubTotal" not in row:
        row |= {"Date": "/Date(soon)/", **({"DateString": "soon"} if "DateString" in row else {})}
    else:
        row["SubTotal"] = "about twelve"
    body[name] = [row, *body[name][1:]]
