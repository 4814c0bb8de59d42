"""QuickBooks' tables of errors, row by row: against the imitation, and over recorded answers."""

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
from connectors.protocol import Grant, MonthCounts, MonthFailure, MonthWait
from connectors.quickbooks import QUICKBOOKS
from connectors.session import Session
from support.connecting import Answers, SteppingClock, answering, connected
from support.quickbooks_answers import REALM, Answering, account, reading
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.month import Month

MARCH = Month(2026, 3)
KEY = "quickbooks/test"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    """The module's sandbox, mended after each test."""
    yield running
    running.http.delete("/_control").raise_for_status()
    running.world.clock.advance(61)


async def refused_by(
    sandbox: RunningSandbox, fault: str, number: int = 1, **options: object
) -> ConnectorError:
    """What a test of the connection meets."""
    known = sandbox.accounts("quickbooks")[number - 1]
    async with connected(sandbox, known) as books:
        sandbox.fault(known, fault, **options)
        with pytest.raises(ConnectorError) as caught:
            await books.connector.test(books.session, books.account)
    return caught.value


@pytest.mark.parametrize(
    ("fault", "code", "advice"),
    [
        ("revoke", ProblemCode.NEEDS_AUTH, "connect again"),
        ("disconnected", ProblemCode.NO_PERMISSION, "environment"),
        ("no_permission", ProblemCode.NO_PERMISSION, "administrator"),
        ("permission_denied", ProblemCode.NO_PERMISSION, "administrator"),
        ("plan_too_low", ProblemCode.PROVIDER_PLAN_TOO_LOW, "renewed"),
        ("error_500", ProblemCode.PROVIDER_DOWN, ""),
        ("gateway_502", ProblemCode.PROVIDER_DOWN, ""),
        ("fault_in_200", ProblemCode.PROVIDER_DOWN, ""),
    ],
)
@pytest.mark.parametrize("number", [1, 2])
async def test_each_row_of_a_test_of_the_connection(
    sandbox: RunningSandbox, fault: str, code: ProblemCode, advice: str, number: int
) -> None:
    error = await refused_by(sandbox, fault, number)

    assert error.code is code
    assert advice in error.cause


async def test_an_expired_token_needs_a_fresh_one(sandbox: RunningSandbox) -> None:
    known = sandbox.accounts("quickbooks")[0]
    async with connected(sandbox, known) as books:
        sandbox.world.clock.advance(3601)
        late = await books.connector.read_months(books.session, books.account, [MARCH])
    async with connected(sandbox, known) as books:
        again = await books.connector.read_months(books.session, books.account, [MARCH])

    assert late.access_refused
    assert isinstance(again.months[MARCH], MonthCounts)


@pytest.mark.parametrize("wrong", ["realm", "environment"])
async def test_another_realm_and_the_other_environment_look_alike(
    sandbox: RunningSandbox, wrong: str
) -> None:
    here, other = sandbox.accounts("quickbooks")[:2]
    changes = {
        "realm": {"realm_id": other["credentials"]["realm_id"]},
        "environment": {"environment": "sandbox"},
    }[wrong]
    mistaken = here | {"credentials": here["credentials"] | changes}

    async with connected(sandbox, mistaken) as books:
        with pytest.raises(ForbiddenError) as caught:
            await books.connector.test(books.session, books.account)

    assert "code 3100" in caught.value.detail
    assert "company ID and environment" in caught.value.cause


@pytest.mark.parametrize("number", [1, 2])
async def test_a_throttle_is_a_wait_of_a_minute_in_either_spelling(
    sandbox: RunningSandbox, number: int
) -> None:
    known = sandbox.accounts("quickbooks")[number - 1]
    async with connected(sandbox, known) as books:
        sandbox.fault(known, "throttle_429")
        read = await books.connector.read_months(books.session, books.account, [MARCH])

    wait = read.months[MARCH]
    assert isinstance(wait, MonthWait)
    assert wait.reason is WaitReason.RATE_LIMITED
    assert 58 <= (wait.retry_at - read.read_at).total_seconds() <= 77
    assert wait.budget_key == books.account.account_key


async def test_who_waits_in_vain_three_times_waits_for_hours(sandbox: RunningSandbox) -> None:
    known = sandbox.accounts("quickbooks")[2]
    waits: list[MonthWait] = []

    async with connected(sandbox, known) as books:
        sandbox.fault(known, "throttle_429")
        for _ in range(4):
            read = await books.connector.read_months(books.session, books.account, [MARCH])
            result = read.months[MARCH]
            assert isinstance(result, MonthWait)
            waits.append(result)
            seconds = (result.retry_at - books.session.clock.now()).total_seconds()
            await books.session.clock.sleep(min(seconds, 100))

    assert [wait.reason for wait in waits] == [WaitReason.RATE_LIMITED] * 3 + [WaitReason.DAILY_LIMIT]
    assert (waits[3].retry_at - read.read_at).total_seconds() > 3 * 3600


async def test_one_query_that_fails_in_a_batch_fails_its_month_alone(sandbox: RunningSandbox) -> None:
    known = sandbox.accounts("quickbooks")[0]
    last = Month.parse(known["last_month"])
    async with connected(sandbox, known) as books:
        sandbox.fault(
            known, "item_fault", entity=f"count(*) from Deposit where TxnDate >= '{last.first_day}'"
        )
        read = await books.connector.read_months(books.session, books.account, [last.plus(-1), last])

    assert isinstance(read.months[last.plus(-1)], MonthCounts)
    assert isinstance(read.months[last], MonthFailure)


@pytest.mark.parametrize("fault", ["no_order"])
async def test_a_list_that_cannot_be_ordered_is_read_all_the_same(
    sandbox: RunningSandbox, fault: str
) -> None:
    known = sandbox.accounts("quickbooks")[0]
    last = Month.parse(known["last_month"])
    async with connected(sandbox, known) as books:
        expected = await books.connector.read_months(books.session, books.account, [last])
        sandbox.fault(known, fault)
        read = await books.connector.read_months(books.session, books.account, [last])

    assert read.months == expected.months
    assert read.calls == expected.calls + 1


async def test_a_report_of_another_period_is_no_answer(sandbox: RunningSandbox) -> None:
    known = sandbox.accounts("quickbooks")[0]
    async with connected(sandbox, known) as books:
        sandbox.fault(known, "other_period")
        read = await books.connector.read_months(books.session, books.account, [MARCH])

    result = read.months[MARCH]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.UNREADABLE_ANSWER


def told(status: int, code: str, *, lower: bool = False) -> httpx.Response:
    name, inner, number = ("fault", "error", "code") if lower else ("Fault", "Error", "code")
    body: dict[str, Any] = {name: {inner: [{number: code}], "type": "SERVICE"}, "time": 1}
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (told(401, "3200", lower=True), AccessRefusedError, 1),
        (told(401, "003200", lower=True), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (told(403, "3100", lower=True), ForbiddenError, 1),
        (told(403, "3201"), ForbiddenError, 1),
        (told(400, "5020"), ForbiddenError, 1),
        (told(403, "6190"), ForbiddenError, 1),
        (told(400, "6200"), ForbiddenError, 1),
        (httpx.Response(403), ForbiddenError, 1),
        (told(429, "3001"), ThrottledError, 1),
        (told(403, "003001"), ThrottledError, 1),
        (httpx.Response(429), ThrottledError, 1),
        (told(400, "4000"), RejectedRequestError, 1),
        (told(400, "4001"), RejectedRequestError, 1),
        (told(400, "2020"), RejectedRequestError, 1),
        (told(400, "610"), RejectedRequestError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (told(500, "10000"), ProviderDownError, 3),
        (told(200, "10000"), ProviderDownError, 3),
        (told(200, "3200", lower=True), AccessRefusedError, 1),
        (httpx.Response(502), ProviderDownError, 3),
        (httpx.Response(503), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        (httpx.Response(200, text="<html>We are working on it</html>"), ProviderDownError, 3),
        (httpx.Response(200, text="fine"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"CompanyInfo": {}}), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    made = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal made
        made += 1
        return answer

    async with answering(one) as session:
        with pytest.raises(ConnectorError) as caught:
            await QUICKBOOKS.test(session, account())

    assert type(caught.value) is kind
    assert made == calls


async def test_a_retry_after_is_followed_and_the_company_stays_untold() -> None:
    told_so = told(429, "3001")
    told_so.headers.update({"Retry-After": "33", "intuit_tid": "1-66000000-aaaabbbbccccdddd"})

    async with answering(lambda _: told_so) as session:
        with pytest.raises(ThrottledError) as caught:
            await QUICKBOOKS.test(session, account())

    assert (caught.value.retry_after_s, caught.value.budget_key) == (33.0, KEY)
    assert REALM not in caught.value.detail


async def test_an_error_names_the_exchange_as_intuit_does() -> None:
    refused = told(403, "3201")
    refused.headers["intuit_tid"] = "1-66000000-aaaabbbbccccdddd"

    async with answering(lambda _: refused) as session:
        with pytest.raises(ForbiddenError) as caught:
            await QUICKBOOKS.test(session, account())

    assert caught.value.detail == "code 3201 at companyinfo, intuit_tid 1-66000000-aaaabbbbccccdddd"


async def test_a_customer_called_fault_is_no_fault() -> None:
    row = {"Id": "1", "TxnDate": "2026-03-02", "TotalAmt": 1.0, "CustomerRef": {"name": "Fault"}}

    read = await reading(Answering(rows={"Invoice": [row]}), MARCH)

    assert isinstance(read.months[MARCH], MonthCounts)


async def test_calls_are_spread_below_what_is_assumed_of_batches() -> None:
    clock = SteppingClock()
    answers = Answering()

    async with answering(answers, clock=clock) as session:
        results = [await one_month(session) for _ in range(10)]

    waiting = [result for result in results if isinstance(result, MonthWait)]
    assert len(answers.requests) == 36
    assert waiting


async def one_month(session: Session) -> object:
    return (await QUICKBOOKS.read_months(session, account(), [MARCH])).months[MARCH]


KEYS = {"client_id": "ABq7made9up1", "client_secret": "secret-of-the-app"}


def over(answers: Answers) -> Session:
    return answering(answers, operators={QUICKBOOKS.provider: KEYS})


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (
            httpx.Response(400, json={"error": "invalid_grant", "error_description": "Token invalid"}),
            AccessRefusedError,
            1,
        ),
        (httpx.Response(400, json={"error": "invalid_grant"}), AccessRefusedError, 1),
        (httpx.Response(401, json={"error": "invalid_client"}), RejectedRequestError, 1),
        (httpx.Response(400, json={"error": "invalid_request"}), RejectedRequestError, 1),
        (httpx.Response(429, headers={"Retry-After": "60"}), ThrottledError, 1),
        (httpx.Response(503), ProviderDownError, 3),
    ],
)
async def test_refused_refreshes(answer: httpx.Response, kind: type[Exception], calls: int) -> None:
    made = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal made
        made += 1
        return answer

    async with over(one) as session:
        with pytest.raises(kind) as caught:
            await QUICKBOOKS.sign_in(session, Grant({"refresh_token": "canary-1", "realm_id": REALM}), {})

    assert made == calls
    assert "canary" not in str(caught.value)
