"""Observations: health, pinned books, and each trouble told once."""

import pytest
from credentials.connection import Connection
from credentials.refusals import ConnectionNotFoundError
from credentials.terms import Observation
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld, place
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import (
    ConnectionHealth,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.jobs import Books

OAK = Books(external_id="org-1", name="Oak OÜ", currency="EUR")
ELM = Books(external_id="org-2", name="Elm OÜ", currency="EUR")


async def observe(
    world: CredentialsWorld, outcome: ConnectionHealth, books: Books | None = None, *, generation: int = 1
) -> Connection:
    found = await world.now()
    seen = Observation(outcome=outcome, books=books or Books())
    await world.use.observe(COMPANY, found.connection_id, generation, seen)
    return await world.now()


async def test_the_first_good_reading_pins_the_books(world: CredentialsWorld) -> None:
    await world.saved()

    observed = await observe(world, ConnectionHealth.OK, OAK)

    assert observed.terms is not None
    assert (observed.terms.health, observed.terms.books) == (ConnectionHealth.OK, OAK)


async def test_other_books_than_the_pinned_are_a_wrong_company(world: CredentialsWorld) -> None:
    await world.saved()
    await observe(world, ConnectionHealth.OK, OAK)

    observed = await observe(world, ConnectionHealth.OK, ELM)

    assert observed.terms is not None
    assert (observed.terms.health, observed.terms.books) == (ConnectionHealth.WRONG_COMPANY, OAK)
    [told] = world.sent.of(ConnectionNeedsAuth)
    assert (told.health, told.code) == (ConnectionHealth.WRONG_COMPANY, ProblemCode.WRONG_COMPANY)


async def test_a_reading_that_cannot_tell_whose_books_they_are_leaves_them_pinned(
    world: CredentialsWorld,
) -> None:
    await world.saved()
    await observe(world, ConnectionHealth.OK, OAK)

    observed = await observe(world, ConnectionHealth.OK, Books(currency="EUR"))

    assert observed.terms is not None
    assert (observed.terms.health, observed.terms.books) == (ConnectionHealth.OK, OAK)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (ConnectionHealth.NEEDS_AUTH, ProblemCode.NEEDS_AUTH),
        (ConnectionHealth.NO_PERMISSION, ProblemCode.NO_PERMISSION),
        (ConnectionHealth.PLAN_TOO_LOW, ProblemCode.PROVIDER_PLAN_TOO_LOW),
    ],
)
async def test_a_trouble_is_told_once_and_its_end_too(
    world: CredentialsWorld, outcome: ConnectionHealth, code: ProblemCode
) -> None:
    await world.saved()

    for _ in range(3):
        await observe(world, outcome)
    for _ in range(2):
        await observe(world, ConnectionHealth.OK)

    assert [event.code for event in world.sent.of(ConnectionNeedsAuth)] == [code]
    assert len(world.sent.of(ConnectionRecovered)) == 1


async def test_a_trouble_that_comes_back_is_told_again_under_another_id(world: CredentialsWorld) -> None:
    await world.saved()

    for outcome in (ConnectionHealth.NEEDS_AUTH, ConnectionHealth.OK, ConnectionHealth.NEEDS_AUTH):
        await observe(world, outcome)

    told = world.sent.of(ConnectionNeedsAuth)
    assert len({event.meta.event_id for event in told}) == 2


async def test_an_observation_of_an_older_generation_changes_nothing(world: CredentialsWorld) -> None:
    await world.saved()
    await world.saved()

    observed = await observe(world, ConnectionHealth.NEEDS_AUTH, generation=1)

    assert observed.terms is not None
    assert observed.terms.health is ConnectionHealth.UNTESTED


async def test_a_deleted_connection_is_not_observed(world: CredentialsWorld) -> None:
    await world.saved()
    await world.use.delete(place(), OWNER)

    with pytest.raises(ConnectionNotFoundError):
        await observe(world, ConnectionHealth.OK)


async def test_a_message_carries_the_same_id_whenever_it_is_sent(world: CredentialsWorld) -> None:
    saved = await world.saved()
    first = saved.observed(Observation(outcome=ConnectionHealth.NEEDS_AUTH), now=world.clock.now()).outbox[-1]
    world.clock.forward(hours=1)
    again = saved.observed(Observation(outcome=ConnectionHealth.NEEDS_AUTH), now=world.clock.now()).outbox[-1]

    assert first.event_id == again.event_id


async def test_one_trouble_after_another_is_told_each_and_their_end_once(world: CredentialsWorld) -> None:
    await world.saved()

    for outcome in (
        ConnectionHealth.NO_PERMISSION,
        ConnectionHealth.NEEDS_AUTH,
        ConnectionHealth.NEEDS_AUTH,
        ConnectionHealth.OK,
    ):
        await observe(world, outcome)

    assert [event.health for event in world.sent.of(ConnectionNeedsAuth)] == [
        ConnectionHealth.NO_PERMISSION,
        ConnectionHealth.NEEDS_AUTH,
    ]
    assert len(world.sent.of(ConnectionRecovered)) == 1


async def test_new_credentials_end_a_trouble_at_their_first_good_reading(world: CredentialsWorld) -> None:
    await world.saved()
    await observe(world, ConnectionHealth.NEEDS_AUTH)
    await world.saved()
    assert world.sent.of(ConnectionRecovered) == []

    for _ in range(2):
        await observe(world, ConnectionHealth.OK, generation=2)

    assert [event.generation for event in world.sent.of(ConnectionRecovered)] == [2]


async def test_new_credentials_that_were_tested_end_a_trouble_at_once(world: CredentialsWorld) -> None:
    await world.saved()
    await observe(world, ConnectionHealth.NEEDS_AUTH)
    token = await world.tested_token(refresh_token="bob-1")

    await world.use.save(place(), {"refresh_token": "bob-1"}, token, OWNER)

    assert [event.topic for event in world.sent.sent[-2:]] == [
        ConnectionSaved.topic,
        ConnectionRecovered.topic,
    ]
    assert [event.generation for event in world.sent.of(ConnectionRecovered)] == [2]


async def test_a_deleted_connection_has_no_trouble_left_to_end(world: CredentialsWorld) -> None:
    await world.saved()
    await observe(world, ConnectionHealth.NEEDS_AUTH)
    await world.use.delete(place(), OWNER)
    await world.saved()

    await observe(world, ConnectionHealth.OK, generation=3)

    assert world.sent.of(ConnectionRecovered) == []


async def test_a_trouble_keeps_its_cause_when_a_reading_only_repeats_it(world: CredentialsWorld) -> None:
    saved = await world.saved()
    known = Observation(outcome=ConnectionHealth.NEEDS_AUTH, cause="The consent has ended.")
    await world.use.observe(COMPANY, saved.connection_id, 1, known)

    observed = await observe(world, ConnectionHealth.NEEDS_AUTH)

    assert observed.cause == "The consent has ended."


async def test_a_trouble_of_another_kind_does_not_keep_the_old_cause(world: CredentialsWorld) -> None:
    saved = await world.saved()
    known = Observation(outcome=ConnectionHealth.NO_PERMISSION, cause="Reports may not be read.")
    await world.use.observe(COMPANY, saved.connection_id, 1, known)

    assert (await observe(world, ConnectionHealth.NEEDS_AUTH)).cause == ""
