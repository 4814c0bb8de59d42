"""Connections that are deleted, refused or saved again change the jobs that wait for them."""

from datetime import timedelta

from support.fakes import FakeClock
from support.orchestration import bulk, connection_event, started
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionHealth,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import JobEnding, RunEnding
from sync_orchestrator.records import JobState


async def test_a_deleted_connection_cancels_what_no_worker_has_started() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    running = next(message for message in world.requested if message.client_id == "client-2")
    await world.cases.track.started(started(running))

    for client in ("client-1", "client-2"):
        await world.cases.follow.deleted(connection_event(ConnectionDeleted, client, generation=2))

    first, second = await world.jobs()
    assert (first.ending, first.code) == (JobEnding.CANCELLED, ProblemCode.CONNECTION_DELETED)
    assert second.state is JobState.STARTED


async def test_a_run_of_a_deleted_connection_ends_with_problems() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))

    await world.cases.follow.deleted(connection_event(ConnectionDeleted, generation=2))
    await world.cases.settle()

    assert world.finished.ending is RunEnding.COMPLETED_WITH_PROBLEMS


async def test_a_deletion_older_than_the_saved_connection_changes_nothing() -> None:
    world = World()
    world.credentials.generation = 3
    await world.cases.accept.bulk(bulk(clients=1))

    await world.cases.follow.deleted(connection_event(ConnectionDeleted, generation=2))

    assert await world.cases.release() == 1


async def test_refused_credentials_skip_later_jobs_without_a_call() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))

    await world.cases.follow.needs_auth(
        connection_event(ConnectionNeedsAuth, health=ConnectionHealth.NEEDS_AUTH, code=ProblemCode.NEEDS_AUTH)
    )

    [job] = await world.jobs()
    assert (job.ending, job.code) == (JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)


async def test_a_plan_too_low_is_read_again_since_it_heals_at_the_provider() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))

    await world.cases.follow.needs_auth(
        connection_event(
            ConnectionNeedsAuth,
            health=ConnectionHealth.PLAN_TOO_LOW,
            code=ProblemCode.PROVIDER_PLAN_TOO_LOW,
        )
    )

    assert await world.cases.release() == 1


async def test_waiting_jobs_read_with_newly_saved_credentials() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    world.credentials.generation = 2
    world.credentials.account_of = lambda _: "another-account"

    await world.cases.follow.saved(
        connection_event(ConnectionSaved, generation=2, health=ConnectionHealth.UNTESTED)
    )
    await world.cases.release()

    [message] = world.requested
    assert (message.generation, message.account_key) == (2, "another-account")


async def test_a_recovery_is_kept_though_its_cause_comes_later() -> None:
    clock = FakeClock()
    world = World(clock=clock)
    refused = connection_event(
        ConnectionNeedsAuth, health=ConnectionHealth.NEEDS_AUTH, code=ProblemCode.NEEDS_AUTH
    )
    recovered = connection_event(ConnectionRecovered)
    later = recovered.meta.model_copy(update={"occurred_at": refused.meta.occurred_at + timedelta(seconds=1)})
    await world.cases.accept.bulk(bulk(clients=1))

    await world.cases.follow.recovered(recovered.model_copy(update={"meta": later}))
    await world.cases.follow.needs_auth(refused)

    assert await world.cases.release() == 1
