"""What every connector owes when something is wrong, against the sandbox's imitations of all providers."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from connectors.errors import AccessRefusedError, ConnectorError, ForbiddenError
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, MonthWait
from connectors.registry import connector_for
from connectors.transport import PooledTransport
from support.conformance_readings import account_of, fewest_calls, last_months, told
from support.connecting import connected
from support.owed import OWED
from support.sandbox_server import RunningSandbox
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

pytestmark = pytest.mark.parametrize("provider", Provider)


def late_call(sandbox: RunningSandbox, account: dict[str, Any], months: Sequence[Month]) -> int:
    """A request when some of the year has been read and some has not."""
    known = OWED[Provider(account["provider"])].late_call
    return known or min(11, fewest_calls(sandbox, account, months) - 1)


def codes(results: Mapping[Month, MonthResult]) -> set[ProblemCode]:
    assert all(isinstance(result, MonthFailure) for result in results.values()), results
    return {result.code for result in results.values() if isinstance(result, MonthFailure)}


class FaultLater(httpx.AsyncBaseTransport):
    """Switches a fault on after so many requests."""

    def __init__(self, sandbox: RunningSandbox, account: dict[str, Any], fault: str, after: int) -> None:
        self._sandbox, self._account, self._fault, self._left = sandbox, account, fault, after
        self._transport = PooledTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= 1
        if self._left == 0:
            self._sandbox.fault(self._account, self._fault)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def test_a_revoked_key_is_refused_access(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "revoke")
        reading = await books.connector.read_months(books.session, books.account, last_months(account, 2))
        with pytest.raises(AccessRefusedError) as caught:
            await books.connector.test(books.session, books.account)

    assert codes(reading.months) == {ProblemCode.NEEDS_AUTH}
    assert reading.access_refused
    assert caught.value.cause


async def test_a_key_revoked_on_the_way_leaves_whole_months(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider)
    months = last_months(account, 12)

    transport = FaultLater(sandbox, account, "revoke", late_call(sandbox, account, months))
    async with connected(sandbox, account, transport=transport) as books:
        reading = await books.connector.read_months(books.session, books.account, months)

    whole = [month for month in months if isinstance(reading.months[month], MonthCounts)]
    assert len(whole) < 12
    assert bool(whole) is not OWED[provider].year_at_once
    for month in whole:
        assert told(reading.months[month]) == sandbox.truth(account, str(month))
    assert codes({month: reading.months[month] for month in months if month not in whole}) == {
        ProblemCode.NEEDS_AUTH
    }


@pytest.mark.parametrize("fault", ["plan_too_low", "no_permission"])
async def test_a_missing_plan_or_right_is_forbidden(
    sandbox: RunningSandbox, provider: Provider, fault: str
) -> None:
    account = account_of(sandbox, provider)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, fault)
        reading = await books.connector.read_months(books.session, books.account, last_months(account, 2))

    is_plan = fault in OWED[provider].plan_faults
    assert codes(reading.months) == {
        ProblemCode.PROVIDER_PLAN_TOO_LOW if is_plan else ProblemCode.NO_PERMISSION
    }


async def test_a_probe_tells_a_right_that_is_missing(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    (month,) = last_months(account, 1)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "no_permission")
        try:
            await books.connector.probe_rights(books.session, books.account, month)
            refused = False
        except ForbiddenError:
            refused = True

    assert refused is OWED[provider].rights


@pytest.mark.parametrize("fault", ["error_500", "gateway_502"])
async def test_an_outage_is_the_provider_s(sandbox: RunningSandbox, provider: Provider, fault: str) -> None:
    account = account_of(sandbox, provider)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, fault)
        reading = await books.connector.read_months(books.session, books.account, last_months(account, 2))

    assert codes(reading.months) == {ProblemCode.PROVIDER_DOWN}
    assert not reading.access_refused


async def test_a_short_outage_is_waited_for(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    (month,) = last_months(account, 1)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "gateway_502", times=1)
        reading = await books.connector.read_months(books.session, books.account, [month])

    assert told(reading.months[month]) == sandbox.truth(account, str(month))


async def test_a_provider_that_hangs_is_down(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)

    async with connected(sandbox, account, call_timeout_s=0.3) as books:
        sandbox.fault(account, "hang")
        reading = await books.connector.read_months(books.session, books.account, last_months(account, 1))

    assert codes(reading.months) == {ProblemCode.PROVIDER_DOWN}


async def test_on_a_throttle_whole_months_are_kept_and_the_rest_waits(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider)
    months = last_months(account, 12)

    transport = FaultLater(sandbox, account, "throttle_429", late_call(sandbox, account, months))
    async with connected(sandbox, account, transport=transport) as books:
        reading = await books.connector.read_months(books.session, books.account, months)

    waits = [result for result in reading.months.values() if isinstance(result, MonthWait)]
    whole = [month for month in months if isinstance(reading.months[month], MonthCounts)]
    assert len(waits) + len(whole) == 12
    assert waits
    assert bool(whole) is not OWED[provider].year_at_once
    for month in whole:
        assert told(reading.months[month]) == sandbox.truth(account, str(month))
    assert {wait.reason for wait in waits} == {WaitReason.RATE_LIMITED}
    assert {wait.budget_key for wait in waits} == {books.account.account_key}


async def test_many_readings_of_one_account_never_meet_the_provider_s_limit(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider, 4)
    months = last_months(account, 12)
    sandbox.http.post("/_calls:reset").raise_for_status()

    async with connected(sandbox, account) as books:
        for _ in range(6):
            reading = await books.connector.read_months(books.session, books.account, months)
            waits = [result for result in reading.months.values() if isinstance(result, MonthWait)]
            if waits:
                last = max(wait.retry_at for wait in waits)
                await books.session.clock.sleep((last - books.session.clock.now()).total_seconds())

    assert sandbox.http.get("/_calls").json()["calls"][provider][account["account"]]["throttled"] == 0


@pytest.mark.parametrize("options", [{}, {"field": "date"}])
async def test_an_unreadable_row_fails_months_and_is_never_skipped(
    sandbox: RunningSandbox, provider: Provider, options: dict[str, str]
) -> None:
    account = account_of(sandbox, provider)
    months = last_months(account, 3)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "unreadable", **options)
        reading = await books.connector.read_months(books.session, books.account, months)

    failed = {m: result for m, result in reading.months.items() if not isinstance(result, MonthCounts)}
    assert codes(failed) == {ProblemCode.UNREADABLE_ANSWER}
    for month in set(months) - set(failed):
        assert told(reading.months[month]) == sandbox.truth(account, str(month))


async def test_a_page_cut_short_never_becomes_a_value(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    months = last_months(account, 2)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "short_page")
        reading = await books.connector.read_months(books.session, books.account, months)

    for month, result in reading.months.items():
        if isinstance(result, MonthCounts):
            assert told(result) == sandbox.truth(account, str(month))
        else:
            assert codes({month: result}) == {ProblemCode.UNREADABLE_ANSWER}


async def test_other_books_are_told_where_the_provider_tells_whose_they_are(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider)
    (month,) = last_months(account, 1)

    async with connected(sandbox, account) as books:
        own = (await books.connector.identify(books.session, books.account)).books
        expected = Books(external_id=own.external_id or "pinned-earlier")
        sandbox.fault(account, "wrong_company")
        reading = await books.connector.read_months(books.session, books.account, [month], expected=expected)

    assert reading.identity_known is OWED[provider].identity
    if OWED[provider].identity:
        assert codes(reading.months) == {ProblemCode.WRONG_COMPANY}
        assert reading.calls == 0


async def test_a_wrong_clock_is_never_a_value(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    (month,) = last_months(account, 1)

    async with connected(sandbox, account) as books:
        sandbox.fault(account, "clock_skew", skew_s=400_000)
        reading = await books.connector.read_months(books.session, books.account, [month])

    result = reading.months[month]
    if isinstance(result, MonthCounts):
        assert told(result) == sandbox.truth(account, str(month))
    else:
        assert codes({month: result}) == {ProblemCode.NEEDS_AUTH}


async def test_no_error_tells_a_secret(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    secret_names = {field.name for field in connector_for(provider).form.fields if field.secret}
    secrets = [account["credentials"][name] for name in secret_names if account["credentials"].get(name)]
    told_texts: list[str] = []

    async with connected(sandbox, account) as books:
        secrets += books.account.access.values.values()
        for fault in ("revoke", "error_500", "no_permission", "throttle_429"):
            sandbox.fault(account, fault, times=4)
            try:
                await books.connector.test(books.session, books.account)
            except ConnectorError as error:
                told_texts += [str(error), error.detail, error.cause, repr(error)]
        told_texts += [repr(books.account), repr(books.account.access)]

    assert secrets
    assert not [secret for secret in secrets if any(secret in text for text in told_texts)]
