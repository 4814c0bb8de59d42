"""How SmartAccounts is asked, and what its answers and refusals mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from connectors.api import Api, Call, Host, SignAgainError, clock_ahead, query_text, retry_after_s
from connectors.auth import hmac_sha256_hex
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
from connectors.limits import DAY_S, Budget
from connectors.pagination import NumberedPage, numbered_pages
from connectors.protocol import Access, Account
from connectors.rows import Row, flag, identifier, listed, parse_json
from connectors.session import Session

ENDPOINTS = {"api": "https://sa.smartaccounts.eu/en/api"}
PAGE_SIZE = 100  # today's; only hasMoreEntries ends a list
NOTABLE_SKEW_S = 600.0
DEFAULT_WAIT_S = 60.0
LONGEST_MINUTE_S = 3600.0  # who is told to wait longer has used up the day
# *unconfirmed*: the words of errors
LIMIT_WORDS = ("limit",)
DAY_WORDS = ("daily", "day", "24 h", "24h")
BILLING_WORDS = ("billing", "payment")
BILLING_WORDS_OF_ERRORS = ("service",)  # elsewhere it is a gateway's "service unavailable"
RIGHT_WORDS = ("permission", "rights", "õigus")
_TALLINN = ZoneInfo("Europe/Tallinn")
_CODE = re.compile(r"[A-Z0-9-]{1,80}")


@dataclass(frozen=True, slots=True)
class _Told:
    """What a refusal says; never part of an error's text but for a code of the vendor's form."""

    code: str
    words: str
    in_errors: bool

    def names(self, words: tuple[str, ...]) -> bool:
        return any(word in self.words for word in words)


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    timepiece = Timepiece()
    return Host(
        provider=Provider.SMARTACCOUNTS,
        address=session.endpoint(Provider.SMARTACCOUNTS, "api", ENDPOINTS["api"]),
        account_key=account.account_key,
        budgets=budgets,
        sign=lambda call, now: signed(call, account.access, now + timepiece.ahead),
        refusal=lambda response, now: _refusal(response, now, account.account_key, timepiece),
    )


def signed(call: Call, access: Access, now: datetime) -> Call:
    """The call with Estonian time, public key and signature, which covers the query as it is sent."""
    timestamp = f"{now.astimezone(_TALLINN):%d%m%Y%H%M%S}"
    params = {"timestamp": timestamp, "apikey": access.values["api_key"], **call.params}
    signature = hmac_sha256_hex(access.values["api_secret"], query_text(params).encode() + call.body)
    return replace(call, params={**params, "signature": signature})


async def listed_rows(api: Api, service: str) -> list[Row]:
    """All rows of a list that has no pages."""
    return _rows_of(await api.json(Call(path=f"/{service}:get")), service)


async def paged_rows(api: Api, service: str, params: Mapping[str, str]) -> list[Row]:
    """All rows of a list, until it says that there are no more."""

    async def fetch(number: int) -> NumberedPage:
        answer, rows = await _page(api, service, params, number)
        # A bare array does not tell whether it is the last: an empty one is.
        is_more = flag(answer, "hasMoreEntries") if isinstance(answer, dict) else bool(rows)
        return NumberedPage(rows, number + is_more, None)

    return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: identifier(row, "id"))


async def first_page(api: Api, service: str, params: Mapping[str, str]) -> None:
    """One call that shows whether the list may be read."""
    await _page(api, service, params, 1)


async def _page(api: Api, service: str, params: Mapping[str, str], number: int) -> tuple[Any, list[Row]]:
    answer = await api.json(Call(path=f"/{service}:get", params={**params, "pageNumber": str(number)}))
    return answer, _rows_of(answer, service)


def _rows_of(answer: Any, service: str) -> list[Row]:
    """A bare array, or the only one whose key is not `deleted`: the vendor does not print the keys."""
    if not isinstance(answer, dict):
        return listed(answer, service)
    found = [value for key, value in answer.items() if key != "deleted" and isinstance(value, list)]
    if len(found) != 1:
        raise UnreadableAnswerError(f"{service} does not hold one list")
    return listed(found[0], service)


def _refusal(
    response: httpx.Response, now: datetime, account_key: str, timepiece: Timepiece
) -> ConnectorError | None:
    status, told = response.status_code, _told(response)
    where = f"{status} {told.code}".rstrip() + f" at {response.request.url.path}"
    if status == 200:
        return None
    if status in {429, 503}:
        return _unavailable(response, now, told, account_key)
    if status >= 500:
        return ProviderDownError(where, tries=2 if status == 500 else None)
    if status == 401 and not told.names(RIGHT_WORDS):
        return _refused_access(response, now, timepiece)
    if status in {401, 403}:
        return ForbiddenError(
            where,
            cause="The user group API lacks a right; an administrator grants it: Settings > User groups.",
        )
    return RejectedRequestError(where, status=status, vendor_code=told.code)


def _unavailable(response: httpx.Response, now: datetime, told: _Told, account_key: str) -> ConnectorError:
    """A limit, an unpaid bill or an outage: one status stands for all three."""
    status = response.status_code
    if status == 429 or "retry-after" in response.headers or told.names(LIMIT_WORDS):
        return _limit(response, now, told, account_key)
    if told.names(BILLING_WORDS) or (told.in_errors and told.names(BILLING_WORDS_OF_ERRORS)):
        return ForbiddenError(
            "503 for a bill",
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="SmartAccounts reports an unpaid bill for the company or its API service: settle it there.",
        )
    return ProviderDownError("503", tries=2)


def _limit(response: httpx.Response, now: datetime, told: _Told, account_key: str) -> ThrottledError:
    """A wait as told, else a minute, or until the next day where the day's limit is named."""
    is_daily = told.names(DAY_WORDS)
    default_s = _until_tomorrow_s(now) if is_daily else DEFAULT_WAIT_S
    wait_s = min(max(1.0, retry_after_s(response, now, default_s)), DAY_S)
    return ThrottledError(
        f"{response.status_code}",
        retry_after_s=wait_s,
        budget_key=account_key,
        daily=is_daily or wait_s > LONGEST_MINUTE_S,
    )


def _until_tomorrow_s(now: datetime) -> float:
    local = now.astimezone(_TALLINN)
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.timestamp() - now.timestamp()


def _refused_access(response: httpx.Response, now: datetime, timepiece: Timepiece) -> ConnectorError:
    ahead = clock_ahead(response, now)
    if abs(ahead.total_seconds()) < NOTABLE_SKEW_S:
        return AccessRefusedError(
            "401",
            cause="The keys were revoked, or the secret key belongs to another public key: copy both again.",
        )
    timepiece.ahead = ahead
    return SignAgainError(
        f"401, and clocks are {ahead.total_seconds():.0f} s apart",
        cause="The clock of this machine is wrong, or the secret key does not belong to this public key.",
    )


def _told(response: httpx.Response) -> _Told:
    """The first error's code and all errors' words; else a message, or the bare text."""
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return _Told("", "" if "<" in response.text else response.text.lower(), in_errors=False)
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and errors and all(isinstance(error, dict) for error in errors):
        words = " ".join(f"{error.get('code')} {error.get('message')}" for error in errors)
        code = str(errors[0].get("code"))
        return _Told(code if _CODE.fullmatch(code) else "", words.lower(), in_errors=True)
    message = (body.get("message") or body.get("error")) if isinstance(body, dict) else body
    return _Told("", str(message).lower(), in_errors=False)
