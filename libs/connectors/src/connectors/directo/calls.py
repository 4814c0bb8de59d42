"""How Directo is asked, and what its answers and refusals mean."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import httpx
from sync_contracts.providers import Provider

from connectors.api import Api, Call, Host, retry_after_s
from connectors.directo import xml_direct
from connectors.directo.xml_direct import Told
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
from connectors.rows import Row, identifier, listed, parse_json
from connectors.session import Session

ENDPOINTS = {"api": "https://login.directo.ee"}
REST, XML_DIRECT = "rest", "xml_direct"
BASE = "/apidirect/v1"
PAUSE_S = 1.0
THROTTLE_S = 60.0
DATA_TRIES = 2
# *unconfirmed*: a 403 that says so is about the key, any other about a right
KEY_WORDS = ("key", "unauthorized")
REFUSED = (
    "The key is wrong, was revoked or has passed its end date, or it belongs to the other interface: "
    "copy it again, or ask Directo's administrator for a new one."
)
TALLINN = ZoneInfo("Europe/Tallinn")

T = TypeVar("T")


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key, api_key = account.account_key, account.access.values["api_key"]
    is_xml = account.settings["interface"] == XML_DIRECT

    def sign(call: Call, _now: datetime) -> Call:
        if is_xml:
            return xml_direct.signed(call, api_key)
        return call.with_headers({"X-Directo-Key": api_key, "Accept": "application/json"})

    def refusal(response: httpx.Response, now: datetime) -> ConnectorError | None:
        return _unavailable(response, now, key) or _refusal(response, is_xml=is_xml)

    return Host(
        provider=Provider.DIRECTO,
        address=session.endpoint(Provider.DIRECTO, "api", ENDPOINTS["api"]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=refusal,
        # Nothing is published about limits: calls keep a second apart.
        observe=lambda limiter, _response: limiter.pause(key, PAUSE_S),
    )


async def account_classes(api: Api) -> dict[str, str]:
    """The class of each ledger account, by code; it is a number or a text."""
    rows = await _read(api, Call(path=f"{BASE}/accounts", patience=2.0), _list)
    if not rows:
        raise ForbiddenError(
            "the chart of accounts is empty",
            cause="The key lacks the right to accounts: Directo's administrator grants it.",
        )
    require("accounts", rows, ("code", "class"))
    return {identifier(row, "code"): str(row.get("class")).strip() for row in rows}


async def ledger(api: Api, settings: Mapping[str, str], first: date, last: date) -> list[Row]:
    """The documents dated in these days, both included, each with its rows."""
    if settings["interface"] == XML_DIRECT:
        return await _read(api, xml_direct.transactions_between(first, last), xml_direct.documents)
    rows = await dated(api, "transactions", first, last)
    require("transactions", rows, ("type", "number", "date", "rows"))
    lines = [line for row in rows for line in listed(row.get("rows"), "rows")]
    # A row may lack one side, but a ledger has both.
    require("transactions.rows", lines, ("account", "debitamount", "creditamount"))
    return rows


async def dated(api: Api, resource: str, first: date, last: date) -> list[Row]:
    """A list's rows dated in these days. The signs are strict, so both limits are a second outside.

    *Unconfirmed*: two conditions on one field; where only one is heeded, the answer is merely larger.
    """
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    conditions = (f">{before}T23:59:59", f"<{after}T00:00:00")
    return await _read(api, Call(path=f"{BASE}/{resource}", params={"date": conditions}, patience=2.0), _list)


def require(resource: str, rows: Iterable[Row], names: tuple[str, ...]) -> None:
    """What no row has is missing in the key's field list; its administrator can add it."""
    kept = list(rows)
    for name in names:
        if kept and not any(name in row for row in kept):
            raise ForbiddenError(
                f"the key's field list lacks {resource}.{name}",
                cause=f"Ask Directo's administrator to add {resource}.{name} to the key's field list.",
            )


async def _read(api: Api, call: Call, parse: Callable[[bytes], T]) -> T:
    """The answer; one that cannot be read may be a gateway's page, and is asked for once more."""
    for _ in range(DATA_TRIES - 1):
        with suppress(UnreadableAnswerError):
            return parse((await api.send(call)).content)
    return parse((await api.send(call)).content)


def _list(body: bytes) -> list[Row]:
    return listed(parse_json(body), "the answer")


def _unavailable(response: httpx.Response, now: datetime, account_key: str) -> ConnectorError | None:
    status = response.status_code
    if status == 429:
        wait_s = max(1.0, retry_after_s(response, now, THROTTLE_S))
        return ThrottledError("429", retry_after_s=wait_s, budget_key=account_key)
    return ProviderDownError(f"{status}") if status >= 500 else None


def _refusal(response: httpx.Response, *, is_xml: bool) -> ConnectorError | None:
    status, where = response.status_code, f"{response.status_code} at {response.request.url.path}"
    match _told(response, is_xml=is_xml):
        case None:
            return None
        case Told.KEY:
            return AccessRefusedError(where, cause=REFUSED)
        case Told.RIGHT:
            return ForbiddenError(
                where,
                cause="The key lacks a right to what is read: ask Directo's administrator to grant it.",
            )
        case Told.ADDRESS:
            return RejectedRequestError(f"{where}: not found", status=404)
    return RejectedRequestError(where, status=status)


def _told(response: httpx.Response, *, is_xml: bool) -> Told | None:
    match response.status_code:
        case 200:
            return xml_direct.told(response.content) if is_xml else None
        case 401:
            return Told.KEY
        case 403:
            words = response.text.lower()
            return Told.KEY if any(word in words for word in KEY_WORDS) else Told.RIGHT
        case 404:
            return Told.ADDRESS
    return Told.REQUEST
