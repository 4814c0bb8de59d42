"""How Xero is asked, and what its refusals and limits mean."""

import random
from datetime import datetime

import httpx
from sync_contracts.providers import Provider

from connectors.api import Call, Host, header_number, retry_after_s
from connectors.auth import bearer
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.limits import Budget, Limiter, budget_key
from connectors.protocol import Account
from connectors.rows import parse_json
from connectors.session import Session

ENDPOINTS = {
    "api": "https://api.xero.com",
    "identity": "https://identity.xero.com",
    "login": "https://login.xero.com",
}
MINUTE_LIMIT = 60
# Other processes and the other limits of the app need some room too.
APP_RESERVE = 100
APP_RESERVE_WAIT_S = 5.0
# The last calls of a day are for people; when it resets is *unconfirmed*, so we look again after an hour.
DAY_RESERVE = 100
DAY_RESERVE_WAIT_S = 3600.0
NOT_CONNECTED = "403: the organisation is not connected"
TRIES = 4
_ORGANISATION = "/Organisation"


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key = account.account_key
    minute, app = budgets

    def sign(call: Call, _now: datetime) -> Call:
        headers = {
            "Authorization": bearer(account.access.values["access_token"]),
            "Accept": "application/json",
        }
        tenant = account.settings.get("tenant_id")
        if tenant:
            headers["xero-tenant-id"] = tenant
        return call.with_headers(headers)

    def observe(limiter: Limiter, response: httpx.Response) -> None:
        left = header_number(response, "x-minlimit-remaining")
        if left is not None:
            limiter.correct(minute, key, MINUTE_LIMIT - left)
        left = header_number(response, "x-appminlimit-remaining")
        if left is not None and left < APP_RESERVE:
            limiter.pause(budget_key(app, Provider.XERO, key), APP_RESERVE_WAIT_S)
        left = header_number(response, "x-daylimit-remaining")
        if left is not None and left < DAY_RESERVE and not response.request.url.path.endswith(_ORGANISATION):
            limiter.pause(key, DAY_RESERVE_WAIT_S, daily=True)

    return Host(
        provider=Provider.XERO,
        address=session.endpoint(Provider.XERO, "api", ENDPOINTS["api"]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, now: _refusal(response, now, key, budget_key(app, Provider.XERO, key)),
        observe=observe,
        tries=TRIES,
    )


def _refusal(response: httpx.Response, now: datetime, key: str, app_key: str) -> ConnectorError | None:
    status, where = response.status_code, response.request.url.path
    if status in {200, 204}:
        return None
    if status == 401:
        return _unauthorized(_told(response, "detail"))
    if status == 403:
        return AccessRefusedError(NOT_CONNECTED, cause="The organisation is not connected: authorise again.")
    if status == 429:
        return _throttled(response, now, key, app_key)
    if status >= 500 and status != 501:
        return ProviderDownError(f"{status} at {where}")
    return RejectedRequestError(
        f"{status} at {where}", status=status, vendor_code=_told(response, "errornumber")
    )


def _unauthorized(detail: str) -> ConnectorError:
    if detail.startswith("AuthorizationUnsuccessful"):
        return ForbiddenError(
            "401 AuthorizationUnsuccessful",
            cause="The consent lacks a scope, or the user has lost a right, such as the one for reports.",
        )
    expired = detail.startswith("TokenExpired")
    return AccessRefusedError(
        "the access token has expired" if expired else "the access token is not accepted",
        cause="The consent has ended: authorise again.",
    )


def _throttled(response: httpx.Response, now: datetime, key: str, app_key: str) -> ThrottledError:
    """The limit that was hit, by the beginning of its name: its spelling differs."""
    problem = response.headers.get("x-rate-limit-problem", "").strip().lower()
    if problem.startswith("concurrent"):
        wait_s = retry_after_s(response, now, random.uniform(1.0, 2.0))  # noqa: S311 (jitter)
        return ThrottledError("429 concurrent", retry_after_s=wait_s, budget_key=key)
    if problem.startswith("day"):
        wait_s = retry_after_s(response, now, DAY_RESERVE_WAIT_S)
        return ThrottledError("429 day", retry_after_s=wait_s, budget_key=key, daily=True)
    wait_s = max(1.0, retry_after_s(response, now, 60.0))
    if problem.startswith("app"):
        return ThrottledError("429 app", retry_after_s=wait_s, budget_key=app_key)
    return ThrottledError("429 minute", retry_after_s=wait_s, budget_key=key)


def _told(response: httpx.Response, name: str) -> str:
    """A field of an error's body, whose keys come in any case."""
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return ""
    fields = {str(key).lower(): value for key, value in body.items()} if isinstance(body, dict) else {}
    return str(fields.get(name) or "")
