"""Fortnox's table of errors, row by row: recorded answers, then the imitation."""

from collections.abc import Iterator
from typing import Any

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
from connectors.fortnox import FORTNOX
from connectors.protocol import MonthFailure, MonthWait
from support.connecting import SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month


def told(status: int, code: int, *, small: bool = False) -> httpx.Response:
    body: dict[str, Any] = {"Error": 1, "Message": "Felet beskrivs här.", "Code": code}
    body = {name.lower(): value for name, value in body.items()} if small else body
    return httpx.Response(status, json={"ErrorInformation": body})


async def refused(answer: httpx.Response) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await FORTNOX.test(session, account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": "1"}))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(401, json={"message": "unauthorized"}), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (told(400, 2000310), AccessRefusedError, 1),
        (told(403, 2000311, small=True), AccessRefusedError, 1),
        (told(400, 2000663), ForbiddenError, 1),
        (told(403, 2000663, small=True), ForbiddenError, 1),
        (told(403, 2001101), ForbiddenError, 1),
        (told(400, 2001103, small=True), ForbiddenError, 1),
        (httpx.Response(403), ForbiddenError, 1),
        (told(404, 2000423), RejectedRequestError, 1),
        (told(404, 2000434), RejectedRequestError, 1),
        (told(400, 2000587), RejectedRequestError, 1),
        (told(400, 2000588, small=True), RejectedRequestError, 1),
        (told(400, 2000106), RejectedRequestError, 1),
        (told(400, 2001392), RejectedRequestError, 1),
        (told(406, 1000030), RejectedRequestError, 1),
        (told(415, 1000031), RejectedRequestError, 1),
        (httpx.Response(429, json={"message": "Too Many Requests"}), ThrottledError, 3),
        (told(500, 1000003), ProviderDownError, 4),
        (told(400, 1000003), ProviderDownError, 4),
        (httpx.Response(502), ProviderDownError, 4),
        (httpx.Response(503), ProviderDownError, 4),
        (httpx.Response(504), ProviderDownError, 4),
        (httpx.Response(204), RejectedRequestError, 1),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"CompanyInformation": None}), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("answer", "code", "what_to_do"),
    [
        (told(403, 2001101), ProblemCode.PROVIDER_PLAN_TOO_LOW, "licence"),
        (told(400, 2001103), ProblemCode.PROVIDER_PLAN_TOO_LOW, "licence"),
        (told(403, 2000663), ProblemCode.NO_PERMISSION, "administrator"),
        (httpx.Response(403), ProblemCode.NO_PERMISSION, "right"),
        (httpx.Response(401), ProblemCode.NEEDS_AUTH, "authorise again"),
    ],
)
async def test_a_refusal_says_what_to_do(answer: httpx.Response, code: ProblemCode, what_to_do: str) -> None:
    error, _ = await refused(answer)

    assert error.code is code
    assert what_to_do in error.cause


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 5.0), ({"Retry-After": "11"}, 11.0)])
async def test_a_throttle_waits_five_seconds_unless_it_is_told(
    headers: dict[str, str], wait_s: float
) -> None:
    error, _ = await refused(httpx.Response(429, headers=headers))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.budget_key, error.daily) == (wait_s, "fortnox/test", False)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=2, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


@pytest.mark.parametrize("number", [1, 2])  # which name the keys of errors in the two ways
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("revoke", ProblemCode.NEEDS_AUTH),
        ("no_permission", ProblemCode.NO_PERMISSION),
        ("plan_too_low", ProblemCode.PROVIDER_PLAN_TOO_LOW),
        ("error_500", ProblemCode.PROVIDER_DOWN),
        ("gateway_502", ProblemCode.PROVIDER_DOWN),
    ],
)
async def test_each_fault_of_the_imitation_is_told_apart(
    sandbox: RunningSandbox, number: int, fault: str, code: ProblemCode
) -> None:
    account = sandbox.accounts("fortnox")[number - 1]
    month = Month.parse(account["last_month"])

    async with connected(sandbox, account) as books:
        sandbox.fault(account, fault)
        reading = await books.connector.read_months(books.session, books.account, [month])
        with pytest.raises(ConnectorError) as caught:
            await books.connector.test(books.session, books.account)

    result = reading.months[month]
    assert isinstance(result, MonthFailure)
    assert result.code is caught.value.code is code
    assert caught.value.cause or code is ProblemCode.PROVIDER_DOWN


@pytest.mark.parametrize("resource", ["sie", "supplierinvoices"])
async def test_one_scope_that_is_missing_fails_the_months(sandbox: RunningSandbox, resource: str) -> None:
    account = sandbox.accounts("fortnox")[0]
    month = Month.parse(account["last_month"])

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "no_permission", resource=resource)
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION


async def test_a_throttle_of_the_imitation_is_a_wait(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]
    month = Month.parse(account["last_month"])

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "throttle_429")
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    assert isinstance(result, MonthWait)
    assert result.budget_key == books.account.account_key


async def test_an_access_token_lives_an_hour(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("fortnox")[0]

    async with connected(sandbox, account) as books:
        sandbox.world.clock.advance(3601)
        with pytest.raises(AccessRefusedError):
            await books.connector.test(books.session, books.account)
