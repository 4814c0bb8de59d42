"""How Trigon is asked, and what its refusals mean."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import quote

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host, retry_after_s
from connectors.auth import bearer
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
    WrongCompanyError,
)
from connectors.limits import Budget
from connectors.pagination import NumberedPage, numbered_pages
from connectors.protocol import Access, Account
from connectors.rows import Row, identifier, listed, mapping, parse_json, text, whole
from connectors.session import Session
from connectors.trigon.contract import PAGE_SIZE, ErrorCode, Field, Listing, Param, Path

# Nobody has published an address: the operator sets them.
ENDPOINTS = {"production": "", "test": ""}
NOT_FOUND = 404
DEFAULT_WAIT_S = 60.0
TRIES = 3
PATIENCE = 0.5  # of the usual minute: the contract's time-out is 30 s
RIGHTS = "Give the Trigon user's role the rights List and View for this firm."
FIRM_ID = "firm_id"
_CODE = re.compile(r"[a-z_]{1,40}")
_EXPIRED = "The ID token has expired: copy a new one from Trigon, or enter e-mail and password again."
_REFUSED = (
    "The ID token or API key is wrong, was withdrawn or belongs to the other environment, "
    "or the Trigon user is blocked."
)


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key = account.account_key
    return Host(
        provider=Provider.TRIGON,
        address=address(session, account.settings),
        account_key=key,
        budgets=budgets,
        sign=lambda call, _now: signed(call, account.access),
        refusal=lambda response, now: refusal(response, now, key),
        tries=TRIES,
    )


def address(session: Session, settings: Mapping[str, str]) -> str:
    """Where the environment is; nothing while the operator has not set it."""
    environment = settings["environment"]
    return session.endpoint(Provider.TRIGON, environment, ENDPOINTS[environment])


def signed(call: Call, access: Access) -> Call:
    return call.with_headers(
        {
            "Authorization": bearer(access.values["id_token"]),
            "X-Api-Key": access.values["api_key"],
            "Accept": "application/json",
        }
    )


class NotOfferedError(RejectedRequestError):
    """The system does not have this list."""


async def find_firm(api: Api, reg_code: str) -> Row:
    """The firm with this registration code; one that the role may not list is not there."""
    call = Call(path=Path.FIRMS, params={Param.REG_CODE: reg_code}, patience=PATIENCE)
    answer = mapping(await api.json(call, CallKind.IDENTITY), Path.FIRMS)
    firms = listed(answer.get(Field.ITEMS), Field.ITEMS)
    if not firms:
        raise ForbiddenError("no firm has the registration code", cause=f"{RIGHTS} Then check its code.")
    found = [firm for firm in firms if text(firm, Field.REG_CODE) == reg_code]
    if not found:
        raise WrongCompanyError("only firms with other registration codes were found")
    if len(found) > 1:
        raise UnreadableAnswerError("several firms have the registration code")
    api.facts[FIRM_ID] = identifier(found[0], Field.ID)
    return found[0]


async def rows_between(api: Api, listing: Listing, first: date, last: date) -> list[Row]:
    """All rows of a list, both days included; raises NotOfferedError."""

    async def fetch(number: int) -> NumberedPage:
        return await _page(api, listing, first, last, number)

    return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: identifier(row, Field.ID))


async def first_page(api: Api, listing: Listing, first: date, last: date) -> None:
    """One call that shows whether the list may be read; raises NotOfferedError."""
    await _page(api, listing, first, last, 1)


async def counts_of(api: Api, month: str) -> Row:
    """A month's counts, where the system gives nothing else."""
    return await _below_firm(api, Listing.COUNTS, {Param.MONTH: month})


async def _page(api: Api, listing: Listing, first: date, last: date, number: int) -> NumberedPage:
    """A page; it is the last when the total is reached or when it is not full, whichever comes first."""
    params: dict[str, str] = {
        Param.FIRST_DAY: first.isoformat(),
        Param.LAST_DAY: last.isoformat(),
        Param.PAGE: str(number),
        Param.PAGE_SIZE: str(PAGE_SIZE),
    }
    try:
        answer = await _below_firm(api, listing, params)
    except RejectedRequestError as error:
        if error.status != NOT_FOUND or number > 1:  # a list that goes away while it is read was there
            raise
        raise NotOfferedError(error.detail, status=NOT_FOUND) from None
    rows = listed(answer.get(Field.ITEMS), Field.ITEMS)
    total = None if answer.get(Field.TOTAL) is None else whole(answer, Field.TOTAL)
    size = PAGE_SIZE if answer.get(Field.PAGE_SIZE) is None else whole(answer, Field.PAGE_SIZE)
    is_last = len(rows) < size or (total is not None and number * size >= total)
    return NumberedPage(rows, number + (not is_last), total)


async def _below_firm(api: Api, listing: Listing, params: Mapping[str, str]) -> Row:
    tail = f"/{quote(api.facts[FIRM_ID], safe='')}/{listing}"
    call = Call(path=Path.FIRMS, path_tail=tail, params=params, patience=PATIENCE)
    return mapping(await api.json(call), listing)


def refusal(response: httpx.Response, now: datetime, account_key: str) -> ConnectorError | None:
    status = response.status_code
    if _is_page(response):
        return ProviderDownError(
            f"{status} with a page of HTML",
            tries=1,
            cause="No Trigon API answers at the address: the operator checks it (CONNECTORS__ENDPOINTS).",
        )
    if status == 200:
        return None
    code = _code(response)
    where = f"{status} {code}".rstrip() + f" at {response.request.url.path}"
    if status in {401, 403}:
        return _no_access(status, where, code)
    if status == 429:
        wait_s = max(1.0, retry_after_s(response, now, DEFAULT_WAIT_S))
        return ThrottledError("429", retry_after_s=wait_s, budget_key=account_key)
    if status >= 500:
        return ProviderDownError(where)
    return RejectedRequestError(where, status=status, vendor_code=code)


def _no_access(status: int, where: str, code: str) -> ConnectorError:
    if status == 401:
        return AccessRefusedError(where, cause=_EXPIRED if code == ErrorCode.TOKEN_EXPIRED else _REFUSED)
    if code == ErrorCode.PLAN_REQUIRED:
        return ForbiddenError(
            where,
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="The Trigon plan does not include the API: upgrade it there.",
        )
    return ForbiddenError(where, cause=RIGHTS)


def _is_page(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").lower()
    return kind.startswith("text/html") or response.content.lstrip()[:1] == b"<"


def _code(response: httpx.Response) -> str:
    """The error's code, in the vendor's form only: nothing else of a body gets into a text."""
    try:
        body = parse_json(response.content)
    except UnreadableAnswerError:
        return ""
    error = body.get(Field.ERROR) if isinstance(body, dict) else None
    told = str(error.get(Field.CODE)) if isinstance(error, dict) else ""
    return told if _CODE.fullmatch(told) else ""
