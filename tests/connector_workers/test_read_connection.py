"""Leases, access that is refused, and what a reading tells of its connection."""

from datetime import timedelta

import pytest
from connector_workers.ports import LeaseDelayedError, LeaseRefusedError
from connectors.protocol import MonthFailure, MonthResult
from service_kit.errors import DependencyDownError
from support.counting import APRIL, CLOCK, MARCH, World
from support.readings import BOOKS, requested
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books, JobCounted, JobFailed, JobStarted, JobWaiting


async def test_refused_access_is_tried_once_more_with_a_fresh_one(world: World) -> None:
    world.reader.refuses = {"access-1"}

    event = await world.only(requested())

    assert isinstance(event, JobCounted)
    assert world.credentials.refused == [None, "access-1"]
    assert world.credentials.observed == []


async def test_access_that_ends_again_and_again_while_it_is_used_is_no_lost_consent(world: World) -> None:
    """All access of a system may end at any time, also that which somebody else was handed before us."""
    world.reader.refuses = {"access-1", "access-2", "access-3"}

    event = await world.only(requested())

    assert isinstance(event, JobCounted)
    assert world.credentials.refused == [None, "access-1", "access-2", "access-3"]
    assert world.credentials.observed == []


async def test_only_refused_months_are_read_again(world: World) -> None:
    world.reader.answers = {APRIL: MonthFailure(ProblemCode.NEEDS_AUTH, "expired on the way")}

    await world.handle(requested("2026-03", "2026-04"))

    assert world.reader.asked == [(MARCH, APRIL), *[(APRIL,)] * 3]
    assert [type(event) for event in world.publish.sent] == [JobStarted, JobCounted, JobFailed]


async def test_access_that_stays_refused_fails_and_marks_the_connection(world: World) -> None:
    world.reader.refuses = {f"access-{number}" for number in range(1, 10)}

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert len(world.reader.asked) == 4
    assert event.code is ProblemCode.NEEDS_AUTH
    assert [seen.health for seen in world.credentials.observed] == [ConnectionHealth.NEEDS_AUTH]


async def test_keys_that_cannot_be_renewed_are_not_tried_twice(world: World) -> None:
    world.credentials.has_fresh_access = False
    world.reader.refuses = {"access-1"}

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert len(world.reader.asked) == 1


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        (MonthFailure(ProblemCode.NO_PERMISSION, "may not read"), ConnectionHealth.NO_PERMISSION),
        (MonthFailure(ProblemCode.PROVIDER_PLAN_TOO_LOW, "no API"), ConnectionHealth.PLAN_TOO_LOW),
    ],
)
async def test_missing_rights_fail_the_month_and_mark_the_connection(
    world: World, answer: MonthResult, health: ConnectionHealth
) -> None:
    world.reader.answers = {APRIL: answer}

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert [seen.health for seen in world.credentials.observed] == [health]


async def test_other_books_than_expected_fail_the_month_and_mark_the_connection(world: World) -> None:
    world.reader.books = Books(external_id="org-2", name="Somebody else")

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert event.code is ProblemCode.WRONG_COMPANY
    assert [seen.health for seen in world.credentials.observed] == [ConnectionHealth.WRONG_COMPANY]


async def test_the_first_good_reading_of_an_untested_connection_tells_its_books(world: World) -> None:
    world.credentials.books, world.credentials.health = None, ConnectionHealth.UNTESTED

    await world.handle(requested())

    (seen,) = world.credentials.observed
    assert (seen.health, seen.books) == (ConnectionHealth.OK, BOOKS)


async def test_an_unreadable_answer_says_nothing_about_the_connection(world: World) -> None:
    world.credentials.health = ConnectionHealth.UNTESTED
    world.reader.answers = {APRIL: MonthFailure(ProblemCode.UNREADABLE_ANSWER, "row 3: date")}

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert (event.code, event.detail) == (ProblemCode.UNREADABLE_ANSWER, "row 3: date")
    assert world.credentials.observed == []


async def test_a_result_goes_out_although_the_observation_cannot_be_told(world: World) -> None:
    world.credentials.health = ConnectionHealth.UNTESTED
    world.credentials.observe_error = DependencyDownError("credentials", "away")

    assert isinstance(await world.only(requested()), JobCounted)


@pytest.mark.parametrize("code", [ProblemCode.NEEDS_AUTH, ProblemCode.CONNECTION_DELETED])
async def test_without_a_lease_the_job_fails_without_a_call(world: World, code: ProblemCode) -> None:
    world.credentials.refuse_with = [LeaseRefusedError(code)]

    event = await world.only(requested())

    assert isinstance(event, JobFailed)
    assert event.code is code
    assert world.reader.asked == []


@pytest.mark.parametrize(
    ("error", "reason", "pause_s"),
    [
        (LeaseDelayedError(WaitReason.QUEUED, 2.0), WaitReason.QUEUED, 2),
        (LeaseDelayedError(WaitReason.PROVIDER_DOWN, 45.0), WaitReason.PROVIDER_DOWN, 45),
        (LeaseDelayedError(WaitReason.PROVIDER_DOWN, 5.0), WaitReason.PROVIDER_DOWN, 30),
        (DependencyDownError("credentials", "away"), WaitReason.SERVICE_DOWN, 10),
    ],
)
async def test_a_lease_that_cannot_be_had_now_is_a_wait(
    world: World, error: Exception, reason: WaitReason, pause_s: int
) -> None:
    world.credentials.refuse_with = [error]

    event = await world.only(requested())

    assert isinstance(event, JobWaiting)
    assert (event.reason, event.budget_key) == (reason, None)
    assert event.retry_at == CLOCK.now() + timedelta(seconds=pause_s)
