import asyncio

from notifier.deliver_due import Pace
from notifier.delivery import DeliveryState
from support.kafka import eventually
from support.webhooks import World, event

SLOW, QUICK = "https://slow.example.com/", "https://quick.example.com/"


async def test_an_endpoint_that_hangs_holds_a_few_places_and_nobody_else() -> None:
    world = World(pace=Pace(in_flight=100, per_endpoint=4))
    await world.entered(SLOW, company_id="company-1")
    await world.entered(QUICK, company_id="company-2")
    world.receiver.hanging.add(SLOW)
    for _ in range(150):
        await world.webhooks.tell(event("company-1"))
    for _ in range(20):
        await world.webhooks.tell(event("company-2"))

    for _ in range(30):
        await world.webhooks.deliver_due.once()
        await asyncio.sleep(0)

    asked = [url for url, _, _ in world.receiver.received]
    assert asked.count(SLOW) == 4
    assert asked.count(QUICK) == 20
    world.receiver.released.set()
    await world.run()
    assert {each.state for each in world.deliveries.deliveries.values()} == {DeliveryState.DELIVERED}


async def test_no_more_than_so_many_are_on_their_way_at_once() -> None:
    world = World(pace=Pace(in_flight=3, per_endpoint=100))
    await world.entered(SLOW)
    world.receiver.hanging.add(SLOW)
    for _ in range(5):
        await world.webhooks.tell(event())

    await world.webhooks.deliver_due.once()
    await asyncio.sleep(0)
    await world.webhooks.deliver_due.once()
    await asyncio.sleep(0)

    assert len(world.receiver.received) == 3
    world.receiver.released.set()
    await world.run()
    assert len(world.receiver.received) == 5


async def test_two_processes_share_what_is_due() -> None:
    world = World()
    await world.entered()
    second = world.instance()
    for _ in range(40):
        await world.webhooks.tell(event())

    while any(each.due_at for each in world.deliveries.deliveries.values()):
        await asyncio.gather(world.webhooks.deliver_due.once(), second.deliver_due.once())
        await asyncio.gather(world.webhooks.deliver_due.idle(), second.deliver_due.idle())

    assert len(set(world.receiver.ids)) == len(world.receiver.ids) == 40


async def test_a_new_event_wakes_the_loop_and_a_stop_lets_arrive_what_is_on_its_way() -> None:
    world = World(pace=Pace(poll_every_s=600))
    await world.entered()
    world.receiver.hanging.add("https://hooks.example.com/ledgerbus")
    loop = asyncio.create_task(world.webhooks.deliver_due.run())
    await asyncio.sleep(0)

    await world.webhooks.tell(event())
    await eventually(lambda: bool(world.receiver.received))
    loop.cancel()
    await asyncio.sleep(0)
    world.receiver.released.set()
    await asyncio.gather(loop, return_exceptions=True)

    assert [each.state for each in world.deliveries.deliveries.values()] == [DeliveryState.DELIVERED]
