"""Trigon's table of errors, row by row."""

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
    WrongCompanyError,
)
from connectors.protocol import Identified, MonthCounts
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from connectors.trigon import TRIGON
from support.connecting import SteppingClock, account_with, connected
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

ACCESS = {"id_token": "eyJhbGciOi.ann.sig", "api_key": "tk_ann_0815"}
SETTINGS = {"environment": "test", "firm_reg_code": "14712345"}
HTML = "<!doctype html><html><body>Trigon</body></html>"


def told(code: str) -> dict[str, object]:
    return {"error": {"code": code, "message": f"about {ACCESS['api_key']}"}}


async def refused(answer: httpx.Response) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    settings = ConnectorSettings.model_validate({"endpoints": {"trigon": {"test": "https://t.example"}}})
    transport = httpx.MockTransport(one)
    async with build_session(settings, clock=SteppingClock(), transport=transport) as session:
        with pytest.raises(ConnectorError) as caught:
            await TRIGON.test(session, account_with(TRIGON, ACCESS, SETTINGS))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(400, json=told("invalid_request")), RejectedRequestError, 1),
        (httpx.Response(401, json=told("unauthorized")), AccessRefusedError, 1),
        (httpx.Response(401, json=told("token_expired")), AccessRefusedError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (httpx.Response(403, json=told("forbidden")), ForbiddenError, 1),
        (httpx.Response(403, json=told("plan_required")), ForbiddenError, 1),
        (httpx.Response(404, json=told("not_found")), RejectedRequestError, 1),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), RejectedRequestError, 1),
        (httpx.Response(429, json=told("rate_limited")), ThrottledError, 1),
        (httpx.Response(429, headers={"Retry-After": "10"}), ThrottledError, 3),
        (httpx.Response(500), ProviderDownError, 3),
        (httpx.Response(502, json=told("bad_gateway")), ProviderDownError, 3),
        (httpx.Response(503), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        *((httpx.Response(status, html=HTML), ProviderDownError, 1) for status in (200, 401, 404, 429, 503)),
        (httpx.Response(200, text=f"\n{HTML}"), ProviderDownError, 1),
        (httpx.Response(200, text="{"), UnreadableAnswerError, 1),
        (httpx.Response(200, json=told("unauthorized")), UnreadableAnswerError, 1),
        (httpx.Response(200, json=None), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls
    assert ACCESS["api_key"] not in f"{error}{error.cause}"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (httpx.Response(401, json=told("unauthorized")), ProblemCode.NEEDS_AUTH, "other environment"),
        (httpx.Response(401, json=told("token_expired")), ProblemCode.NEEDS_AUTH, "expired"),
        (httpx.Response(403, json=told("forbidden")), ProblemCode.NO_PERMISSION, "List and View"),
        (httpx.Response(403, json=told("plan_required")), ProblemCode.PROVIDER_PLAN_TOO_LOW, "upgrade"),
        (httpx.Response(200, html=HTML), ProblemCode.PROVIDER_DOWN, "operator checks it"),
        (httpx.Response(200, json={"items": []}), ProblemCode.NO_PERMISSION, "List and View"),
    ],
)
async def test_a_cause_says_what_to_do(answer: httpx.Response, code: ProblemCode, said: str) -> None:
    error, _ = await refused(answer)

    assert error.code is code
    assert said in error.cause


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 60.0), ({"Retry-After": "45"}, 45.0)])
async def test_a_limit_is_a_wait_as_told_or_of_a_minute(headers: dict[str, str], wait_s: float) -> None:
    error, _ = await refused(httpx.Response(429, json=told("rate_limited"), headers=headers))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily) == (wait_s, False)
    assert error.budget_key == "trigon/test"


async def test_a_vendor_s_code_is_kept_only_in_the_vendor_s_form() -> None:
    good, _ = await refused(httpx.Response(400, json=told("invalid_request")))
    bad, _ = await refused(httpx.Response(400, json=told(ACCESS["id_token"])))

    assert isinstance(good, RejectedRequestError)
    assert good.vendor_code == "invalid_request"
    assert ACCESS["id_token"] not in str(bad)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=7, documents=6) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    running.world.faults.clear()
    running.world.clock.advance(61)


async def answer_of(sandbox: RunningSandbox, fault: str, **options: object) -> Identified:
    account = sandbox.accounts("trigon")[0]
    sandbox.fault(account, fault, **options)
    async with connected(sandbox, account) as books:
        return await books.connector.test(books.session, books.account)


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("revoke", {}, AccessRefusedError),
        ("token_expired", {}, AccessRefusedError),
        ("no_permission", {}, ForbiddenError),
        ("no_permission", {"half": "list"}, ForbiddenError),
        ("plan_too_low", {}, ForbiddenError),
        ("throttle_429", {}, ThrottledError),
        ("throttle_429", {"retry_after_s": None}, ThrottledError),
        ("error_500", {}, ProviderDownError),
        ("gateway_502", {}, ProviderDownError),
        ("html", {}, ProviderDownError),
        ("html", {"status": 404}, ProviderDownError),
    ],
)
async def test_each_row_against_the_imitation(
    sandbox: RunningSandbox, fault: str, options: dict[str, object], kind: type[ConnectorError]
) -> None:
    with pytest.raises(kind):
        await answer_of(sandbox, fault, **options)


async def test_the_other_environment_refuses_the_keys(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[0]
    other = {**account, "credentials": {**account["credentials"], "environment": "test"}}

    async with connected(sandbox, other) as books:
        with pytest.raises(AccessRefusedError) as caught:
            await books.connector.test(books.session, books.account)

    assert "environment" in caught.value.cause


async def test_a_code_of_another_firm_finds_none(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[0]
    foreign = sandbox.accounts("trigon")[6]["credentials"]["firm_reg_code"]
    other = {**account, "credentials": {**account["credentials"], "firm_reg_code": foreign}}

    async with connected(sandbox, other) as books:
        with pytest.raises(ForbiddenError):
            await books.connector.test(books.session, books.account)


async def test_a_filter_that_is_ignored_does_no_harm(sandbox: RunningSandbox) -> None:
    found = await answer_of(sandbox, "filter_ignored")

    assert found.books.name == sandbox.accounts("trigon")[0]["name"]


async def test_a_firm_with_another_code_is_another_company(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[0]
    sandbox.fault(account, "filter_ignored")
    unknown = {**account, "credentials": {**account["credentials"], "firm_reg_code": "19999999"}}
    sandbox.http.post("/_control", json={"provider": "trigon", "fault": "filter_ignored"}).raise_for_status()

    async with connected(sandbox, unknown) as books:
        with pytest.raises(WrongCompanyError):
            await books.connector.test(books.session, books.account)


@pytest.mark.parametrize("fault", ["no_permission", "not_offered"])
async def test_a_missing_ledger_of_the_imitation_is_filled_in_for(
    sandbox: RunningSandbox, fault: str
) -> None:
    account = sandbox.accounts("trigon")[1]
    month = Month.parse(account["last_month"])
    sandbox.fault(account, fault, list="entries")

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, [month])

    counts, truth = reading.months[month], sandbox.truth(account, str(month))
    assert isinstance(counts, MonthCounts)
    assert str(counts.values[Metric.INCOME_TOTAL].value) == truth["sales_net"]["value"]
    assert Metric.ENTRY_COUNT not in counts.values
    assert counts.notes == ("INCOME_FROM_DOCUMENTS",)


async def test_firms_of_one_user_never_meet_their_shared_limit(sandbox: RunningSandbox) -> None:
    accounts = sandbox.accounts("trigon")[:3]
    months = [Month.parse(accounts[0]["last_month"]).plus(-back) for back in range(12)]
    sandbox.http.post("/_calls:reset").raise_for_status()

    async with connected(sandbox, accounts[0]) as books:
        for account in accounts * 5:
            settings = {**books.account.settings, "firm_reg_code": account["credentials"]["firm_reg_code"]}
            one = account_with(books.connector, books.account.access.values, settings)
            await books.connector.read_months(books.session, one, months)

    limits = sandbox.http.get("/_calls").json()["limits"]["trigon"]["minute"]
    assert sum(figures["refused"] for figures in limits.values()) == 0
    assert max(figures["peak"] for figures in limits.values()) > 30
