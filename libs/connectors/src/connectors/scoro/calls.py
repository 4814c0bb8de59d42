"""How Scoro is asked, and what its answers and refusals mean."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, retry_after_s
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
from connectors.pagination import NumberedPage, numbered_pages
from connectors.protocol import Account
from connectors.rest import Settings
from connectors.rows import Row, day, identifier, listed, mapping, parse_json
from connectors.scoro.site import ENDPOINTS, site_of
from connectors.session import Session

COMPANY, INVOICES, BILLS, EXPENSES = "companyAccount", "invoices", "bills", "expenses"
PAGE_SIZE = 100
# *unconfirmed*: the largest pages of servers that give fewer rows than asked for without a word.
CAPS = frozenset({25, 50, PAGE_SIZE})
MOST_UNFILTERED_PAGES = 50
TRIES = 4
PATIENCE = 0.75  # 45 s of the usual 60
THROTTLE_WAITS_S = (2.0, 4.0, 8.0, 15.0)
DAILY_WAIT_S = 3600.0
# *unconfirmed*: the words of errors, whatever their status is.
_AUTH = re.compile(r"\bapi ?_?key\b|\bauth(entication|enticated|orization|orized)\b|\bunauthori[sz]ed\b")
_ENTITY = re.compile(r"\bcompany[ _]account")
_RIGHT = re.compile(r"\bpermissions?\b|\baccess\b|\brights?\b")
_PLAN = re.compile(r"\bplans?\b|\bsubscription\b|\bpackage\b")
_DAY = re.compile(r"\bdaily\b|\bday\b")

WRONG_ENTITY = (
    "The company account ID does not belong to this site and API key: copy it from the column"
    " company_account_id in Settings > Site settings > Integrations > Scoro API."
)
WRONG_KEY = (
    "The API key is wrong, switched off or replaced by a newer one, or it belongs to another site or company"
    " account ID: copy them again from Settings > Site settings > Integrations > Scoro API."
)


class PageError(ProviderDownError):
    """A page for people where JSON belongs: maintenance, or nobody's site; asking again at once is no use."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer says of itself; its words are never part of an error's text."""

    code: int
    is_fine: bool
    words: str = ""
    is_page: bool = False


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key, limiter, site = account.account_key, session.limiter, site_of(account.settings["site"])

    return Host(
        provider=Provider.SCORO,
        address=session.endpoint(Provider.SCORO, site.domain, ENDPOINTS[site.domain], site=site.name),
        account_key=key,
        budgets=budgets,
        sign=lambda call, _now: with_keys(call, account.access.values["api_key"], account.settings),
        refusal=lambda response, now: _refusal(response, now, key, limiter),
        tries=TRIES,
    )


def with_keys(call: Call, api_key: str, settings: Settings) -> Call:
    """The call with the keys in its body, where the vendor wants them."""
    keys = {"lang": "eng", "company_account_id": settings["company_account_id"], "apiKey": api_key}
    return replace(call, body=json.dumps({**keys, "request": {}, **json.loads(call.body)}).encode())


async def listed_rows(
    api: Api, module: str, asked: Mapping[str, Any], kind: CallKind = CallKind.READ
) -> list[Row]:
    """The rows of one page; everything is a POST, reading too."""
    call = Call(
        method="POST",
        path=f"/{module}/list",
        body=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
        patience=PATIENCE,
    )
    answer = mapping(await api.json(call, kind), module)
    return listed(answer.get("data"), "data")


async def paged_rows(api: Api, module: str, first: date, last: date) -> list[Row]:
    """All rows dated on these days, both included, and others where the server ignores the days.

    Nothing tells how many there are: a page is the last when it is smaller than those before it.
    """
    asked = {"filter": period(first, last), "per_page": PAGE_SIZE}
    size = 0
    is_unfiltered = False

    async def fetch(number: int) -> NumberedPage:
        nonlocal size, is_unfiltered
        rows = await listed_rows(api, module, {**asked, "page": number})
        size = size or len(rows)
        if len(rows) > min(size, PAGE_SIZE):
            raise UnreadableAnswerError("a page holds more rows than a page can")
        goes_on = size in CAPS and len(rows) == size
        is_unfiltered = is_unfiltered or any(not first <= day(row, "date") <= last for row in rows)
        if is_unfiltered and goes_on and number >= MOST_UNFILTERED_PAGES:
            raise RejectedRequestError(f"{module}: the days asked for are ignored, and the list is too long")
        return NumberedPage(rows, number + goes_on, None)

    return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: identifier(row, "id"))


def period(first: date, last: date) -> dict[str, Any]:
    """*unconfirmed*: that documents' `date` is filtered in this form, known of `modified_date`."""
    return {"date": {"from_date": first.isoformat(), "to_date": last.isoformat()}}


def _refusal(response: httpx.Response, now: datetime, key: str, limiter: Limiter) -> ConnectorError | None:
    told, where = _told(response), response.request.url.path
    if told.code == 429:
        return _throttled(response, now, told, key, limiter)
    if told.code >= 500:
        return ProviderDownError(f"{told.code} at {where}")
    if told.is_page or 300 <= told.code < 400:
        return PageError(f"{told.code} at {where}, not JSON", tries=1)
    if not told.is_fine:
        return _refused(told, f"{told.code} at {where}", is_company=where.endswith(f"/{COMPANY}/list"))
    limiter.passed(key)
    return None


def _refused(told: _Told, where: str, *, is_company: bool) -> ConnectorError:
    if _ENTITY.search(told.words):
        return AccessRefusedError(where, cause=WRONG_ENTITY)
    if told.code == 401 or _AUTH.search(told.words):
        return AccessRefusedError(where, cause=WRONG_KEY)
    if told.code == 403 or _RIGHT.search(told.words) or _PLAN.search(told.words):
        return _forbidden(told, where, is_company=is_company)
    return RejectedRequestError(where, status=told.code)


def _forbidden(told: _Told, where: str, *, is_company: bool) -> ConnectorError:
    """Every key may see its company; the finance modules need a plan that has them."""
    if _PLAN.search(told.words) or not (is_company or _RIGHT.search(told.words)):
        return ForbiddenError(
            where,
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="The site's plan does not have this module: invoices, bills and expenses are all needed.",
        )
    if is_company:
        return AccessRefusedError(where, cause=WRONG_ENTITY)
    return ForbiddenError(
        where, cause="The API key may not see this module: an administrator of the site can allow it."
    )


def _throttled(
    response: httpx.Response, now: datetime, told: _Told, key: str, limiter: Limiter
) -> ThrottledError:
    """A wait as told, else longer each time; an hour where the day's calls are used up."""
    strikes = min(limiter.strike(key), len(THROTTLE_WAITS_S))
    usual_s = DAILY_WAIT_S if _DAY.search(told.words) else THROTTLE_WAITS_S[strikes - 1]
    wait_s = max(1.0, retry_after_s(response, now, usual_s))
    return ThrottledError("429", retry_after_s=wait_s, budget_key=key, daily=wait_s >= DAILY_WAIT_S)


def _told(response: httpx.Response) -> _Told:
    """The body decides before the status; one that is no JSON object says nothing."""
    status = response.status_code
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        is_page = "html" in response.headers.get("content-type", "") or response.content.lstrip()[:1] == b"<"
        return _Told(status, status == 200, is_page=is_page)
    if not isinstance(body, dict):
        return _Told(status, status == 200)
    code = _status_code(body.get("statusCode"), status)
    is_fine = code == 200 and str(body.get("status") or "OK").upper() == "OK"
    return _Told(code, is_fine, "" if is_fine else _words([body.get("messages"), body.get("errors")]).lower())


def _status_code(told: Any, status: int) -> int:
    """A number, also in quotes; a 200 does not outweigh an HTTP error."""
    code = int(told) if re.fullmatch(r"[1-5][0-9]{2}", str(told)) else status
    return status if code == 200 else code


def _words(told: Any) -> str:
    """All texts of a message, which may be a text, a list or an object of either."""
    if isinstance(told, dict):
        return _words(list(told.values()))
    if isinstance(told, list):
        return " ".join(_words(one) for one in told)
    return told if isinstance(told, str) else ""
