import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from notifier.delivery import Answer, DeathReason, DeliveryState, Outcome
from notifier.endpoint import DisabledBy
from notifier.receipt import Receipt
from notifier.signing import signed_headers
from notifier.webhook_event import WebhookEvent
from service_kit.errors import DependencyDownError
from support.kafka import eventually
from support.receipts import finished
from support.webhooks import BROKEN, GONE, OK, URL, World, event
from sync_contracts.webhooks import DisableReason, WebhookDisabled


def verified(world: World, secret: str) -> dict[str, Any]:
    """The newest body, signed by the secret; the world's clock stands where no verifier would believe it."""
    _, body, headers = world.receiver.received[-1]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = signed_headers(headers["webhook-id"], body, [key], now=world.clock.now())
    assert expected["webhook-timestamp"] == headers["webhook-timestamp"]
    assert expected["webhook-signature"] in headers["webhook-signature"].split(" ")
    return dict(json.loads(body))


async def test_a_receipt_is_delivered_signed_with_its_own_bytes_as_data() -> None:
    world = World()
    _, secret = await world.entered()
    run = finished()
    receipt = Receipt.of(run, source="notifier")

    delivery = await world.told(WebhookEvent.of_receipt(receipt, run))
    await world.run()

    body = verified(world, secret)
    assert (body["type"], body["sequence"], body["company_id"]) == ("sync.completed.v1", 1, "company-1")
    assert body["event_id"] == receipt.headers["ce_id"]
    assert world.receiver.received[0][1].endswith(b'"data": ' + receipt.body + b"}")
    assert world.stored(delivery).state is DeliveryState.DELIVERED


async def test_attempts_repeat_the_id_and_the_body_until_one_succeeds() -> None:
    world = World()
    await world.entered()
    world.receiver.answer = BROKEN
    delivery = await world.told()

    await world.run()
    world.clock.forward(seconds=4)
    await world.run()
    assert len(world.receiver.received) == 1
    world.receiver.answer = OK
    world.clock.forward(seconds=2)
    await world.run()

    assert world.receiver.ids == [delivery.webhook_id] * 2
    assert len({body for _, body, _ in world.receiver.received}) == 1
    stored = world.stored(delivery)
    assert (stored.state, stored.attempts, stored.last_status) == (DeliveryState.DELIVERED, 2, 204)


async def test_after_ten_attempts_in_about_72_hours_it_is_a_dead_letter() -> None:
    world = World()
    await world.entered()
    began = world.clock.now()
    delivery = await world.told()
    world.receiver.answer = BROKEN

    while world.stored(delivery).state is DeliveryState.PENDING:
        await world.run()
        due_at = world.stored(delivery).due_at
        world.clock.at = due_at or world.clock.at

    dead = world.stored(delivery)
    assert len(world.receiver.received) == 10
    assert timedelta(hours=68) < world.clock.now() - began < timedelta(hours=76)
    assert (dead.state, dead.death_reason) == (DeliveryState.DEAD, DeathReason.ATTEMPTS_USED_UP)


async def test_an_event_told_twice_has_one_delivery_and_one_number() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    first = event()

    await world.told(first)
    await world.told(event())
    await world.told(first)
    await world.run()

    numbers = [json.loads(body)["sequence"] for _, body, _ in world.receiver.received]
    assert sorted(numbers) == [1, 2]
    assert world.endpoint(endpoint_id).last_sequence == 2


async def test_a_delivery_that_is_retried_does_not_hold_the_next() -> None:
    world = World()
    await world.entered()
    world.receiver.answer = BROKEN
    stuck = await world.told()
    await world.run()

    world.receiver.answer = OK
    following = await world.told()
    await world.run()

    assert world.stored(stuck).state is DeliveryState.PENDING
    assert world.stored(following).state is DeliveryState.DELIVERED


async def test_an_endpoint_that_is_gone_is_disabled_at_once_and_tells_it() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    world.receiver.answer = GONE
    delivery = await world.told()

    await world.run()

    endpoint = world.endpoint(endpoint_id)
    assert (endpoint.is_enabled, endpoint.disabled_by) == (False, DisabledBy.GONE)
    assert world.stored(delivery).death_reason is DeathReason.ENDPOINT_DISABLED
    (told,) = world.publisher.of(WebhookDisabled)
    assert (told.endpoint_id, told.reason) == (endpoint_id, DisableReason.GONE)
    assert told.meta.causation_id == delivery.event_id


async def test_an_endpoint_that_fails_for_five_days_is_disabled_and_its_due_deliveries_die() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    world.receiver.answer = BROKEN
    await world.told()
    await world.run()
    began = world.clock.now()

    for _ in range(4):
        world.clock.forward(days=1)
        await world.run()
    world.clock.forward(days=0.9)
    later = await world.told()
    await world.run()
    assert world.endpoint(endpoint_id).is_enabled
    world.clock.forward(days=0.1)
    await world.run()

    assert world.endpoint(endpoint_id).disabled_by is DisabledBy.FAILING
    assert world.stored(later).state is DeliveryState.DEAD
    (told,) = world.publisher.of(WebhookDisabled)
    assert (told.reason, told.failing_since) == (DisableReason.FAILING, began)
    assert world.endpoint(endpoint_id).announcement is None


async def test_a_success_in_between_starts_the_five_days_anew() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    for answer in (BROKEN, OK, BROKEN):
        world.receiver.answer = answer
        await world.told()
        await world.run()
        world.clock.forward(days=3)

    assert world.endpoint(endpoint_id).is_enabled


async def test_a_disabling_that_a_kill_left_untold_is_told_later_under_the_same_id() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    world.receiver.answer = GONE
    world.publisher.fail_with = DependencyDownError("kafka", "away")
    await world.told()
    await world.run()
    assert not world.endpoint(endpoint_id).is_enabled
    assert world.publisher.sent == []

    world.clock.forward(seconds=61)
    await world.run()
    await world.run()

    assert len(world.publisher.of(WebhookDisabled)) == 1


async def test_a_disabled_endpoint_gets_nothing_and_what_was_due_is_dead() -> None:
    world = World()
    endpoint_id, _ = await world.entered()
    delivery = await world.told()

    await world.webhooks.manage.switch("company-1", endpoint_id, on=False)
    await world.webhooks.tell(event())
    await world.run()

    assert world.receiver.received == []
    assert world.stored(delivery).death_reason is DeathReason.ENDPOINT_DISABLED
    assert world.publisher.sent == []


async def test_a_receiver_that_asks_for_time_gets_it() -> None:
    world = World()
    await world.entered()
    world.receiver.answer = Answer(outcome=Outcome.REFUSED, status=429, retry_after_s=600)
    delivery = await world.told()

    await world.run()

    assert world.stored(delivery).due_at == world.clock.now() + timedelta(seconds=600)


async def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_alone() -> None:
    world = World()
    endpoint_id, old = await world.entered()
    world.key.version = 2
    _, new = await world.webhooks.manage.rotate("company-1", endpoint_id, timedelta(hours=24))
    assert old != new

    await world.told()
    await world.run()
    verified(world, old)
    verified(world, new)
    world.clock.forward(hours=24)
    await world.told()
    await world.run()

    verified(world, new)
    with pytest.raises(AssertionError):
        verified(world, old)


async def test_another_process_repeats_what_a_killed_one_had_claimed_under_the_same_id() -> None:
    world = World()
    await world.entered()
    delivery = await world.told()
    first = world.receiver
    first.hanging.add(URL)
    await world.webhooks.deliver_due.once()
    second = world.instance()

    await eventually(lambda: len(first.received) == 1)
    await second.deliver_due.once()
    await second.deliver_due.idle()
    assert len(first.received) == 1
    world.clock.forward(seconds=31)
    first.hanging.clear()
    await second.deliver_due.once()
    await second.deliver_due.idle()

    assert world.stored(delivery).state is DeliveryState.DELIVERED
    first.released.set()
    await world.webhooks.deliver_due.idle()
    assert first.ids == [delivery.webhook_id] * 2
    assert world.stored(delivery).attempts == 1
