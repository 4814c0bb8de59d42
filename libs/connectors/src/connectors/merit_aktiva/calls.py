"""How Merit Aktiva is asked, and what its answers and refusals mean."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from connectors.api import Api, Call, Host, SignAgainError, clock_ahead, header_number, retry_after_s
from connectors.auth import hmac_sha256
from connectors.clock import Timepiece
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
from connectors.protocol import Access, Account
from connectors.rows import parse_json
from connectors.session import Session

ENDPOINTS = {
    "ee": "https://aktiva.merit.ee/api",
    "fi": "https://app.passelimerit.fi/api",
    "pl": "https://program.360ksiegowosc.pl/api",
}
Body = dict[str, str | int]
MAX_RETRY_AFTER_S = 60.0
NOTABLE_SKEW_S = 60.0
_STACK_TRACE = re.compile(rb"System\.|Exception:|\r?\n? {3}at ")


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    country = account.settings["country"].lower()
    timepiece = Timepiece()

    def observe(limiter: Limiter, response: httpx.Response) -> None:
        limit = header_number(response, "x-ratelimit-limit")
        remaining = header_number(response, "x-ratelimit-remaining")
        if limit is not None and remaining is not None:
            limiter.correct(budgets[0], account.account_key, limit - remaining)

    return Host(
        provider=Provider.MERIT_AKTIVA,
        address=session.endpoint(Provider.MERIT_AKTIVA, country, ENDPOINTS[country]),
        account_key=account.account_key,
        budgets=budgets,
        sign=lambda call, now: signed(call, account.access, now + timepiece.ahead),
        refusal=lambda response, now: _refusal(response, now, account.account_key, timepiece),
        observe=observe,
    )


async def post(api: Api, path: str, body: Body) -> Any:
    """The parsed answer; an empty one is an empty list, one in a string is unpacked."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    call = Call(method="POST", path=path, body=content, headers={"Content-Type": "application/json"})
    received = (await api.send(call)).content
    if not received.strip():
        return []
    value = parse_json(received)
    return parse_json(value.encode()) if isinstance(value, str) else value


def signed(call: Call, access: Access, now: datetime) -> Call:
    """The call with id, UTC timestamp and signature in its query; the signature covers the bytes sent."""
    api_id, timestamp = access.values["api_id"], f"{now:%Y%m%d%H%M%S}"
    signature = hmac_sha256(access.values["api_key"], f"{api_id}{timestamp}".encode() + call.body)
    return replace(call, params={"ApiId": api_id, "timestamp": timestamp, "signature": signature})


def _refusal(
    response: httpx.Response, now: datetime, account_key: str, timepiece: Timepiece
) -> ConnectorError | None:
    status = response.status_code
    if status == 200:
        return (
            ProviderDownError("200 with a stack trace", tries=2)
            if _is_stack_trace(response.content)
            else None
        )
    if status == 429:
        wait_s = min(MAX_RETRY_AFTER_S, max(1.0, retry_after_s(response, now, 2.0)))
        return ThrottledError("429", retry_after_s=wait_s, budget_key=account_key)
    if status >= 500:
        return ProviderDownError(f"{status}", tries=2 if status == 500 else None)
    if status in {400, 401}:
        return _refused_access(response, now, timepiece)
    if status == 403:
        return ForbiddenError("403")
    return RejectedRequestError(f"{status} at {response.request.url.path}", status=status)


def _refused_access(response: httpx.Response, now: datetime, timepiece: Timepiece) -> ConnectorError:
    told = response.text
    if "api-wrongsignature" in told.lower():
        return _wrong_signature(response, now, timepiece)
    if "api-wronglicense" in told.lower() or "PREMIUM" in told.upper():
        return ForbiddenError(
            "the licence lacks the API",
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="The company's creator has no PRO or PREMIUM licence.",
        )
    if response.status_code == 400 and told.strip():
        return RejectedRequestError(f"400 at {response.request.url.path}", status=400)
    return AccessRefusedError(
        f"{response.status_code} without a reason",
        cause="The API ID is unknown or revoked, or it belongs to another country: check both.",
    )


def _wrong_signature(response: httpx.Response, now: datetime, timepiece: Timepiece) -> ConnectorError:
    ahead = clock_ahead(response, now)
    if abs(ahead.total_seconds()) < NOTABLE_SKEW_S:
        return AccessRefusedError(
            "the signature does not match",
            cause="The API key does not belong to this API ID, or the clock of this machine is wrong.",
        )
    timepiece.ahead = ahead
    return SignAgainError(
        f"the signature does not match, and clocks are {ahead.total_seconds():.0f} s apart",
        cause="The clock of this machine is wrong, or the API key does not belong to this API ID.",
    )


def _is_stack_trace(body: bytes) -> bool:
    """True for text that is no JSON list or object; names in real answers may hold the same words."""
    start = body.lstrip()[:1]
    if start in {b"[", b"{", b""}:
        return False
    if start == b'"':
        try:
            return _is_stack_trace(parse_json(body).encode())
        except UnreadableAnswerError:
            return False
    return _STACK_TRACE.search(body) is not None
