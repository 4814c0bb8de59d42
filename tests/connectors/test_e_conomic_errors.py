"""e-conomic's table of errors, row by row; then against its imitation."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from connectors.e_conomic import E_CONOMIC
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.protocol import MonthCounts, MonthFailure, Reading
from support.connecting import Connected, SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

SECRETS = {"app_secret_token": "secret-canary"}


def told(status: int, code: str | None = None) -> httpx.Response:
    message = "The token grant-canary is not known."
    return httpx.Response(status, json={"message": message, "errorCode": code, "httpStatusCode": status})


async def refused(
    answer: httpx.Response, operator: Mapping[str, str] | None = None, grant: str = "grant-canary"
) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    keys = SECRETS if operator is None else operator
    async with answering(one, clock=SteppingClock(), operators={Provider.E_CONOMIC: keys}) as session:
        with pytest.raises(ConnectorError) as caught:
            await E_CONOMIC.test(session, account_with(E_CONOMIC, {"agreement_grant_token": grant}, {}))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (told(301), RejectedRequestError, 1),
        (told(302), RejectedRequestError, 1),
        (told(400, "E00400"), RejectedRequestError, 1),
        (told(401), AccessRefusedError, 1),
        (told(401, "E02250"), AccessRefusedError, 1),
        (told(402), ForbiddenError, 1),
        (told(403), ForbiddenError, 1),
        (told(404), RejectedRequestError, 1),
        (told(405), RejectedRequestError, 1),
        (told(409), RejectedRequestError, 1),
        (told(415), RejectedRequestError, 1),
        (httpx.Response(429, headers={"Retry-After": "12"}), ThrottledError, 3),
        (httpx.Response(429, headers={"Retry-After": "40"}), ThrottledError, 1),
        (httpx.Response(429), ThrottledError, 3),
        (told(500), ProviderDownError, 4),
        (told(501), RejectedRequestError, 1),
        (httpx.Response(502, text="<html></html>"), ProviderDownError, 4),
        (httpx.Response(503), ProviderDownError, 4),
        (httpx.Response(504), ProviderDownError, 4),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"agreementNumber": None}), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert abs(made - calls) <= (kind is ProviderDownError)  # the waits between tries vary
    assert "canary" not in f"{error} {error.detail} {error.cause}"


async def test_tokens_of_two_apps_have_a_cause_of_their_own() -> None:
    other_app, _ = await refused(told(401, "E02250"))
    removed, _ = await refused(told(401))

    assert "another app" in other_app.cause
    assert "removed the app" in removed.cause


@pytest.mark.parametrize(("seconds", "is_daily"), [("12", False), ("3600", True)])
async def test_a_throttle_of_an_hour_is_the_day_s(seconds: str, is_daily: bool) -> None:
    error, _ = await refused(httpx.Response(429, headers={"Retry-After": seconds}))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily) == (float(seconds), is_daily)


@pytest.mark.parametrize("operator", [{}, {"app_secret_token": "demo"}, {"app_secret_token": "two words"}])
async def test_without_the_installation_s_secret_nothing_is_sent(operator: dict[str, str]) -> None:
    sent: list[httpx.Request] = []

    def one(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    async with answering(one, operators={Provider.E_CONOMIC: operator}) as session:
        with pytest.raises(RejectedRequestError, match="app secret token"):
            await E_CONOMIC.test(session, account_with(E_CONOMIC, {"agreement_grant_token": "g"}, {}))

    assert not sent


async def test_the_demo_agreement_has_its_own_secret() -> None:
    sent: list[httpx.Request] = []

    def one(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return told(401)

    async with answering(one, operators={Provider.E_CONOMIC: SECRETS}) as session:
        with pytest.raises(AccessRefusedError):
            await E_CONOMIC.test(session, account_with(E_CONOMIC, {"agreement_grant_token": "demo"}, {}))

    assert sent[0].headers["x-appsecrettoken"] == sent[0].headers["x-agreementgranttoken"] == "demo"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=2, documents=6) as sandbox:
        yield sandbox


@asynccontextmanager
async def failing(
    sandbox: RunningSandbox, fault: str, **options: Any
) -> AsyncIterator[tuple[Connected, Month]]:
    """Signed in to the imitation's first agreement, which is in trouble."""
    account = sandbox.accounts("e-conomic")[0]
    sandbox.fault(account, fault, **options)
    try:
        async with connected(sandbox, account) as books:
            yield books, Month.parse(account["last_month"])
    finally:
        sandbox.http.delete("/_control").raise_for_status()


async def reading_of(books: Connected, month: Month, count: int = 2) -> Reading:
    return await books.connector.read_months(books.session, books.account, list(Months.ending(month, count)))


@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ("revoke", {}, ProblemCode.NEEDS_AUTH),
        ("other_app", {}, ProblemCode.NEEDS_AUTH),
        ("no_permission", {"half": "sales"}, ProblemCode.NO_PERMISSION),
        ("no_permission", {"half": "bookkeeping"}, ProblemCode.NO_PERMISSION),
        ("plan_too_low", {}, ProblemCode.NO_PERMISSION),
        ("error_500", {}, ProblemCode.PROVIDER_DOWN),
        ("gateway_502", {}, ProblemCode.PROVIDER_DOWN),
        ("foreign_links", {}, ProblemCode.UNREADABLE_ANSWER),
        ("filter_ignored", {}, ProblemCode.UNREADABLE_ANSWER),
    ],
)
async def test_each_trouble_of_the_imitation(
    running: RunningSandbox, fault: str, options: dict[str, str], code: ProblemCode
) -> None:
    async with failing(running, fault, **options) as (books, month):
        reading = await reading_of(books, month)

    results = reading.months.values()
    assert {result.code for result in results if isinstance(result, MonthFailure)} == {code}
    assert all(isinstance(result, MonthFailure) for result in results)


async def test_a_short_throttle_is_waited_for(running: RunningSandbox) -> None:
    async with failing(running, "throttle_429", times=1, retry_after_s=12) as (books, month):
        reading = await reading_of(books, month)

    assert all(isinstance(result, MonthCounts) for result in reading.months.values())


@pytest.mark.parametrize(("half", "is_told"), [("sales", True), ("bookkeeping", False)])
async def test_a_test_tells_that_sales_are_missing_and_a_probe_both(
    running: RunningSandbox, half: str, is_told: bool
) -> None:
    async with failing(running, "no_permission", half=half) as (books, month):
        try:
            await books.connector.test(books.session, books.account)
            was_told = False
        except ForbiddenError:
            was_told = True
        with pytest.raises(ForbiddenError, match="403"):
            await books.connector.probe_rights(books.session, books.account, month)

    assert was_told is is_told
