"""Credentials that end on a known day: warned of 30, 7 and 1 days before, and explained afterwards."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from connectors.errors import AccessRefusedError
from credentials.expiry import has_ended
from credentials.lease_access import LeaseWish
from credentials.refusals import NotReadableError
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld, place
from sync_contracts.connections import ConnectionExpiring, ConnectionHealth, ConnectionSaved

TODAY = date(2026, 5, 2)


def told(world: CredentialsWorld) -> list[int]:
    return [event.days_left for event in world.sent.of(ConnectionExpiring)]


async def sweep_daily(world: CredentialsWorld, days: int) -> None:
    for _ in range(days):
        await world.use.sweep.once()
        world.clock.forward(days=1)


async def test_each_threshold_is_told_once(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-07-01")

    await sweep_daily(world, 70)

    warnings = world.sent.of(ConnectionExpiring)
    assert [event.days_left for event in warnings] == [30, 7, 1]
    assert [event.meta.occurred_at.date() for event in warnings] == [
        date(2026, 6, 1),
        date(2026, 6, 24),
        date(2026, 6, 30),
    ]
    assert {event.expires_on for event in warnings} == {date(2026, 7, 1)}
    assert len({event.meta.event_id for event in warnings}) == 3


@pytest.mark.parametrize(
    ("expires_on", "expected"),
    [
        ("2026-05-02", [0]),
        ("2026-05-03", [1]),
        ("2026-05-06", [4, 1]),
        ("2026-05-09", [7, 1]),
        ("2026-05-10", [8, 7, 1]),
        ("2026-06-01", [30, 7, 1]),
        ("2026-06-02", [30, 7, 1]),
    ],
)
async def test_what_is_saved_inside_a_threshold_gets_only_the_tightest(
    world: CredentialsWorld, expires_on: str, expected: list[int]
) -> None:
    await world.saved(key="abc", expires_on=expires_on)

    await sweep_daily(world, 40)

    assert told(world) == expected


async def test_the_first_warning_follows_the_message_of_the_save(world: CredentialsWorld) -> None:
    world.sent.fail_with = ConnectionRefusedError()
    await world.saved(key="abc", expires_on="2026-05-20")

    await world.use.sweep.once()

    assert [event.topic for event in world.sent.sent] == [ConnectionSaved.topic, ConnectionExpiring.topic]


async def test_a_service_that_was_away_tells_only_the_tightest(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-07-01")
    await world.use.sweep.once()
    world.clock.forward(days=55)

    await sweep_daily(world, 3)

    assert told(world) == [5]


async def test_nothing_is_told_once_the_day_is_over(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-07-01")
    world.clock.forward(days=61)

    await sweep_daily(world, 3)

    assert told(world) == []
    assert (await world.now()).warn_at is None


async def test_a_later_date_ends_the_warnings(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-05-20")
    await world.use.sweep.once()
    await world.saved(key="def", expires_on="2027-05-20")

    await sweep_daily(world, 30)

    assert told(world) == [18]


async def test_another_save_is_warned_of_anew_under_other_ids(world: CredentialsWorld) -> None:
    for key in ("abc", "def"):
        await world.saved(key=key, expires_on="2026-05-20")
        await world.use.sweep.once()

    warnings = world.sent.of(ConnectionExpiring)
    assert [event.generation for event in warnings] == [1, 2]
    assert len({event.meta.event_id for event in warnings}) == 2


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_save_without_a_date_and_a_delete_end_the_warnings(
    world: CredentialsWorld, is_deleted: bool
) -> None:
    await world.saved(key="abc", expires_on="2026-05-20")
    if is_deleted:
        await world.use.delete(place(), OWNER)
    else:
        await world.saved(key="def")

    await sweep_daily(world, 30)

    assert told(world) == []


async def test_two_processes_warn_once(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-05-20")

    await asyncio.gather(*(use.sweep.once() for use in (world.use, world.twin())))

    assert len({event.meta.event_id for event in world.sent.of(ConnectionExpiring)}) == 1
    assert (await world.now()).outbox == ()


async def test_a_warning_waits_for_kafka(world: CredentialsWorld) -> None:
    await world.saved(key="abc", expires_on="2026-05-20")
    world.sent.fail_with = ConnectionRefusedError()
    await world.use.sweep.once()
    assert told(world) == []

    world.clock.forward(seconds=61)
    await world.use.sweep.once()

    assert told(world) == [18]


async def test_a_refusal_after_the_day_names_it(world: CredentialsWorld) -> None:
    saved = await world.saved(key="abc", expires_on="2026-05-20")
    world.clock.forward(days=18)
    world.provider.sign_in_error = AccessRefusedError("401", cause="The key is wrong or has expired.")

    for _ in range(2):
        with pytest.raises(NotReadableError, match="ended on 2026-05-20"):
            await world.use.lease(LeaseWish(company_id=COMPANY, connection_id=saved.connection_id))

    refused = await world.now()
    assert refused.terms is not None
    assert refused.terms.health is ConnectionHealth.NEEDS_AUTH
    assert refused.cause == "The credentials ended on 2026-05-20."


async def test_a_refusal_before_the_day_has_its_own_cause(world: CredentialsWorld) -> None:
    saved = await world.saved(key="abc", expires_on="2026-05-20")
    world.provider.sign_in_error = AccessRefusedError("401", cause="The key is wrong or has expired.")

    with pytest.raises(NotReadableError, match="wrong"):
        await world.use.lease(LeaseWish(company_id=COMPANY, connection_id=saved.connection_id))

    assert (await world.now()).cause == "The key is wrong or has expired."


async def test_credentials_that_work_past_their_day_stay_usable(world: CredentialsWorld) -> None:
    saved = await world.saved(key="abc", expires_on="2026-05-20")
    world.clock.forward(days=30)

    lease = await world.use.lease(LeaseWish(company_id=COMPANY, connection_id=saved.connection_id))

    assert lease.access == {"key": "abc"}


@pytest.mark.parametrize(("hour", "ended"), [(9, False), (10, True)])
def test_a_day_comes_first_in_the_east(hour: int, ended: bool) -> None:
    assert has_ended(TODAY, datetime(2026, 5, 1, hour, tzinfo=UTC)) is ended
