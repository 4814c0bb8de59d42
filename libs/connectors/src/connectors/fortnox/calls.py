"""How Fortnox is asked, and what its refusals and limits mean."""

from collections.abc import Mapping
from datetime import datetime

import httpx
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
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
)
from connectors.limits import Budget
from connectors.pagination import NumberedPage, numbered_pages
from connectors.protocol import Account
from connectors.rows import Row, identifier, listed, mapping, parse_json, text, whole
from connectors.session import Session

ENDPOINTS = {"api": "https://api.fortnox.se", "apps": "https://apps.fortnox.se"}
CURRENCY = "SEK"
PAGE_SIZE = 500
# The vendor tells neither a wait nor what is left; *unconfirmed* that Retry-After is ever sent.
THROTTLE_WAIT_S = 5.0
TRIES = 4

TOKEN_REFUSED = frozenset({"2000310", "2000311"})
SCOPE_MISSING = frozenset({"2000663"})
LICENCE_MISSING = frozenset({"2001101", "2001103"})
VENDOR_FAULT = frozenset({"1000003"})


def host(session: Session, account: Account, *, budgets: tuple[Budget, ...]) -> Host:
    key = account.account_key

    def sign(call: Call, _now: datetime) -> Call:
        return call.with_headers(
            {
                "Authorization": bearer(account.access.values["access_token"]),
                "Accept": call.headers.get("Accept", "application/json"),
            }
        )

    return Host(
        provider=Provider.FORTNOX,
        address=session.endpoint(Provider.FORTNOX, "api", ENDPOINTS["api"]),
        account_key=key,
        budgets=budgets,
        sign=sign,
        refusal=lambda response, now: _refusal(response, now, key),
        tries=TRIES,
    )


async def listed_pages(
    api: Api, path: str, params: Mapping[str, str], *, name: str, id_name: str
) -> list[Row]:
    """All rows of a list; one that does not turn its pages is refused."""

    async def fetch(number: int) -> NumberedPage:
        asked = {**params, "limit": str(PAGE_SIZE), "page": str(number)}
        answer = mapping(await api.json(Call(path=path, params=asked)), path)
        told = mapping(answer.get("MetaInformation"), "MetaInformation")
        rows = listed(answer.get(name), name)
        return NumberedPage(rows, whole(told, "@TotalPages"), whole(told, "@TotalResources"))

    return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: identifier(row, id_name))


async def company(api: Api) -> Books:
    """Whose books the token opens; organisation numbers are not unique, the database's number is."""
    answer = mapping(await api.json(Call(path="/3/companyinformation"), CallKind.IDENTITY), "the answer")
    told = mapping(answer.get("CompanyInformation"), "CompanyInformation")
    return Books(
        external_id=identifier(told, "DatabaseNumber"), name=text(told, "CompanyName"), currency=CURRENCY
    )


def _refusal(response: httpx.Response, now: datetime, key: str) -> ConnectorError | None:
    status, where = response.status_code, response.request.url.path
    if status == 200:
        return None
    if status == 429:
        wait_s = retry_after_s(response, now, THROTTLE_WAIT_S)
        return ThrottledError("429", retry_after_s=wait_s, budget_key=key)
    code = _code(response)
    if status >= 500 or code in VENDOR_FAULT:
        return ProviderDownError(f"{status} at {where}")
    if status == 401 or code in TOKEN_REFUSED:
        return AccessRefusedError(
            "the access token is not accepted",
            cause="The consent has ended or was withdrawn in Fortnox: authorise again.",
        )
    return _forbidden(status, code, where) or RejectedRequestError(
        f"{status} code {code} at {where}", status=status, vendor_code=code
    )


def _forbidden(status: int, code: str, where: str) -> ForbiddenError | None:
    detail = f"{status} code {code} at {where}"
    if code in LICENCE_MISSING:
        return ForbiddenError(
            detail,
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
            cause="The company has no integration licence at Fortnox: order it there, then try again.",
        )
    if code in SCOPE_MISSING:
        return ForbiddenError(
            detail, cause="The consent lacks a scope: a system administrator has to authorise again."
        )
    if status == 403:
        return ForbiddenError(detail, cause="The user who gave the consent has lost a right at Fortnox.")
    return None


def _code(response: httpx.Response) -> str:
    """The code of an error's body, whose keys come in any case; messages are Swedish."""
    try:
        body = _lower(parse_json(response.content))
    except UnreadableAnswerError:
        return ""
    return str(_lower(body.get("errorinformation")).get("code") or "")


def _lower(value: object) -> dict[str, object]:
    return {str(name).lower(): one for name, one in value.items()} if isinstance(value, dict) else {}
