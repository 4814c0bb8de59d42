"""What every connector owes, against the sandbox's imitations of all providers."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

import pytest
from connectors.protocol import MonthCounts
from connectors.registry import connector_for
from support.conformance_readings import account_of, busy_months, fewest_calls, last_months, told
from support.conformity import CLIENTS
from support.connecting import connected
from support.owed import OWED
from support.sandbox_server import RunningSandbox
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

pytestmark = pytest.mark.parametrize("provider", Provider)


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


CHANGES = [
    ("void", "purchase_invoice", {}),
    ("move", "sales_invoice", {}),
    ("void", "sales_credit_note", {}),
    ("add", "purchase_credit_note", {}),
    ("add", "manual_journal", {}),
    ("add", "bank_transaction", {}),
    ("add", "sales_invoice", {"rate_known": False}),
]


async def test_whatever_is_changed_in_the_books_is_read_as_it_now_is(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    account = account_of(sandbox, provider, 5)
    months = busy_months(sandbox, account)
    before = {month: sandbox.truth(account, str(month)) for month in months}
    began = sandbox.world.clock.now()

    async with connected(sandbox, account) as books:
        for action, kind, options in CHANGES:
            sandbox.mutate(account, action, kind, str(months[1]), **options)
            reading = await books.connector.read_months(books.session, books.account, months)
            for month in months:
                assert told(reading.months[month]) == sandbox.truth(account, str(month)), (
                    action,
                    kind,
                    month,
                )

    assert {month: sandbox.truth(account, str(month), at=began.isoformat()) for month in months} == before
    assert all(sandbox.truth(account, str(month)) != before[month] for month in months)


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


async def test_an_end_date_that_its_form_asks_for_is_known_and_no_secret(
    sandbox: RunningSandbox, provider: Provider
) -> None:
    connector, day = connector_for(provider), date(2999, 12, 31)
    fields = account_of(sandbox, provider)["credentials"] | {"expires_on": day.isoformat()}

    credentials = connector.split(fields)

    asks = any(field.name == "expires_on" for field in connector.form.fields)
    assert credentials.expires_on == (day if asks else None)
    assert "expires_on" not in credentials.grant.values
