"""Every store of webhooks keeps these promises: those in memory and those in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from notifier.adapters.mongo_deliveries import MongoDeliveries
from notifier.adapters.mongo_endpoints import MongoEndpoints
from notifier.adapters.mongo_webhook_events import MongoWebhookEvents
from notifier.delivery import Answer, DeathReason, Delivery, DeliveryState, Outcome
from notifier.endpoint import FORGOTTEN_AFTER, Announcement, DisabledBy, Endpoint
from notifier.ports import DeliveryStore, EndpointStore, EventFilter, EventStore
from notifier.webhook_event import WebhookEvent, WebhookType
from service_kit.mongo import build_mongo, database
from service_kit.settings import MongoSettings
from support.fakes import FakeClock
from support.webhook_stores import MemoryDeliveries, MemoryEndpoints, MemoryEvents
from support.webhooks import endpoint, event
from sync_contracts.webhooks import DisableReason

NOW = FakeClock().now()
SOON = NOW + timedelta(seconds=30)
OK = Answer(outcome=Outcome.DELIVERED, status=204)


@dataclass
class Stores:
    endpoints: EndpointStore
    events: EventStore
    deliveries: DeliveryStore

    async def delivery(self, told: WebhookEvent, to: Endpoint) -> Delivery:
        sequence = await self.deliveries.add(told, to, due_at=NOW)
        found = await self.deliveries.of_endpoint(
            to.company_id, to.endpoint_id, state=None, before=sequence + 1, limit=1
        )
        return found[0]

    async def state(self, of: Delivery) -> Delivery:
        found = await self.deliveries.of_endpoint(
            of.company_id, of.endpoint_id, state=None, before=of.sequence + 1, limit=1
        )
        return found[0]


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
def mongo_address(request: pytest.FixtureRequest) -> str | None:
    """Where the database is; None for the stores in memory."""
    return request.getfixturevalue("mongo_url") if request.param == "mongo" else None


@pytest.fixture
async def stores(mongo_address: str | None) -> AsyncIterator[Stores]:
    if mongo_address is None:
        yield Stores(MemoryEndpoints(), MemoryEvents(), MemoryDeliveries())
        return
    where = MongoSettings(url=mongo_address, database=f"notifier-{uuid4().hex}")
    client = build_mongo(where)
    records = database(client, where)
    endpoints, events = MongoEndpoints(records), MongoWebhookEvents(records)
    deliveries = MongoDeliveries(records)
    await asyncio.gather(endpoints.ensure_indexes(), events.ensure_indexes(), deliveries.ensure_indexes())
    yield Stores(endpoints, events, deliveries)
    await client.drop_database(where.database)
    client.close()


async def test_an_endpoint_comes_back_as_it_was_entered_and_only_to_its_company(stores: Stores) -> None:
    first, second = endpoint(at=NOW), endpoint(at=SOON)
    await stores.endpoints.add(second)
    await stores.endpoints.add(first)

    assert await stores.endpoints.of_company("company-1") == [first, second]
    assert await stores.endpoints.of_company("company-2") == []
    assert await stores.endpoints.find("company-1", first.endpoint_id) == first
    assert await stores.endpoints.find("company-2", first.endpoint_id) is None
    assert not await stores.endpoints.remove("company-2", first.endpoint_id)
    assert await stores.endpoints.remove("company-1", first.endpoint_id)
    assert await stores.endpoints.find("company-1", first.endpoint_id) is None


async def test_of_two_changes_at_once_one_is_refused_and_deliveries_facts_stay(stores: Stores) -> None:
    old = endpoint()
    await stores.endpoints.add(old)
    await stores.endpoints.numbered(old.endpoint_id, 7)
    await stores.endpoints.numbered(old.endpoint_id, 3)
    await stores.endpoints.succeeded(old.endpoint_id, SOON)
    changed = old.rotated(2, previous_until=SOON)

    assert await stores.endpoints.change(changed)
    assert not await stores.endpoints.change(old.switched(on=False, now=NOW))

    found = await stores.endpoints.find("company-1", old.endpoint_id)
    facts = {"last_sequence": 7, "last_success_at": SOON, "revision": 1}
    assert found == changed.model_copy(update=facts)


async def test_the_first_failure_after_a_success_is_remembered(stores: Stores) -> None:
    made = endpoint()
    await stores.endpoints.add(made)

    async def failing_since() -> object:
        found = await stores.endpoints.find("company-1", made.endpoint_id)
        return found and found.failing_since

    await stores.endpoints.failed(made.endpoint_id, NOW)
    await stores.endpoints.failed(made.endpoint_id, SOON)
    assert await failing_since() == NOW
    much_later = SOON + FORGOTTEN_AFTER + timedelta(seconds=1)
    await stores.endpoints.failed(made.endpoint_id, much_later)
    assert await failing_since() == much_later
    await stores.endpoints.succeeded(made.endpoint_id, SOON)
    assert await failing_since() is None


async def test_an_endpoint_is_disabled_once_and_waits_to_be_told(stores: Stores) -> None:
    made = endpoint()
    await stores.endpoints.add(made)
    told = Announcement(reason=DisableReason.FAILING, at=SOON, cause=uuid4())

    async def disable() -> Endpoint | None:
        return await stores.endpoints.disable(made.endpoint_id, told, DisabledBy.FAILING, failing_before=NOW)

    assert await disable() is None
    await stores.endpoints.failed(made.endpoint_id, SOON)
    assert await disable() is None
    await stores.endpoints.succeeded(made.endpoint_id, SOON)
    await stores.endpoints.failed(made.endpoint_id, NOW)
    disabled = [each for each in await asyncio.gather(*(disable() for _ in range(5))) if each]

    assert [(each.is_enabled, each.disabled_by, each.announcement) for each in disabled] == [
        (False, DisabledBy.FAILING, told)
    ]
    assert await stores.endpoints.to_announce(SOON, 10) == []
    assert await stores.endpoints.to_announce(SOON + timedelta(seconds=1), 10) == disabled
    await stores.endpoints.announced(made.endpoint_id, told)
    assert await stores.endpoints.to_announce(SOON + timedelta(seconds=1), 10) == []


async def test_enabling_takes_back_what_was_not_yet_told(stores: Stores) -> None:
    made = endpoint()
    await stores.endpoints.add(made)
    told = Announcement(reason=DisableReason.GONE, at=NOW, cause=uuid4())
    disabled = await stores.endpoints.disable(made.endpoint_id, told, DisabledBy.GONE, failing_before=None)
    assert disabled is not None

    assert await stores.endpoints.change(disabled.switched(on=True, now=SOON))

    assert await stores.endpoints.to_announce(SOON, 10) == []


async def test_events_come_back_by_time_type_and_client(stores: Stores) -> None:
    expires_at = NOW.replace(year=2099)
    wanted = event(at=SOON, clients=("client-1", "client-2"))
    for each in (
        wanted,
        event("company-2", at=SOON),
        event(at=NOW),
        event(at=SOON, kind=WebhookType.CONNECTION_SAVED),
        event(at=SOON, clients=("client-3",)),
    ):
        await stores.events.keep(each, expires_at=expires_at)
    await stores.events.keep(wanted.model_copy(update={"data": b"{}"}), expires_at=expires_at)
    asked = EventFilter(
        company_id="company-1",
        types=(WebhookType.SYNC_COMPLETED,),
        since=SOON,
        until=SOON + timedelta(seconds=1),
        client_id="client-2",
    )

    assert await stores.events.matching(asked, after=None, limit=10) == [wanted]
    assert await stores.events.matching(asked, after=wanted.event_id, limit=10) == []
    assert await stores.events.find(wanted.event_id) == wanted
    assert await stores.events.find(uuid4()) is None


async def test_events_are_paged_without_a_gap_and_those_about_everybody_fit_each_client(
    stores: Stores,
) -> None:
    events = [event(at=NOW, clients=(), is_about_all=True) for _ in range(7)]
    for each in events:
        await stores.events.keep(each, expires_at=NOW.replace(year=2099))
    asked = EventFilter(
        company_id="company-1", types=tuple(WebhookType), since=NOW, until=SOON, client_id="client-9"
    )

    found: list[WebhookEvent] = []
    while page := await stores.events.matching(asked, after=found[-1].event_id if found else None, limit=3):
        found += page

    assert sorted(found, key=str) == sorted(events, key=str)


async def test_numbers_have_no_gap_and_no_double_whoever_adds_at_once(stores: Stores) -> None:
    one, other = endpoint(), endpoint()
    events = [event() for _ in range(12)]

    given = await asyncio.gather(
        *(stores.deliveries.add(each, one, due_at=NOW) for each in events),
        *(stores.deliveries.add(each, one, due_at=NOW) for each in events),
        *(stores.deliveries.add(each, other, due_at=NOW) for each in events[:3]),
    )

    assert sorted(given[:12]) == list(range(1, 13))
    assert given[12:24] == given[:12]
    assert sorted(given[24:]) == [1, 2, 3]


async def test_numbers_go_on_where_the_retention_has_taken_all(stores: Stores) -> None:
    made = endpoint().model_copy(update={"last_sequence": 41})

    assert await stores.deliveries.add(event(), made, due_at=NOW) == 42


async def test_of_many_claims_one_holds_and_lapses(stores: Stores) -> None:
    delivery = await stores.delivery(event(), endpoint())

    async def claim(at_s: int) -> bool:
        now = NOW + timedelta(seconds=at_s)
        return await stores.deliveries.claim(
            delivery, claim=uuid4(), now=now, until=now + timedelta(seconds=30)
        )

    assert sum(await asyncio.gather(*(claim(0) for _ in range(8)))) == 1
    assert not await claim(29)
    assert await stores.deliveries.due(NOW + timedelta(seconds=29), limit=10) == []
    assert await claim(30)


async def test_what_is_due_comes_oldest_first_without_the_busy(stores: Stores) -> None:
    one, other = endpoint(), endpoint()
    late = event()
    await stores.deliveries.add(late, one, due_at=SOON)
    early = await stores.delivery(event(), one)
    busy = await stores.delivery(event(), other)
    await stores.deliveries.add(event(), one, due_at=SOON + timedelta(seconds=1))

    due = await stores.deliveries.due(SOON, limit=10, leaving_out=[other.endpoint_id])

    assert [each.event_id for each in due] == [early.event_id, late.event_id]
    assert busy in await stores.deliveries.due(SOON, limit=10)
    assert len(await stores.deliveries.due(SOON, limit=1)) == 1


async def test_what_waits_is_counted_until_it_has_ended(stores: Stores) -> None:
    to = endpoint()
    first = await stores.delivery(event(), to)
    await stores.delivery(event(), to)
    await stores.deliveries.claim(first, claim=(claim := uuid4()), now=NOW, until=SOON)
    assert await stores.deliveries.waiting() == 2

    await stores.deliveries.record(first.ended(DeliveryState.DELIVERED, NOW), claim=claim)
    assert await stores.deliveries.waiting() == 1

    await stores.deliveries.bury_pending(to.endpoint_id, DeathReason.ENDPOINT_DISABLED, NOW)
    assert await stores.deliveries.waiting() == 0


async def test_only_the_holder_of_the_claim_records_and_only_once(stores: Stores) -> None:
    delivery, claim = await stores.delivery(event(), endpoint()), uuid4()
    await stores.deliveries.claim(delivery, claim=claim, now=NOW, until=SOON)
    delivered = delivery.attempted(OK, NOW).ended(DeliveryState.DELIVERED, NOW)

    assert not await stores.deliveries.record(delivered, claim=uuid4())
    assert await stores.deliveries.record(delivered, claim=claim)
    assert not await stores.deliveries.record(delivery.due(SOON), claim=claim)

    assert await stores.state(delivery) == delivered
    assert await stores.deliveries.due(SOON + timedelta(days=9), limit=10) == []


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_success_beats_the_burial_that_overtook_it_and_a_failure_does_not(
    stores: Stores, arrived: bool
) -> None:
    delivery, claim = await stores.delivery(event(), endpoint()), uuid4()
    await stores.deliveries.claim(delivery, claim=claim, now=NOW, until=SOON)
    assert await stores.deliveries.bury_pending(delivery.endpoint_id, DeathReason.ENDPOINT_DISABLED, NOW)

    attempted = delivery.attempted(OK, NOW)
    outcome = attempted.ended(DeliveryState.DELIVERED, NOW) if arrived else attempted.due(SOON)

    assert await stores.deliveries.record(outcome, claim=claim) is arrived
    wanted = DeliveryState.DELIVERED if arrived else DeliveryState.DEAD
    assert (await stores.state(delivery)).state is wanted


async def test_a_burial_takes_what_is_pending_of_one_endpoint_and_a_replay_brings_it_back(
    stores: Stores,
) -> None:
    one, other = endpoint(), endpoint()
    pending = await stores.delivery(event(), one)
    elsewhere = await stores.delivery(event(), other)

    assert await stores.deliveries.bury_pending(one.endpoint_id, DeathReason.ENDPOINT_DISABLED, NOW) == 1
    dead = await stores.state(pending)
    assert (dead.state, dead.due_at) == (DeliveryState.DEAD, None)
    assert (dead.death_reason, dead.expires_at) == (
        DeathReason.ENDPOINT_DISABLED,
        NOW + timedelta(days=30),
    )
    assert await stores.state(elsewhere) == elsewhere

    ids = [pending.delivery_id, elsewhere.delivery_id, uuid4()]
    states = (DeliveryState.DEAD, DeliveryState.DELIVERED)
    assert await stores.deliveries.known(ids) == set(ids[:2])
    assert await stores.deliveries.again(ids, states=states, due_at=SOON) == 1
    assert await stores.deliveries.again(ids, states=states, due_at=SOON) == 0
    assert await stores.state(pending) == pending.due(SOON)


async def test_deliveries_are_listed_by_state_and_page_and_forgotten(stores: Stores) -> None:
    made = endpoint()
    deliveries = [await stores.delivery(event(), made) for _ in range(5)]
    await stores.deliveries.bury_pending(made.endpoint_id, DeathReason.ENDPOINT_DISABLED, NOW)
    await stores.deliveries.again([deliveries[4].delivery_id], states=(DeliveryState.DEAD,), due_at=NOW)

    async def listed(
        state: DeliveryState | None, before: int | None, company: str = "company-1"
    ) -> list[int]:
        found = await stores.deliveries.of_endpoint(
            company, made.endpoint_id, state=state, before=before, limit=2
        )
        return [each.sequence for each in found]

    assert await listed(None, None) == [5, 4]
    assert await listed(None, 4) == [3, 2]
    assert await listed(DeliveryState.DEAD, None) == [4, 3]
    assert await listed(None, None, "company-2") == []
    await stores.deliveries.forget(deliveries[4])
    assert await listed(None, None) == [4, 3]
    await stores.deliveries.forget_all(made.endpoint_id)
    assert await listed(None, None) == []
