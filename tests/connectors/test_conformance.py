"""What every connector owes, against the sandbox's imitations of all providers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import httpx
import pytest
from connectors.errors import AccessRefusedError, ConnectorError, ForbiddenError
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, MonthWait
from connectors.registry import connector_for
from connectors.session import pooled_transport
from sandbox.clock import Clock
from support.connecting import connected
from support.owed import OWED
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

CLIENTS = 15
# Whenever the suite runs, the same months are read: years of any kind begin and end somewhere.
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.parametrize("provider", Provider)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    clock = Clock()
    clock.advance((TODAY - clock.now()).total_seconds())
    with running_sandbox(clients=CLIENTS, documents=6, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox without faults, and with the limits of a new minute."""
    yield running
    running.http.delete("/_control").raise_for_status()
    running.world.clock.advance(61)


def account_of(sandbox: RunningSandbox, provider: Provider, number: int = 1) -> dict[str, Any]:
    return sandbox.accounts(provider)[number - 1]


def last_months(account: Mapping[str, Any], count: int) -> list[Month]:
    return list(Months.ending(Month.parse(account["last_month"]), count))


def fewest_calls(sandbox: RunningSandbox, account: dict[str, Any], months: Sequence[Month]) -> int:
    truths = [sandbox.truth(account, str(month)) for month in months]
    return OWED[Provider(account["provider"])].calls(truths)


def late_call(sandbox: RunningSandbox, account: dict[str, Any], months: Sequence[Month]) -> int:
    """A request when some of the year has been read and some has not."""
    known = OWED[Provider(account["provider"])].late_call
    return known or min(11, fewest_calls(sandbox, account, months) - 1)


def idle_months(
    sandbox: RunningSandbox, provider: Provider
) -> Iterator[tuple[dict[str, Any], Month, dict[str, dict[str, str]]]]:
    """Months of the last year in which nothing at all happened, one for each account that has some."""
    for number in range(1, CLIENTS + 1):
        account = account_of(sandbox, provider, number)
        for month in last_months(account, 12):
            truth = sandbox.truth(account, str(month))
            if all(float(one["value"]) == 0 for one in truth.values()):
                yield account, month, truth
                break


def told(result: MonthResult) -> dict[str, dict[str, str]]:
    assert isinstance(result, MonthCounts), result
    return {str(metric): {"value": str(one.value), "unit": one.unit} for metric, one in result.values.items()}


def codes(results: Mapping[Month, MonthResult]) -> set[ProblemCode]:
    assert all(isinstance(result, MonthFailure) for result in results.values()), results
    return {result.code for result in results.values() if isinstance(result, MonthFailure)}


class FaultLater(httpx.AsyncBaseTransport):
    """Switches a fault on after so many requests."""

    def __init__(self, sandbox: RunningSandbox, account: dict[str, Any], fault: str, after: int) -> None:
        self._sandbox, self._account, self._fault, self._left = sandbox, account, fault, after
        self._transport = pooled_transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= 1
        if self._left == 0:
            self._sandbox.fault(self._account, self._fault)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


@pytest.mark.parametrize("number", range(1, CLIENTS + 1))
async def test_a_year_is_the_truth(sandbox: RunningSandbox, provider: Provider, number: int) -> None:
    account = account_of(sandbox, provider, number)
    months = last_months(account, 12)

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, months)

    assert list(reading.months) == months
    assert reading.books.currency == account["currency"]
    for month in months:
        assert told(reading.months[month]) == sandbox.truth(account, str(month)), month


async def test_a_month_and_a_year_take_the_fewest_calls(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider)
    for count in (1, 12):
        months = last_months(account, count)
        sandbox.http.post("/_calls:reset").raise_for_status()
        async with connected(sandbox, account) as books:
            reading = await books.connector.read_months(books.session, books.account, months)
        counted = sandbox.http.get("/_calls").json()["calls"][provider][account["account"]]
        assert reading.calls == counted["read"] == fewest_calls(sandbox, account, months)


async def test_a_month_alone_reads_as_in_a_year(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider, 2)
    months = last_months(account, 3)

    async with connected(sandbox, account) as books:
        together = await books.connector.read_months(books.session, books.account, months)
        alone = await books.connector.read_months(books.session, books.account, months[1:2])

    assert alone.months[months[1]] == together.months[months[1]]


async def test_months_with_gaps_are_read_and_only_those(sandbox: RunningSandbox, provider: Provider) -> None:
    account = account_of(sandbox, provider, 2)
    year = last_months(account, 12)
    wanted = {year[0], year[5], year[11]}

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, wanted)

    assert set(reading.months) == wanted
    for month in wanted:
        assert told(reading.months[month]) == sandbox.truth(account, str(month))
    assert reading.calls <= fewest_calls(sandbox, account, year)


async def test_a_change_in_the_books_changes_values_and_fingerprint(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider, 3)
    (month,) = last_months(account, 1)

    async with connected(sandbox, account) as books:
        before = await books.connector.read_months(books.session, books.account, [month])
        sandbox.mutate(account, "add", "sales_invoice", str(month))
        after = await books.connector.read_months(books.session, books.account, [month])

    assert told(after.months[month]) == sandbox.truth(account, str(month)) != told(before.months[month])
    old, new = before.months[month], after.months[month]
    assert isinstance(old, MonthCounts)
    assert isinstance(new, MonthCounts)
    assert old.fingerprint != new.fingerprint
    assert new.record_count > old.record_count


async def test_an_empty_month_is_zeros(sandbox: RunningSandbox, provider: Provider) -> None:
    found = list(islice(idle_months(sandbox, provider), 3))

    for account, month, truth in found:
        async with connected(sandbox, account) as books:
            reading = await books.connector.read_months(books.session, books.account, [month])
        assert told(reading.months[month]) == truth

    assert found


@pytest.mark.parametrize("number", [2, 3])
async def test_a_leap_february_and_its_neighbours_are_the_truth(
    sandbox: RunningSandbox, provider: Provider, number: int
) -> None:
    account = account_of(sandbox, provider, number)
    months = list(Months(Month(2024, 1), Month(2024, 3)))

    async with connected(sandbox, account) as books:
        reading = await books.connector.read_months(books.session, books.account, months)
        alone = await books.connector.read_months(books.session, books.account, [Month(2024, 2)])

    for month in months:
        assert told(reading.months[month]) == sandbox.truth(account, str(month)), month
    assert alone.months[Month(2024, 2)] == reading.months[Month(2024, 2)]


async def test_a_test_is_short_and_tells_what_the_provider_tells(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider)
    sandbox.http.post("/_calls:reset").raise_for_status()

    async with connected(sandbox, account) as books:
        found = await books.connector.test(books.session, books.account)
        await books.connector.probe_rights(books.session, books.account, last_months(account, 1)[0])

    assert found.calls <= 2
    assert found.known is OWED[provider].identity
    assert (found.books.name == account["name"]) is OWED[provider].identity


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


async def test_an_end_date_that_its_form_asks_for_is_known_and_no_secret(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    connector, day = connector_for(provider), date(2999, 12, 31)
    fields = account_of(sandbox, provider)["credentials"] | {"expires_on": day.isoformat()}

    credentials = connector.split(fields)

    asks = any(field.name == "expires_on" for field in connector.form.fields)
    assert credentials.expires_on == (day if asks else None)
    assert "expires_on" not in credentials.grant.values
