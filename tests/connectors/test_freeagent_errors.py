"""FreeAgent's table of errors, row by row: over told answers, and against the imitation."""

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
from connectors.freeagent import FREEAGENT
from connectors.protocol import Grant, MonthCounts
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from pydantic import SecretStr
from support.connecting import Answers, SharedClock, SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

PRODUCTION = {"environment": "production"}
CLIENT = {**PRODUCTION, "subdomain": "heronprint"}
OUTAGES = [500, 502, 503, 504]


def envelope(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"errors": {"error": {"message": message}}})


async def refused(answers: Answers, settings: dict[str, str] | None = None) -> tuple[ConnectorError, int]:
    """The error of a test of the connection, and how many calls it took."""
    calls = 0

    def one(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answers(request)

    account = account_with(FREEAGENT, {"access_token": "1a-canary"}, settings or PRODUCTION)
    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await FREEAGENT.test(session, account)
    assert "canary" not in str(caught.value)
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (envelope(401, "Access token not recognised"), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (envelope(403, "You are not allowed to access this action."), ForbiddenError, 1),
        (httpx.Response(403, json={"errors": [{"message": "You are not allowed"}]}), ForbiddenError, 1),
        (envelope(401, "API access is disabled for this company"), ForbiddenError, 1),
        (envelope(403, "API access is disabled for this company"), ForbiddenError, 1),
        (httpx.Response(401, text="API access is disabled for this company"), ForbiddenError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(400, json=["odd"]), RejectedRequestError, 1),
        (httpx.Response(406), RejectedRequestError, 1),
        (httpx.Response(422, text="odd"), RejectedRequestError, 1),
        *((httpx.Response(status, text="<html>"), ProviderDownError, 3) for status in OUTAGES),
        (httpx.Response(429, headers={"Retry-After": "60"}), ThrottledError, 1),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"company": []}), UnreadableAnswerError, 1),
        (httpx.Response(200, json={}), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(lambda _: answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, "authorise again"), (403, "access level"), (404, "subdomain")],
)
async def test_a_wrong_subdomain_is_named_as_a_likely_cause(status: int, cause: str) -> None:
    error, _ = await refused(lambda _: envelope(status, "No"), CLIENT)

    assert cause in error.cause
    assert "subdomain" in error.cause


@pytest.mark.parametrize(("told", "wait_s"), [("60", 60.0), ("7", 7.0), ("", 60.0)])
async def test_a_throttle_is_a_wait_under_the_account_s_key(told: str, wait_s: float) -> None:
    text = "You must not exceed 120 requests per 60 seconds"

    error, _ = await refused(lambda _: httpx.Response(429, text=text, headers={"Retry-After": told}))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily, error.budget_key) == (wait_s, False, "freeagent/test")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


@pytest.fixture
def account(sandbox: RunningSandbox) -> dict[str, Any]:
    return sandbox.accounts("freeagent")[0]


def practised(account: dict[str, Any]) -> dict[str, Any]:
    """The same books by the way of a practice."""
    return {**account, "credentials": account["practice"]}


async def trouble_of(sandbox: RunningSandbox, account: dict[str, Any]) -> ConnectorError:
    async with connected(sandbox, account) as books:
        with pytest.raises(ConnectorError) as caught:
            await books.connector.test(books.session, books.account)
    return caught.value


async def test_a_withdrawn_consent(sandbox: RunningSandbox, account: dict[str, Any]) -> None:
    async with connected(sandbox, account) as books:
        sandbox.fault(account, "revoke")
        with pytest.raises(AccessRefusedError) as caught:
            await books.connector.test(books.session, books.account)

    assert "authorise again" in caught.value.cause


@pytest.mark.parametrize("options", [{}, {"level": 0}])
async def test_no_access_at_all(
    sandbox: RunningSandbox, account: dict[str, Any], options: dict[str, int]
) -> None:
    sandbox.fault(account, "no_permission", **options)

    error = await trouble_of(sandbox, account)

    assert isinstance(error, ForbiddenError)
    assert "level" in error.cause


@pytest.mark.parametrize("level", [1, 4])
async def test_a_level_that_does_not_see_bills(
    sandbox: RunningSandbox, account: dict[str, Any], level: int
) -> None:
    sandbox.fault(account, "no_permission", level=level)

    error = await trouble_of(sandbox, account)

    assert isinstance(error, ForbiddenError)
    assert f"level is {level}" in error.cause
    assert "5 (Bills)" in error.cause


@pytest.mark.parametrize("status", [401, 403])
async def test_api_access_that_is_switched_off(
    sandbox: RunningSandbox, account: dict[str, Any], status: int
) -> None:
    sandbox.fault(account, "api_disabled", status=status)

    error = await trouble_of(sandbox, account)

    assert isinstance(error, ForbiddenError)
    assert error.code is ProblemCode.NO_PERMISSION
    assert "switched off" in error.cause


async def test_a_wrong_subdomain(sandbox: RunningSandbox, account: dict[str, Any]) -> None:
    practice = practised(account)
    practice["credentials"] = {**practice["credentials"], "subdomain": "nobody"}

    error = await trouble_of(sandbox, practice)

    assert isinstance(error, ForbiddenError)
    assert "subdomain" in error.cause


def session_with(sandbox: RunningSandbox, account: dict[str, Any], secret: str | None = None) -> Any:
    """A session with the installation's keys, or with a wrong secret."""
    keys = account["credentials"]
    operator = {
        "client_id": SecretStr(keys["client_id"]),
        "client_secret": SecretStr(secret or keys["client_secret"]),
    }
    settings = ConnectorSettings.model_validate(
        {"endpoints": {Provider.FREEAGENT: account["endpoints"]}, "operators": {Provider.FREEAGENT: operator}}
    )
    return build_session(settings, clock=SharedClock(sandbox))


@pytest.mark.parametrize("fault", [None, "token_401"])
async def test_a_refused_refresh_token(
    sandbox: RunningSandbox, account: dict[str, Any], fault: str | None
) -> None:
    sandbox.fault(account, "revoke")
    if fault:
        sandbox.fault(account, fault)

    grant = Grant({"refresh_token": account["credentials"]["refresh_token"]})
    async with session_with(sandbox, account) as session:
        with pytest.raises(AccessRefusedError) as caught:
            await FREEAGENT.sign_in(session, grant, PRODUCTION)

    assert "authorise again" in caught.value.cause


async def test_a_wrong_secret_ends_no_consent(sandbox: RunningSandbox, account: dict[str, Any]) -> None:
    async with session_with(sandbox, account, secret="wrong") as session:
        with pytest.raises(RejectedRequestError, match="client id or secret"):
            await FREEAGENT.sign_in(session, Grant({"refresh_token": "1r"}), PRODUCTION)


async def test_a_reply_that_is_lost_is_asked_for_again(
    sandbox: RunningSandbox, account: dict[str, Any]
) -> None:
    sandbox.fault(account, "token_reply_lost", times=1)

    async with session_with(sandbox, account) as session:
        grant = Grant({"refresh_token": account["credentials"]["refresh_token"]})
        signed_in = await FREEAGENT.sign_in(session, grant, PRODUCTION)

    assert signed_in.calls == 2


async def test_too_many_refreshes_are_never_sent(sandbox: RunningSandbox, account: dict[str, Any]) -> None:
    sandbox.http.post("/_calls:reset").raise_for_status()

    async with session_with(sandbox, account) as session:
        grant = Grant({"refresh_token": account["credentials"]["refresh_token"]})
        for _ in range(12):
            await FREEAGENT.sign_in(session, grant, PRODUCTION)
        with pytest.raises(ThrottledError):
            await FREEAGENT.sign_in(session, grant, PRODUCTION)

    calls = sandbox.http.get("/_calls").json()["calls"]["freeagent"][account["account"]]
    assert (calls["sign_in"], calls["throttled"]) == (12, 0)


async def test_a_practice_reads_the_same_truth(sandbox: RunningSandbox, account: dict[str, Any]) -> None:
    months = list(Months.ending(Month.parse(account["last_month"]), 2))

    async with connected(sandbox, practised(account)) as books:
        found = await books.connector.test(books.session, books.account)
        reading = await books.connector.read_months(books.session, books.account, months)

    assert (found.calls, found.books.name) == (1, account["name"])
    for month in months:
        result = reading.months[month]
        assert isinstance(result, MonthCounts)
        told = {str(name): {"value": str(v.value), "unit": v.unit} for name, v in result.values.items()}
        assert told == sandbox.truth(account, str(month))


@pytest.mark.parametrize("level", [5, 6])
async def test_a_level_below_seven_reads_what_it_may(
    sandbox: RunningSandbox, account: dict[str, Any], level: int
) -> None:
    month = Month.parse(account["last_month"])
    truth = sandbox.truth(account, str(month))
    sandbox.fault(account, "no_permission", level=level)

    async with connected(sandbox, account) as books:
        await books.connector.test(books.session, books.account)
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    assert isinstance(result, MonthCounts)
    assert (Metric.BANK_TRANSACTION_COUNT in result.values) is (level == 6)
    assert {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT}.isdisjoint(result.values)
    income = result.values[Metric.INCOME_TOTAL]
    assert (str(income.value), income.source) == (truth["sales_net"]["value"], Source.DOCUMENTS)
    assert result.values[Metric.EXPENSE_TOTAL].value >= result.values[Metric.PURCHASE_NET].value
    assert "INCOME_FROM_DOCUMENTS" in result.notes


async def test_a_ledger_without_a_total_is_counted_row_by_row(
    sandbox: RunningSandbox, account: dict[str, Any]
) -> None:
    month = Month.parse(account["last_month"])
    sandbox.fault(account, "no_totals")

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    assert isinstance(result, MonthCounts)
    told = sandbox.truth(account, str(month))["entry_line_count"]["value"]
    assert str(result.values[Metric.ENTRY_LINE_COUNT].value) == told


async def test_a_spell_of_false_403_answers_is_sat_out(
    sandbox: RunningSandbox, account: dict[str, Any]
) -> None:
    month = Month.parse(account["last_month"])

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "no_permission", times=1)
        reading = await books.connector.read_months(books.session, books.account, [month])

    assert isinstance(reading.months[month], MonthCounts)
    assert reading.identity_calls == 2
