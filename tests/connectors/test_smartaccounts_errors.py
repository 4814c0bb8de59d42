"""SmartAccounts' table of errors, row by row."""

from collections.abc import Iterator

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
from connectors.protocol import Identified, MonthCounts
from connectors.smartaccounts import SMARTACCOUNTS
from support.connecting import SteppingClock, account_with, answering, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

ACCESS = {"api_key": "7c4a1e90d2b85f3360ad", "api_secret": "5e0d7c1b9a48f3266017d2c4b8e9f0a3"}
# The gateway's page and the vendor's own words for one status.
GATEWAY = "<html><body>503 Service Temporarily Unavailable</body></html>"


def told(code: str, message: str) -> dict[str, object]:
    return {"errors": [{"code": code, "message": message}]}


LIMIT = told("RATE-LIMIT-EXCEEDED", "Rate limit exceeded")
BILLING = told("BILLING-ERROR", "Service unavailable (billing error)")
SIGNATURE = told("SIGNATURE-INVALID", "Signature is not correct")
RIGHTS = told("NO-PERMISSION", "No permission for this service")


async def refused(answer: httpx.Response) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(400, json=told("DATE-INVALID", "Invalid date")), RejectedRequestError, 1),
        (httpx.Response(401, json=SIGNATURE), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (httpx.Response(401, json=RIGHTS), ForbiddenError, 1),
        (httpx.Response(403, json=RIGHTS), ForbiddenError, 1),
        (httpx.Response(403), ForbiddenError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(302), RejectedRequestError, 1),
        (httpx.Response(500), ProviderDownError, 2),
        (httpx.Response(502, text=GATEWAY), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        (httpx.Response(503, json=LIMIT), ThrottledError, 1),
        (httpx.Response(503, json=LIMIT, headers={"Retry-After": "30"}), ThrottledError, 1),
        (httpx.Response(503, json=LIMIT, headers={"Retry-After": "3"}), ThrottledError, 3),
        (httpx.Response(503, text=GATEWAY, headers={"Retry-After": "30"}), ThrottledError, 1),
        (httpx.Response(503, text="rate limit exceeded"), ThrottledError, 1),
        (httpx.Response(503, json={"message": "Rate limit exceeded"}), ThrottledError, 1),
        (httpx.Response(429), ThrottledError, 1),
        (httpx.Response(503, json=BILLING), ForbiddenError, 1),
        (httpx.Response(503, text="service unavailable (billing error)"), ForbiddenError, 1),
        (httpx.Response(503, json={"error": "Payment is due"}), ForbiddenError, 1),
        (httpx.Response(503, json=told("SERVICE-CLOSED", "?")), ForbiddenError, 1),
        (httpx.Response(503), ProviderDownError, 2),
        (httpx.Response(503, text=GATEWAY), ProviderDownError, 2),
        (httpx.Response(503, json={"status": 503, "error": "Service Unavailable"}), ProviderDownError, 2),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"accounts": []}), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"accounts": [{"code": "3000"}]}), UnreadableAnswerError, 1),
        (httpx.Response(200, json=SIGNATURE), UnreadableAnswerError, 1),
        (httpx.Response(200, json=None), UnreadableAnswerError, 1),
        (httpx.Response(200, text='{"accounts": [{"code"'), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


async def test_a_call_that_times_out_is_the_provider_s_fault() -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow")

    async with answering(silent) as session:
        with pytest.raises(ProviderDownError):
            await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))


@pytest.mark.parametrize(
    ("headers", "message", "wait_s", "daily"),
    [
        ({}, "Rate limit exceeded", 60.0, False),
        ({"Retry-After": "45"}, "Rate limit exceeded", 45.0, False),
        ({"Retry-After": "7200"}, "Rate limit exceeded", 7200.0, True),
        ({"Retry-After": "999999"}, "Rate limit exceeded", 86_400.0, True),
        # 08:00 UTC on a day of summer time: until midnight in Tallinn
        ({}, "Daily limit exceeded", 13 * 3600.0, True),
    ],
)
async def test_a_limit_is_a_wait_as_told_or_of_a_minute_or_a_day(
    headers: dict[str, str], message: str, wait_s: float, daily: bool
) -> None:
    error, _ = await refused(httpx.Response(503, json=told("RATE-LIMIT-EXCEEDED", message), headers=headers))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily) == (wait_s, daily)


async def test_an_unpaid_bill_is_a_plan_and_the_user_is_told() -> None:
    error, _ = await refused(httpx.Response(503, json=BILLING))

    assert error.code is ProblemCode.PROVIDER_PLAN_TOO_LOW
    assert "bill" in error.cause


async def test_a_missing_right_names_the_user_group() -> None:
    error, _ = await refused(httpx.Response(403, json=RIGHTS))

    assert error.code is ProblemCode.NO_PERMISSION
    assert "User groups" in error.cause


async def test_a_refused_signature_is_the_keys_or_where_clocks_differ_the_clock() -> None:
    keys, _ = await refused(httpx.Response(401, json=SIGNATURE))
    clock, calls = await refused(
        httpx.Response(401, json=SIGNATURE, headers={"Date": "Sat, 02 May 2026 11:00:00 GMT"})
    )

    assert "secret key" in keys.cause
    assert "clock" in clock.cause
    assert calls == 2


async def test_a_vendor_s_code_is_kept_only_in_the_vendor_s_form() -> None:
    good, _ = await refused(httpx.Response(400, json=told("DATE-INVALID", ACCESS["api_secret"])))
    bad, _ = await refused(httpx.Response(400, json=told(ACCESS["api_secret"], "")))

    assert isinstance(good, RejectedRequestError)
    assert good.vendor_code == "DATE-INVALID"
    assert ACCESS["api_secret"] not in f"{good}{good.cause}{bad}{bad.cause}"
    assert "signature" not in str(good)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=2, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


async def answer_of(sandbox: RunningSandbox, fault: str, **options: object) -> Identified:
    account = sandbox.accounts("smartaccounts")[0]
    sandbox.fault(account, fault, **options)
    async with connected(sandbox, account) as books:
        return await books.connector.test(books.session, books.account)


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("revoke", {}, AccessRefusedError),
        ("clock_skew", {"skew_s": 1000}, AccessRefusedError),
        ("clock_skew", {"skew_s": -1000}, AccessRefusedError),
        ("no_permission", {}, ForbiddenError),
        ("no_permission", {"status": 401}, ForbiddenError),
        ("plan_too_low", {}, ForbiddenError),
        ("throttle_429", {}, ThrottledError),
        ("throttle_429", {"retry_after_s": None}, ThrottledError),
        ("throttle_429", {"status": 429}, ThrottledError),
        ("plain_503", {}, ProviderDownError),
        ("error_500", {}, ProviderDownError),
        ("gateway_502", {}, ProviderDownError),
        ("short_page", {}, UnreadableAnswerError),
    ],
)
async def test_each_row_against_the_imitation(
    sandbox: RunningSandbox, fault: str, options: dict[str, object], kind: type[ConnectorError]
) -> None:
    with pytest.raises(kind):
        await answer_of(sandbox, fault, **options)


async def test_a_clock_that_is_less_than_a_quarter_of_an_hour_off_passes(sandbox: RunningSandbox) -> None:
    found = await answer_of(sandbox, "clock_skew", skew_s=840)

    assert not found.known
    assert found.books.currency == "EUR"
    assert found.calls == 1


async def test_a_refused_ledger_of_the_imitation_is_filled_in_for(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[1]
    month = Month.parse(account["last_month"])
    sandbox.fault(account, "no_permission", service="general/")

    async with connected(sandbox, account) as books:
        await books.connector.probe_rights(books.session, books.account, month)
        reading = await books.connector.read_months(books.session, books.account, [month])

    counts, truth = reading.months[month], sandbox.truth(account, str(month))
    assert isinstance(counts, MonthCounts)
    assert str(counts.values[Metric.INCOME_TOTAL].value) == truth["sales_net"]["value"]
    assert counts.notes == ("INCOME_FROM_DOCUMENTS",)


async def test_pages_that_repeat_fail_the_year(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[0]
    last = Month.parse(account["last_month"])
    sandbox.fault(account, "repeated_page")

    async with connected(sandbox, account) as books:
        months = [last.plus(-back) for back in range(12)]
        reading = await books.connector.read_months(books.session, books.account, months)

    assert {getattr(result, "code", None) for result in reading.months.values()} == {
        ProblemCode.UNREADABLE_ANSWER
    }
