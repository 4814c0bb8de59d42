"""How QuickBooks Online is asked, and what its refusals and limits mean."""

import random
import re
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from connectors.api import Call, Host, retry_after_s
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
from connectors.limits import Budget, Limiter
from connectors.protocol import Account
from connectors.rows import Row, parse_json
from connectors.session import Session

ENDPOINTS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
    "login": "https://appcenter.intuit.com",
    "identity": "https://oauth.platform.intuit.com",
    "revocation": "https://developer.api.intuit.com",
}
ENVIRONMENTS = ("production", "sandbox")
MINOR_VERSION = "75"
TOO_OLD_TOKEN = 3200
NOT_CONNECTED = 3100
THROTTLED = 3001
NO_RIGHT = frozenset({3201, 5020})  # *unconfirmed*: 5020
SUBSCRIPTION_ENDED = frozenset({6190, 6200})  # *unconfirmed*: both, and their status
SYSTEM_FAULT = 10000
THROTTLE_WAIT_S = 60.0
# The month's quota of the app answers as the minute's limit does: whoever waited in vain waits for hours.
WAITS_IN_VAIN = 3
QUOTA_WAIT_S = 4 * 3600.0
_TRACE_ID = re.compile(r"[\w.:-]{1,80}")


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key, environment = account.account_key, account.settings["environment"]
    token = account.access.values["access_token"]

    def sign(call: Call, _now: datetime) -> Call:
        versioned = replace(call, params={**call.params, "minorversion": MINOR_VERSION})
        return versioned.with_headers({"Authorization": bearer(token), "Accept": "application/json"})

    def observe(limiter: Limiter, response: httpx.Response) -> None:
        if response.status_code == 200:
            limiter.passed(key)

    address = session.endpoint(Provider.QUICKBOOKS, environment, ENDPOINTS[environment])
    return Host(
        provider=Provider.QUICKBOOKS,
        address=f"{address}/v3/company/{quote(account.settings['realm_id'], safe='')}",
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, now: _refusal(response, now, key, session.limiter),
        observe=observe,
    )


def fault_error(fault: Row, where: str) -> ConnectorError:
    """What a Fault of an answer, or of one item of a batch, means."""
    codes = fault_codes(fault)
    code = str(min(codes)) if codes else ""
    told = f"code {code or 'unknown'} at {where}"
    if TOO_OLD_TOKEN in codes:
        return _unauthorized(told)
    if NOT_CONNECTED in codes:
        return ForbiddenError(
            told,
            cause="The company is not connected to this app, or it belongs to the other environment: "
            "check company ID and environment, then connect again.",
        )
    if codes & NO_RIGHT:
        return ForbiddenError(
            told,
            cause="The user who connected lacks rights in QuickBooks: connect as an administrator.",
        )
    if codes & SUBSCRIPTION_ENDED:
        return ForbiddenError(
            told,
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="The company's QuickBooks subscription has ended: it must be renewed.",
        )
    if codes & {SYSTEM_FAULT, THROTTLED}:
        return ProviderDownError(told)
    return RejectedRequestError(told, vendor_code=code)


def fault_codes(fault: Row) -> frozenset[int]:
    """The codes as numbers: 003200 is 3200."""
    errors = fault.get("Error", fault.get("error"))
    told = [error.get("code") for error in errors if isinstance(error, dict)] if errors else []
    return frozenset(int(code) for code in map(str, told) if code.isascii() and code.isdecimal())


def _refusal(response: httpx.Response, now: datetime, key: str, limiter: Limiter) -> ConnectorError | None:
    status, where = response.status_code, _where(response)
    if response.content.lstrip()[:1] == b"<":
        return ProviderDownError(f"{status} with a page at {where}")
    fault = _fault(response)
    if status == 200 and fault is None:
        return None
    codes = fault_codes(fault or {})
    if status == 429 or THROTTLED in codes:
        return _throttled(response, now, key, limiter)
    if status >= 500:
        return ProviderDownError(f"{status} at {where}")
    return _refused(status, fault_error(fault or {}, where), where)


def _refused(status: int, error: ConnectorError, where: str) -> ConnectorError:
    """What the codes say; where they say nothing, the status."""
    if not isinstance(error, RejectedRequestError):
        return error
    if status == 401:
        return _unauthorized(f"401 at {where}")
    if status == 403:
        return ForbiddenError(f"403 at {where}", cause="QuickBooks refuses the company: connect again.")
    return RejectedRequestError(error.detail, status=status, vendor_code=error.vendor_code)


def _throttled(response: httpx.Response, now: datetime, key: str, limiter: Limiter) -> ThrottledError:
    """A minute and a little, or what Retry-After says (*unconfirmed* that it ever comes)."""
    if limiter.strike(key) > WAITS_IN_VAIN:
        return ThrottledError(
            "the month's quota seems used up", retry_after_s=QUOTA_WAIT_S, budget_key=key, daily=True
        )
    wait_s = retry_after_s(response, now, THROTTLE_WAIT_S * random.uniform(1.0, 1.25))  # noqa: S311 (jitter)
    return ThrottledError("3001", retry_after_s=max(1.0, wait_s), budget_key=key)


def _unauthorized(detail: str) -> AccessRefusedError:
    return AccessRefusedError(detail, cause="The consent has ended or was revoked: connect again.")


def _fault(response: httpx.Response) -> Row | None:
    """The Fault of an answer, in either spelling; 200s are parsed only where one may be."""
    if response.status_code == 200 and b'"fault"' not in response.content[:4096].lower():
        return None
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return None
    found = (body.get("Fault") or body.get("fault")) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else None


def _where(response: httpx.Response) -> str:
    """The kind of call without the company's id, and the id under which Intuit finds it."""
    name = response.request.url.path.partition("/company/")[2].partition("/")[2].partition("/")[0]
    trace_id = response.headers.get("intuit_tid", "")
    return f"{name}, intuit_tid {trace_id}" if _TRACE_ID.fullmatch(trace_id) else name
