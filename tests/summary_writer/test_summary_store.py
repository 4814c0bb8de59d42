"""Every summary store keeps these promises: the one in memory and the one in MongoDB."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.mongo import build_mongo, database
from service_kit.settings import MongoSettings
from summary_writer.adapters.mongo_fences import MongoFences
from summary_writer.adapters.mongo_summaries import MongoSummaries
from summary_writer.ports import Fences, SummaryFilter, SummaryStore
from summary_writer.summary import Outcome, Reading, Refused, Summary, Unchanged, Updated
from support.fakes import FakeClock
from support.summaries import CONNECTION, READ_AT, MemorySummaries, counted, values
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import JobCounted
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.summaries import UnchangedReason

SAME = Unchanged(UnchangedReason.SAME_VALUES)
NEWER_KEPT = Unchanged(UnchangedReason.NEWER_KEPT)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stores:
    """A store and its fences, with the clock they go by."""

    summaries: SummaryStore
    fences: Fences
    clock: FakeClock

    async def write(self, *messages: JobCounted) -> list[Outcome]:
        return await self.summaries.write([Reading.of(message) for message in messages])

    async def only(self, company_id: str = "company-1") -> Summary:
        (summary,) = await self.summaries.find(SummaryFilter(company_id=company_id), limit=10)
        return summary


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
def mongo_address(request: pytest.FixtureRequest) -> str | None:
    """Where the database is that keeps the summaries; None for the store in memory."""
    return request.getfixturevalue("mongo_url") if request.param == "mongo" else None


@pytest.fixture
async def stores(mongo_address: str | None) -> AsyncIterator[Stores]:
    clock = FakeClock()
    if mongo_address is None:
        memory = MemorySummaries(clock)
        yield Stores(memory, memory, clock)
        return
    where = MongoSettings(url=mongo_address, database=f"summaries-{uuid4().hex}")
    client = build_mongo(where)
    fences = MongoFences(database(client, where))
    summaries = MongoSummaries(database(client, where), fences, clock)
    await summaries.ensure_indexes()
    yield Stores(summaries, fences, clock)
    await client.drop_database(where.database)
    client.close()


async def test_a_first_reading_is_stored_whole(stores: Stores) -> None:
    message = counted(notes=("UNCONVERTED 2",))

    outcomes = await stores.write(message)

    assert outcomes == [Updated(previous=None)]
    assert await stores.only() == Reading.of(message).summary


async def test_amounts_keep_their_decimals_and_absent_metrics_stay_absent(stores: Stores) -> None:
    await stores.write(counted(net="-0.10"))

    stored = await stores.only()

    assert {str(metric): str(value.value) for metric, value in stored.values.items()} == {
        "sales_net": "-0.10",
        "sales_invoice_count": "12",
    }


async def test_a_later_reading_replaces_and_history_keeps_what_it_replaced(stores: Stores) -> None:
    first, second = counted(net="10.00"), counted(net="20.00", read_at=READ_AT + MINUTE)
    await stores.write(first)

    outcomes = await stores.write(second)

    assert outcomes == [Updated(previous=values("10.00"))]
    newest, oldest = await stores.summaries.history(Reading.of(first).key)
    assert (newest.run_id, newest.replaced) == (second.job.run_id, Reading.of(first).summary)
    assert (oldest.run_id, oldest.replaced) == (first.job.run_id, None)
    assert newest.written_at == stores.clock.now()


async def test_an_equal_reading_advances_only_its_origin_in_time(stores: Stores) -> None:
    first = counted(net="10.00", calls=5)
    later = counted(net="10.0", calls=9, read_at=READ_AT + MINUTE)
    await stores.write(first)

    outcomes = await stores.write(later)

    assert outcomes == [SAME]
    before, new = Reading.of(first).summary, Reading.of(later).summary
    assert await stores.only() == replace(
        before, read_at=new.read_at, run_id=new.run_id, cause=new.cause, version=2
    )
    assert len(await stores.summaries.history(new.key)) == 1


@pytest.mark.parametrize(
    "change", [{"fingerprint": "b" * 64}, {"notes": ("UNCONVERTED 1",)}, {"invoices": 13}]
)
async def test_anything_else_that_is_told_about_the_books_is_a_change(
    stores: Stores, change: dict[str, object]
) -> None:
    await stores.write(counted())

    outcomes = await stores.write(counted(read_at=READ_AT + MINUTE, **change))  # type: ignore[arg-type]  # one field

    assert outcomes == [Updated(previous=values())]


async def test_an_older_reading_never_replaces_a_newer_one(stores: Stores) -> None:
    await stores.write(counted(net="20.00", read_at=READ_AT + MINUTE))

    outcomes = await stores.write(counted(net="10.00"))

    assert outcomes == [NEWER_KEPT]
    assert (await stores.only()).values == values("20.00")


async def test_a_redelivery_repeats_its_first_answer(stores: Stores) -> None:
    first, second = counted(net="10.00"), counted(net="20.00", read_at=READ_AT + MINUTE)
    confirming = counted(net="20.00", read_at=READ_AT + 2 * MINUTE)
    answers = [(await stores.write(message))[0] for message in (first, second, confirming)]

    repeated = await stores.write(confirming, second, first)

    assert repeated == answers[::-1] == [SAME, Updated(values("10.00")), Updated(None)]
    assert len(await stores.summaries.history(Reading.of(first).key)) == 2


async def test_an_attempt_that_is_read_again_is_answered_with_what_stands(stores: Stores) -> None:
    first = counted(net="10.00")
    again = counted(net="30.00", read_at=READ_AT + MINUTE, run=first.job.run_id)
    later = counted(net="20.00", read_at=READ_AT + 2 * MINUTE)
    await stores.write(first)
    await stores.write(later)

    (outcome,) = await stores.write(again)

    assert isinstance(outcome, Updated)
    assert outcome.instead is not None
    assert (outcome.instead.values, outcome.instead.read_at) == (values("10.00"), READ_AT)
    assert (await stores.only()).values == values("20.00")


async def test_a_redelivery_is_still_updated_after_the_connection_was_deleted(stores: Stores) -> None:
    message = counted(generation=1)
    await stores.write(message)
    await stores.fences.raise_to(CONNECTION, 2)

    outcomes = await stores.write(message)

    assert outcomes == [Updated(previous=None)]


async def test_a_reading_of_an_older_generation_is_refused(stores: Stores) -> None:
    await stores.fences.raise_to(CONNECTION, 3)
    await stores.fences.raise_to(CONNECTION, 2)

    outcomes = await stores.write(
        counted(client_id="old", generation=2),
        counted(client_id="new", generation=3),
        counted(client_id="other", generation=1, connection_id=uuid4()),
    )

    assert outcomes == [Refused(ProblemCode.CONNECTION_DELETED), Updated(None), Updated(None)]


async def test_a_reading_from_the_future_is_refused(stores: Stores) -> None:
    limit = stores.clock.now() + timedelta(seconds=60)

    outcomes = await stores.write(
        counted(client_id="just", read_at=limit),
        counted(client_id="over", read_at=limit + timedelta(milliseconds=1)),
    )

    assert outcomes == [Updated(None), Refused(ProblemCode.CLOCK_SKEW)]


async def test_readings_of_one_month_in_one_batch_end_with_the_newest(stores: Stores) -> None:
    old, new = counted(net="10.00"), counted(net="20.00", read_at=READ_AT + MINUTE)

    outcomes = await stores.write(old, new, old, new)

    assert outcomes == [Updated(None), Updated(values("10.00")), Updated(None), Updated(values("10.00"))]
    assert (await stores.only()).values == values("20.00")


async def test_lists_by_client_provider_and_months_and_pages_in_order(stores: Stores) -> None:
    for_xero = [
        counted(client_id=client, month=month) for client in ("b", "a") for month in ("2026-01", "2026-02")
    ]
    await stores.write(
        *for_xero, counted(client_id="a", provider=Provider.TRIPLETEX), counted(company_id="other")
    )

    async def places(limit: int = 10, after: tuple[str, ...] = (), **wanted: object) -> list[str]:
        query = SummaryFilter(company_id="company-1", **wanted)  # type: ignore[arg-type]  # some of its fields
        found = await stores.summaries.find(query, after=after, limit=limit)
        return ["/".join(map(str, summary.key[1:])) for summary in found]

    everything = await places()
    assert everything == [
        "a/tripletex/2026-04",
        "a/xero/2026-01",
        "a/xero/2026-02",
        "b/xero/2026-01",
        "b/xero/2026-02",
    ]
    assert await places(limit=2) == everything[:2]
    assert await places(limit=2, after=("a", "xero", "2026-01")) == everything[2:4]
    assert await places(client_id="a", provider=Provider.XERO) == everything[1:3]
    assert await places(first=Month(2026, 2), last=Month(2026, 3)) == ["a/xero/2026-02", "b/xero/2026-02"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_order_and_repetition_ends_with_the_newest_and_a_true_history(
    stores: Stores, data: st.DataObject
) -> None:
    client_id = f"client-{uuid4().hex}"
    amounts = data.draw(st.lists(st.sampled_from(["1.00", "2.00", "3.00"]), min_size=1, max_size=6))
    messages = [
        counted(client_id=client_id, net=net, read_at=READ_AT + minute * MINUTE)
        for minute, net in enumerate(amounts)
    ]
    order = data.draw(st.permutations(messages + data.draw(st.lists(st.sampled_from(messages), max_size=6))))
    size = data.draw(st.integers(1, len(order)))

    answers: dict[str, list[Outcome]] = {}
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        for message, outcome in zip(batch, await stores.write(*batch), strict=True):
            answers.setdefault(str(Reading.of(message).cause), []).append(outcome)

    newest = Reading.of(messages[-1])
    (stored,) = await stores.summaries.find(
        SummaryFilter(company_id="company-1", client_id=client_id), limit=9
    )
    assert stored.values == newest.summary.values
    assert (stored.read_at, stored.cause) == (newest.summary.read_at, newest.cause)
    changes = await stores.summaries.history(newest.key)
    updated = {cause for cause, told in answers.items() if isinstance(told[0], Updated)}
    assert {str(change.cause) for change in changes} == updated
    assert [change.replaced.origin if change.replaced else None for change in changes] == [
        *(change.cause for change in changes[1:]),
        None,
    ]
    for told in answers.values():
        assert {type(outcome) for outcome in told} == {type(told[0])}
        assert not isinstance(told[0], Updated) or told == [told[0]] * len(told)
