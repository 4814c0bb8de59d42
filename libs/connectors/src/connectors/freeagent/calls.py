"""How FreeAgent is asked, page by page, and what its refusals and limits mean."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

import httpx
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, header_number, retry_after_s
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
from connectors.limits import Budget
from connectors.protocol import Account
from connectors.rows import Row, day, listed, mapping, parse_json, text
from connectors.session import Session

T = TypeVar("T")

ENDPOINTS = {"production": "https://api.freeagent.com/v2", "sandbox": "https://api.sandbox.freeagent.com/v2"}
PAGE_SIZE = 100
MAX_ROWS = 100_000
THROTTLE_S = 60.0
# The vendor's forum tells of spells of false 403 answers; its minute is longer than a process waits.
FORBIDDEN_AGAIN_S = 20.0
DISABLED = "API access is disabled"
_TOTAL = "x-total-count"


class LongListError(UnreadableAnswerError):
    """The list has more rows than are wanted row by row."""


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key, environment = account.account_key, account.settings["environment"]
    subdomain = account.settings.get("subdomain", "")

    def sign(call: Call, _now: datetime) -> Call:
        client = {"X-Subdomain": subdomain} if subdomain else {}
        token = bearer(account.access.values["access_token"])
        return call.with_headers({"Authorization": token, "Accept": "application/json", **client})

    return Host(
        provider=Provider.FREEAGENT,
        address=session.endpoint(Provider.FREEAGENT, environment, ENDPOINTS[environment]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, now: refusal(response, now, key, is_client=bool(subdomain)),
    )


async def pages(
    api: Api,
    path: str,
    params: Mapping[str, str],
    *,
    kind: CallKind = CallKind.READ,
    at_most: int = MAX_ROWS,
) -> list[Row]:
    """All rows of a list; LongListError where the first page already tells that they are too many."""
    rows: dict[str, Row] = {}
    total = None
    for number in range(1, MAX_ROWS // PAGE_SIZE + 1):
        paged = {**params, "per_page": str(PAGE_SIZE), "page": str(number)}
        response = await api.send(Call(path=path, params=paged), kind)
        received = _rows(response, path)
        known = len(rows)
        # Newest first, a new document pushes the others to the next page: a row that comes twice is one.
        rows |= {text(row, "url"): row for row in received}
        if number == 1:
            total = header_number(response, _TOTAL)
        if total is not None and total > at_most:
            raise LongListError(f"{path} has {total} rows")
        if not _goes_on(response, len(received)):
            break
        if len(rows) == known:
            raise UnreadableAnswerError(f"{path} goes on but gives no new rows")
    else:
        raise LongListError(f"{path} does not end")
    if total is not None and len(rows) < total:
        raise UnreadableAnswerError(f"a list of {total} rows came with {len(rows)}")
    return list(rows.values())


async def count(api: Api, path: str, params: Mapping[str, str]) -> int:
    """How many rows a list has: one call where the header tells (*unconfirmed* for ledger and journals)."""
    response = await api.send(Call(path=path, params={**params, "per_page": "1"}))
    _rows(response, path)
    total = header_number(response, _TOTAL)
    return len(await pages(api, path, params)) if total is None else total


async def patiently(api: Api, ask: Callable[[], Awaitable[T]]) -> T:
    """What is answered, if need be after a while: a single 403 may be false."""
    try:
        return await ask()
    except ForbiddenError as error:
        if error.detail == DISABLED:
            raise
    await api.session.clock.sleep(FORBIDDEN_AGAIN_S)
    return await ask()


def period(first: Month, last: Month | None = None) -> dict[str, str]:
    """Both ends belong to the period (*unconfirmed*)."""
    return {"from_date": first.first_day.isoformat(), "to_date": (last or first).last_day.isoformat()}


def dated_on(row: Row) -> date:
    """The day of the British calendar that every record has."""
    return day(row, "dated_on")


def refusal(response: httpx.Response, now: datetime, key: str, *, is_client: bool) -> ConnectorError | None:
    """None for a good answer; bodies of errors come in several shapes, so that only words are looked for."""
    status, where = response.status_code, response.request.url.path
    if 200 <= status < 300:
        return None
    if status == 429:
        wait_s = max(1.0, retry_after_s(response, now, THROTTLE_S))
        return ThrottledError("429", retry_after_s=wait_s, budget_key=key)
    if status >= 500:
        return ProviderDownError(f"{status} at {where}")
    if status in {401, 403} or (status == 404 and is_client and where.endswith("/company")):
        return _no_entry(response, is_client=is_client)
    return RejectedRequestError(f"{status} at {where}", status=status)


def _no_entry(response: httpx.Response, *, is_client: bool) -> ConnectorError:
    if DISABLED.lower() in response.text.lower():
        cause = "The company is cancelled, or its API access is switched off in FreeAgent."
        return ForbiddenError(DISABLED, cause=cause)
    # *Unconfirmed* how a practice's wrong subdomain is answered, so each refusal names it.
    wrong = " Or the subdomain is not that of one of the practice's clients." if is_client else ""
    if response.status_code == 401:
        cause = f"The consent has ended or was withdrawn: authorise again.{wrong}"
        return AccessRefusedError("the access token is not accepted", cause=cause)
    cause = f"The access level of the user who gave the consent is too low: 7 reads everything.{wrong}"
    return ForbiddenError(f"{response.status_code} at {response.request.url.path}", cause=cause)


def _rows(response: httpx.Response, path: str) -> list[Row]:
    name = path.rpartition("/")[2]
    return listed(mapping(parse_json(response.content), path).get(name), name)


def _goes_on(response: httpx.Response, received: int) -> bool:
    """A link to the next page; its address is never followed. Without any links a full page goes on."""
    if "link" not in response.headers:
        return received >= PAGE_SIZE
    return 'rel="next"' in response.headers["link"] or "rel='next'" in response.headers["link"]
