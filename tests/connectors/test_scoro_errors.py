"""Scoro's table of errors, row by row."""

from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.protocol import Identified, MonthCounts, MonthFailure, MonthWait
from connectors.scoro import SCORO
from support.connecting import SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from support.scoro_site import ACCESS, KEY, SETTINGS
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.month import Month

JANUARY = Month(2026, 1)
COMPANY = {"company_name": "Kauri Stuudio OÜ", "base_currency": "EUR", "reg_no": "16024517"}
PAGE = "<!DOCTYPE html><html><body>Scoro</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def told(code: Any, messages: Any = None, *, status: int = 200, **fields: Any) -> httpx.Response:
    body = {"status": "ERROR", "statusCode": code, "messages": messages, "data": None, **fields}
    return httpx.Response(status, json=body)


def says(*words: str) -> dict[str, list[str]]:
    return {"error": list(words)}


def good(data: Any, **fields: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "OK", "statusCode": 200, "data": data, **fields})


async def outcome(
    answer: Callable[[httpx.Request], httpx.Response], clock: SteppingClock | None = None
) -> Identified | ConnectorError:
    async with answering(answer, clock=clock) as session:
        try:
            return await SCORO.test(session, account_with(SCORO, ACCESS, SETTINGS))
        except ConnectorError as error:
            return error


async def refused(answer: httpx.Response, *, by: str = "companyAccount") -> tuple[ConnectorError, int]:
    """The error of a test whose calls of one module are answered so, and how many of them there were."""
    calls = 0

    def one(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        if by not in request.url.path:
            return good([COMPANY])
        calls += 1
        return answer

    error = await outcome(one)
    assert isinstance(error, ConnectorError)
    return error, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (told(401, says("Invalid API key"), status=401), AccessRefusedError, 1),
        (told(401, says("Invalid API key")), AccessRefusedError, 1),
        (told("401", ["Invalid API key"]), AccessRefusedError, 1),
        (told(400, "Authentication failed"), AccessRefusedError, 1),
        (told(200, None, errors=[{"text": "Wrong apiKey"}]), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (told(401, says("Unknown company_account_id")), AccessRefusedError, 1),
        (told(400, says("Company account was not found")), AccessRefusedError, 1),
        (told(403, says("Access denied"), status=403), AccessRefusedError, 1),
        (told(403), AccessRefusedError, 1),
        (told(403, says("The API is not part of your plan")), ForbiddenError, 1),
        (httpx.Response(200, text=PAGE, headers=HTML), AccessRefusedError, 1),
        (httpx.Response(200, text=f"\n {PAGE}"), AccessRefusedError, 1),
        (httpx.Response(404, text=PAGE, headers=HTML), AccessRefusedError, 1),
        (httpx.Response(302, headers={"Location": "https://www.scoro.com/"}), AccessRefusedError, 1),
        (told(404, says("Module not found"), status=404), RejectedRequestError, 1),
        (told(404, says("Module not found")), RejectedRequestError, 1),
        (told(400, says("Invalid date in filter"), status=400), RejectedRequestError, 1),
        (told(422, says("Explanation: planned day is missing")), RejectedRequestError, 1),
        (told(200, says("Something else")), RejectedRequestError, 1),
        (told(None, None), RejectedRequestError, 1),
        (told(500, says("Invalid API key"), status=500), ProviderDownError, 4),
        (told(503), ProviderDownError, 4),
        (httpx.Response(502, text=PAGE, headers=HTML), ProviderDownError, 4),
        (httpx.Response(503, json={"status": "OK", "statusCode": 200, "data": []}), ProviderDownError, 4),
        (told(429, says("Too many requests"), status=429), ThrottledError, 3),
        (told("429"), ThrottledError, 3),
        (httpx.Response(429, text=PAGE, headers=HTML), ThrottledError, 3),
        (httpx.Response(200, text=""), UnreadableAnswerError, 1),
        (httpx.Response(200, text='{"status": "OK", "data": [{"company'), UnreadableAnswerError, 1),
        (httpx.Response(200, json=[]), UnreadableAnswerError, 1),
        (httpx.Response(200, json=None), UnreadableAnswerError, 1),
        (good(None), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (told(403, says("Your plan does not include this module")), ProblemCode.PROVIDER_PLAN_TOO_LOW),
        (told(403, status=403), ProblemCode.PROVIDER_PLAN_TOO_LOW),
        (httpx.Response(403), ProblemCode.PROVIDER_PLAN_TOO_LOW),
        (told(403, says("No permission to view invoices")), ProblemCode.NO_PERMISSION),
        (told(400, ["Access denied"]), ProblemCode.NO_PERMISSION),
    ],
)
async def test_a_module_may_be_missing_in_the_plan_or_closed_to_the_key(
    answer: httpx.Response, code: ProblemCode
) -> None:
    error, _ = await refused(answer, by="invoices")

    assert isinstance(error, ForbiddenError)
    assert error.code is code
    assert ("plan" in error.cause) is (code is ProblemCode.PROVIDER_PLAN_TOO_LOW)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (told(401, says("Invalid API key")), "API key is wrong"),
        (told(403, says("Access denied")), "company account ID does not belong"),
        (told(401, says("company_account_id is missing")), "company account ID does not belong"),
        (httpx.Response(200, text=PAGE, headers=HTML), "check the subdomain"),
    ],
)
async def test_a_refusal_says_what_to_do(answer: httpx.Response, word: str) -> None:
    error, _ = await refused(answer)

    assert word in error.cause


async def test_a_site_whose_name_nobody_knows_is_a_wrong_subdomain() -> None:
    def nowhere(_: httpx.Request) -> httpx.Response:
        key = aiohttp.client_reqrep.ConnectionKey("kauri.scoro.com", 443, True, True, None, None, None)
        raise httpx.ConnectTimeout("?") from aiohttp.ClientConnectorDNSError(key, OSError("no such name"))

    error = await outcome(nowhere)

    assert isinstance(error, AccessRefusedError)
    assert "check the subdomain" in error.cause


async def test_a_call_that_times_out_is_the_provider_s_fault() -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow")

    assert type(await outcome(silent)) is ProviderDownError


@pytest.mark.parametrize(
    "envelope",
    [
        {"status": "ok", "statusCode": "200"},
        {"statusCode": 200},
        {"status": None},
        {"status": "OK", "messages": says("Your plan ends soon: renew it, or access will end")},
    ],
)
async def test_a_good_answer_is_written_in_many_ways(envelope: dict[str, Any]) -> None:
    found = await outcome(lambda _: httpx.Response(200, json={**envelope, "data": [COMPANY]}))

    assert isinstance(found, Identified)
    assert found.books.name == "Kauri Stuudio OÜ"


async def test_while_reading_a_page_is_an_outage_that_is_tried_again_later() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_company = "companyAccount" in request.url.path
        return good([COMPANY]) if is_company else httpx.Response(200, text=PAGE, headers=HTML)

    async with answering(answer) as session:
        reading = await SCORO.read_months(session, account_with(SCORO, ACCESS, SETTINGS), [JANUARY])

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_DOWN


@pytest.mark.parametrize(
    ("headers", "message", "wait_s", "daily"),
    [
        ({"Retry-After": "45"}, "Too many requests", 45.0, False),
        ({"Retry-After": "0"}, "Too many requests", 1.0, False),
        ({"Retry-After": "7200"}, "Too many requests", 7200.0, True),
        ({"Retry-After": "Sat, 02 May 2026 08:00:30 GMT"}, "Too many requests", 30.0, False),
        ({}, "Daily API limit exceeded", 3600.0, True),
    ],
)
async def test_a_limit_is_a_wait_as_told(
    headers: dict[str, str], message: str, wait_s: float, daily: bool
) -> None:
    answer = told(429, says(message), status=429)
    answer.headers.update(headers)

    error, _ = await refused(answer)

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily) == (wait_s, daily)


async def test_without_a_word_the_waits_grow_until_a_call_is_let_through() -> None:
    clock, left = SteppingClock(), 5

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal left
        left -= 1
        return told(429, status=429) if left >= 0 else good([COMPANY])

    async with answering(answer, clock=clock) as session:
        account = account_with(SCORO, ACCESS, SETTINGS)
        first = await SCORO.read_months(session, account, [JANUARY])
        waited = list(clock.slept_s)
        await clock.sleep(8)
        found = await SCORO.test(session, account)
        waited_again = clock.slept_s[len(waited) + 1 :]
        left = 1
        await SCORO.test(session, account)

    wait = first.months[JANUARY]
    assert isinstance(wait, MonthWait)
    assert wait.reason is WaitReason.RATE_LIMITED
    assert waited == [2.0, 4.0]
    assert waited_again == [15.0, 15.0]
    assert found.known
    assert clock.slept_s[-1] == 2.0


async def test_no_word_of_the_vendor_and_no_key_stands_in_an_error() -> None:
    for code in (400, 401, 403, 404, 429, 500):
        error, _ = await refused(told(code, says(f"Wrong apiKey {KEY}"), status=code))

        assert KEY not in f"{error}{error.cause}{error!r}"
        assert "Wrong apiKey" not in f"{error}{error.cause}"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=6, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


async def answer_of(
    sandbox: RunningSandbox, turn: int, fault: str, spoiled: dict[str, str] | None = None, **options: object
) -> Identified:
    account = sandbox.accounts("scoro")[turn]
    if fault:
        sandbox.fault(account, fault, **options)
    credentials = {**account["credentials"], **(spoiled or {})}
    async with connected(sandbox, {**account, "credentials": credentials}) as books:
        return await books.connector.test(books.session, books.account)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("revoke", AccessRefusedError),
        ("html_200", AccessRefusedError),
        ("no_permission", ForbiddenError),
        ("plan_too_low", ForbiddenError),
        ("throttle_429", ThrottledError),
        ("error_500", ProviderDownError),
        ("gateway_502", ProviderDownError),
        ("short_page", UnreadableAnswerError),
    ],
)
@pytest.mark.parametrize("turn", range(6))
async def test_each_row_against_the_imitation(
    sandbox: RunningSandbox, turn: int, fault: str, kind: type[ConnectorError]
) -> None:
    with pytest.raises(kind) as caught:
        await answer_of(sandbox, turn, fault)

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("field", "given", "word"),
    [
        ("api_key", "ScoroAPI_of_somebody_else", "API key is wrong"),
        ("company_account_id", "somebody", "company account ID does not belong"),
        ("site", "nobody", "check the subdomain"),
        ("site", "nobodys", "check the subdomain"),
        ("site", "https://nobody.scoro.ee/", "check the subdomain"),
    ],
)
@pytest.mark.parametrize("turn", range(4))
async def test_each_field_that_is_wrong_is_named(
    sandbox: RunningSandbox, turn: int, field: str, given: str, word: str
) -> None:
    with pytest.raises(AccessRefusedError) as caught:
        await answer_of(sandbox, turn, "", {field: given})

    assert word in caught.value.cause


async def test_a_site_on_the_older_domain_is_found_by_its_pasted_address(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[2]
    pasted = f"https://{account['credentials']['site']}/main/dashboard"

    found = await answer_of(sandbox, 2, "", {"site": pasted})

    assert pasted.startswith("https://")
    assert ".scoro.ee/" in pasted
    assert found.books.name == account["name"]
    assert found.calls == 2


async def test_days_that_the_server_ignores_do_not_change_a_month(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[0]
    month = Month.parse(account["last_month"])
    sandbox.fault(account, "no_date_filter")

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, [month])

    counts = reading.months[month]
    assert isinstance(counts, MonthCounts)
    truth = sandbox.truth(account, str(month))
    assert {str(name): str(one.value) for name, one in counts.values.items()} == {
        name: one["value"] for name, one in truth.items()
    }
    assert reading.calls > 3


async def test_a_page_that_comes_again_fails_the_months(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[3]
    months = [Month.parse(account["last_month"]).plus(-number) for number in range(12)]
    sandbox.fault(account, "repeated_page")

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, months)

    assert {type(result) for result in reading.months.values()} == {MonthFailure}
