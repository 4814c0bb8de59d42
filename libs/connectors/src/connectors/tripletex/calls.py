"""How Tripletex is asked, and what its refusals and limits mean."""

from collections.abc import Mapping
from datetime import datetime

import httpx
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, header_number
from connectors.auth import basic
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
from connectors.pagination import OffsetPage, offset_pages
from connectors.protocol import Account
from connectors.rows import Row, identifier, listed, mapping, parse_json, whole
from connectors.session import Session

ENDPOINTS = {"production": "https://tripletex.no/v2", "test": "https://api-test.tripletex.tech/v2"}
PAGE_SIZE = 1000
TOO_MANY_ROWS = "23000"
FEW_REMAINING = 5
DEFAULT_RESET_S = 10.0
# Paths that a client's own company must not stand before: they are the token owner's.
_OWNERS_PATHS = ("/company/", "/token/")


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key, environment = account.account_key, account.settings["environment"]
    token = account.access.values["session_token"]

    def sign(call: Call, _now: datetime) -> Call:
        company = "0" if call.path.startswith(_OWNERS_PATHS) else account.settings["company_id"]
        return call.with_headers({"Authorization": basic(company, token)})

    def observe(limiter: Limiter, response: httpx.Response) -> None:
        remaining = header_number(response, "x-rate-limit-remaining")
        if remaining is not None and remaining < FEW_REMAINING:
            limiter.pause(key, _reset_s(response))

    return Host(
        provider=Provider.TRIPLETEX,
        address=session.endpoint(Provider.TRIPLETEX, environment, ENDPOINTS[environment]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, _now: _refusal(response, key),
        observe=observe,
    )


def sign_in_host(session: Session, environment: str) -> Host:
    """The host before there is a session: whatever it refuses is about the tokens."""

    def refusal(response: httpx.Response, _now: datetime) -> ConnectorError | None:
        error = _refusal(response, f"{Provider.TRIPLETEX}/sign-in")
        if error is None or not 400 <= response.status_code < 500 or isinstance(error, ThrottledError):
            return error
        return AccessRefusedError(
            f"{response.status_code} at sign-in",
            cause="The employee token is wrong or has expired, or it belongs to the other environment.",
        )

    return Host(
        provider=Provider.TRIPLETEX,
        address=session.endpoint(Provider.TRIPLETEX, environment, ENDPOINTS[environment]),
        account_key=f"{Provider.TRIPLETEX}/sign-in",
        budgets=(),
        sign=lambda call, _now: call,
        refusal=refusal,
    )


async def listed_pages(
    api: Api, path: str, params: Mapping[str, str], *, kind: CallKind = CallKind.READ
) -> list[Row]:
    """All rows of a list."""

    async def fetch(offset: int) -> OffsetPage:
        paged = {**params, "from": str(offset), "count": str(PAGE_SIZE)}
        answer = mapping(await api.json(Call(path=path, params=paged), kind), path)
        rows = listed(answer.get("values"), "values")
        if whole(answer, "count") != len(rows):
            raise UnreadableAnswerError("a page does not hold the rows it counts")
        return OffsetPage(rows, whole(answer, "fullResultSize"))

    return await offset_pages(fetch, size=PAGE_SIZE, id_of=row_id)


def row_id(row: Row) -> str:
    """A record's id; rows of the balance sheet are named by their account."""
    return (
        identifier(row, "id") if "id" in row else identifier(mapping(row.get("account"), "account"), "number")
    )


def _refusal(response: httpx.Response, key: str) -> ConnectorError | None:
    status, where = response.status_code, response.request.url.path
    if 200 <= status < 300:
        return None
    if status == 401:
        return AccessRefusedError("the session is not accepted", cause="The employee token may have expired.")
    if status == 403:
        return ForbiddenError(
            f"403 at {where}", cause="The employee token lacks an entitlement, or the company a package."
        )
    if status == 429:
        return ThrottledError("429", retry_after_s=_reset_s(response), budget_key=key)
    if status >= 500:
        return ProviderDownError(f"{status} at {where}")
    code = _code(response)
    return RejectedRequestError(f"{status} code {code} at {where}", status=status, vendor_code=code)


def _reset_s(response: httpx.Response) -> float:
    """Seconds until the period ends, and one more."""
    told = header_number(response, "x-rate-limit-reset")
    return DEFAULT_RESET_S if told is None else told + 1.0


def _code(response: httpx.Response) -> str:
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return ""
    return str(body.get("code") or "") if isinstance(body, dict) else ""
