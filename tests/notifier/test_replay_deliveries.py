from datetime import datetime, timedelta
from typing import Any

import pytest
from notifier.delivery import DeliveryState
from notifier.ports import EventFilter
from notifier.refusals import WebhookOffError
from notifier.replay_deliveries import Replayed
from notifier.webhook_event import WebhookEvent, WebhookType
from support.webhooks import BROKEN, OK, World, event


def filter_of(world: World, **more: Any) -> EventFilter:
    now = world.clock.now()
    usual: dict[str, Any] = {"since": now - timedelta(days=30), "until": now + timedelta(seconds=1)}
    return EventFilter(**{"company_id": "company-1", "types": tuple(WebhookType)} | usual | more)


def at(world: World, hour: int, **more: Any) -> WebhookEvent:
    return event(at=world.clock.now() + timedelta(hours=hour), **more)


async def replay(world: World, wanted: EventFilter, *, dead_only: bool = False) -> Replayed:
    (endpoint,) = world.endpoints.endpoints.values()
    return await world.webhooks.replay(endpoint, wanted, dead_only=dead_only)


async def test_a_replay_sends_the_same_ids_again_and_may_be_repeated() -> None:
    world = World()
    await world.entered()
    await world.told()
    await world.run()

    first = await replay(world, filter_of(world))
    second = await replay(world, filter_of(world))
    await world.run()

    assert (first, second) == (Replayed(again=1, added=0), Replayed(again=0, added=0))
    assert len(world.receiver.received) == 2
    assert len(set(world.receiver.ids)) == 1


async def test_time_client_and_type_select() -> None:
    world = World()
    await world.entered()
    began: datetime = world.clock.now()
    events = {
        "early": at(world, 0),
        "late": at(world, 5),
        "other client": at(world, 1, clients=("client-2",)),
        "all clients": at(world, 1, clients=(), is_about_all=True),
        "connection": at(world, 1, kind=WebhookType.CONNECTION_NEEDS_AUTH),
    }
    world.clock.forward(hours=6)
    for each in events.values():
        await world.told(each)
    await world.run()

    async def selected(**wanted: Any) -> set[str]:
        world.receiver.received.clear()
        await replay(world, filter_of(world, **wanted))
        await world.run()
        names = {world.deliveries.deliveries[key].webhook_id: name for name, key in keys(world, events)}
        return {names[sent] for sent in world.receiver.ids}

    assert await selected(since=began + timedelta(hours=2)) == {"late"}
    assert await selected(until=began + timedelta(hours=1)) == {"early"}
    assert await selected(client_id="client-2") == {"other client", "all clients"}
    assert await selected(types=(WebhookType.CONNECTION_NEEDS_AUTH,)) == {"connection"}


def keys(world: World, events: dict[str, WebhookEvent]) -> list[tuple[str, Any]]:
    by_event = {each.event_id: key for key, each in world.deliveries.deliveries.items()}
    return [(name, by_event[each.event_id]) for name, each in events.items()]


async def test_an_endpoint_that_was_disabled_gets_what_it_missed_with_new_numbers() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    await world.told()
    await world.run()
    await world.webhooks.manage.switch("company-1", endpoint_id, on=False)
    await world.webhooks.tell(event())
    await world.webhooks.manage.switch("company-1", endpoint_id, on=True)

    done = await replay(world, filter_of(world))
    await world.run()

    assert done == Replayed(again=1, added=1)
    assert world.endpoint(endpoint_id).last_sequence == 2


async def test_dead_letters_alone_can_be_replayed_with_all_their_attempts() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    await world.told()
    await world.run()
    world.receiver.answer = BROKEN
    dead = await world.told()
    await world.run()
    await world.webhooks.manage.switch("company-1", endpoint_id, on=False)
    await world.webhooks.manage.switch("company-1", endpoint_id, on=True)
    world.receiver.answer = OK
    world.receiver.received.clear()

    done = await replay(world, filter_of(world), dead_only=True)
    await world.run()

    assert done == Replayed(again=1, added=0)
    assert world.receiver.ids == [dead.webhook_id]
    assert (world.stored(dead).state, world.stored(dead).attempts) == (DeliveryState.DELIVERED, 1)


async def test_a_disabled_endpoint_has_nothing_replayed() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    await world.webhooks.manage.switch("company-1", endpoint_id, on=False)

    with pytest.raises(WebhookOffError):
        await replay(world, filter_of(world))
