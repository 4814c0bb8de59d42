"""How e-conomic is asked, and what its refusals and limits mean."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, header_number, retry_after_s
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
from connectors.protocol import Access, Account
from connectors.rows import Row, identifier, listed, mapping, parse_json, text, whole
from connectors.session import Session

logger = logging.getLogger(__name__)

ENDPOINTS = {"api": "https://restapi.e-conomic.com", "secure": "https://secure.e-conomic.com"}
SELF, SALES, YEARS = "/self", "/invoices/booked", "/accounting-years"
PAGE_SIZE = 1000
TRIES = 5
# *unconfirmed*: that a throttle comes as 429 and tells its seconds.
DEFAULT_WAIT_S = 8.0
DAILY_WAIT_S = 3600.0
DEMO = "demo"  # opens the vendor's public demo agreement, as secret and as grant
TOKEN = r"[!-~]{1,200}"  # noqa: S105 (a pattern)
_OTHER_APPS = "E02250"
_NOT_A_RIGHT = frozenset({400, 404, 405, 409, 415})
_YEARS_ENTRIES = re.compile(r"/[A-Za-z0-9_]+/entries")


class TooManyRowsError(Exception):
    """A list is longer than it may be for its pages to be trusted."""


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key = account.account_key

    def sign(call: Call, _now: datetime) -> Call:
        return call.with_headers(_headers(session, account.access))

    return Host(
        provider=Provider.E_CONOMIC,
        address=session.endpoint(Provider.E_CONOMIC, "api", ENDPOINTS["api"]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, now: _refusal(response, now, key),
        observe=_observe,
        tries=TRIES,
    )


async def identify(api: Api) -> Books:
    """The agreement that the grant opens, for any role."""
    told = mapping(await api.json(Call(path=SELF), CallKind.IDENTITY), "self")
    return Books(
        external_id=str(whole(told, "agreementNumber")),
        name=text(mapping(told.get("company"), "company"), "name"),
        currency=text(mapping(told.get("settings"), "settings"), "baseCurrency"),
    )


async def listed_pages(
    api: Api,
    path: str,
    params: Mapping[str, str],
    *,
    id_name: str,
    tail: str = "",
    most: int | None = None,
) -> list[Row]:
    """All rows of a collection; TooManyRowsError when it has more than `most`."""

    async def fetch(number: int) -> NumberedPage:
        paged = {**params, "pagesize": str(PAGE_SIZE), "skippages": str(number - 1)}
        answer = mapping(await api.json(Call(path=path, path_tail=tail, params=paged)), path)
        told = mapping(answer.get("pagination"), "pagination")
        results = whole(told, "results")
        if most is not None and results > most:
            raise TooManyRowsError
        goes_on = told.get("nextPage") is not None
        return NumberedPage(listed(answer.get("collection"), "collection"), number + goes_on, results)

    return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: identifier(row, id_name))


async def probe(api: Api, path: str) -> None:
    """One row, to learn whether the grant reaches so far."""
    await api.json(Call(path=path, params={"pagesize": "1"}))


def entries_tail(link: str, address: str) -> str:
    """What follows the path of the accounting years; a link to anywhere else is refused."""
    asked, told = urlsplit(address + YEARS), urlsplit(link)
    tail = told.path.removeprefix(asked.path)
    is_below = (told.scheme, told.netloc) == (asked.scheme, asked.netloc) and told.path != tail
    if not is_below or not _YEARS_ENTRIES.fullmatch(tail):
        raise UnreadableAnswerError("a link to an accounting year's entries leads elsewhere")
    return tail


def _headers(session: Session, access: Access) -> Mapping[str, str]:
    grant = access.values["agreement_grant_token"]
    return {
        "X-AppSecretToken": DEMO if grant == DEMO else _app_secret(session),
        "X-AgreementGrantToken": grant,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


def _app_secret(session: Session) -> str:
    secret = session.operator(Provider.E_CONOMIC).get("app_secret_token", "").strip()
    if secret == DEMO or not re.fullmatch(TOKEN, secret):
        raise RejectedRequestError("the installation has no app secret token for e-conomic")
    return secret


def _observe(_limiter: Limiter, response: httpx.Response) -> None:
    """*unconfirmed*: that a call may count more than once towards the day's calls."""
    cost = header_number(response, "x-callcost")
    if cost is not None and cost > 1:
        logger.debug("a call costs more than one", extra={"provider": Provider.E_CONOMIC, "cost": cost})


def _refusal(response: httpx.Response, now: datetime, key: str) -> ConnectorError | None:
    status, where = response.status_code, response.request.url.path
    if status == 200:
        return None
    code = _error_code(response)
    told = f"{status} {code} at {where}" if code else f"{status} at {where}"
    if status == 401:
        return AccessRefusedError(told, cause=_cause(code))
    if status == 429:
        wait_s = max(1.0, retry_after_s(response, now, DEFAULT_WAIT_S))
        return ThrottledError("429", retry_after_s=wait_s, budget_key=key, daily=wait_s >= DAILY_WAIT_S)
    if status >= 500 and status != 501:
        return ProviderDownError(told)
    if 400 <= status < 500 and status not in _NOT_A_RIGHT:
        return ForbiddenError(told, cause=_missing(where))
    return RejectedRequestError(told, status=status, vendor_code=code)


def _missing(where: str) -> str:
    half = "Sales" if where.endswith(SALES) else "Bookkeeping"
    return f"{half} data is missing: the app's role, or the agreement's plan, does not reach it."


def _cause(code: str) -> str:
    if code == _OTHER_APPS:
        return "The grant was given to another app: authorise again, or check the installation's app secret."
    return "The agreement has removed the app, or the grant token is wrong: authorise again."


def _error_code(response: httpx.Response) -> str:
    """The vendor's code, such as E02250; its sentences may quote what was asked and are left out."""
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return ""
    code = body.get("errorCode") if isinstance(body, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z0-9]{1,12}", code) else ""
