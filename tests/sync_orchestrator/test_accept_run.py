"""Requests are answered: with a run, an open identical one, or a code."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from service_kit.errors import DependencyDownError
from support.orchestration import ASKED_AT, bulk, failed, reload, retry, updated
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, RefusalCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.event import Role
from sync_contracts.ids import job_id, run_id
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncReload
from sync_contracts.runs import JobEnding, RunAccepted, RunKind
from sync_orchestrator.records import JobState, RunState


async def test_a_reload_becomes_twelve_jobs_of_the_months_up_to_now() -> None:
    world = World()

    await world.cases.accept.reload(reload())

    accepted = world.accepted
    assert accepted.run_id == run_id("company-1", "req-1")
    assert accepted.months == tuple(Months.ending(Month(2026, 5), 12))
    assert (accepted.kind, accepted.clients, accepted.joined) == (RunKind.RELOAD, 1, False)
    assert accepted.progress.jobs == 12
    jobs = await world.jobs()
    assert {job.job_id for job in jobs} == {
        job_id(accepted.run_id, "client-1", Provider.XERO, month) for month in accepted.months
    }
    assert (await world.run()).state is RunState.OPEN


async def test_months_are_fixed_in_the_requests_time_zone() -> None:
    world = World()
    world.clock.at = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)
    west = reload("req-west").model_copy(update={"time_zone": "America/New_York"})

    await world.cases.accept.reload(reload("req-tallinn"))
    await world.cases.accept.reload(west)

    tallinn, new_york = world.publish.of(RunAccepted)
    assert (tallinn.months[-1], new_york.months[-1]) == (Month(2026, 5), Month(2026, 4))


async def test_a_request_delivered_again_after_the_month_has_turned_keeps_its_months() -> None:
    world = World()
    request = reload()
    await world.cases.accept.reload(request)

    world.clock.forward(days=31)
    await world.cases.accept.reload(request)

    first, second = world.publish.of(RunAccepted)
    assert first == second


async def test_a_bulk_skips_clients_that_cannot_be_read_without_failing_the_run() -> None:
    world = World()
    world.credentials.without = {"client-1"}
    world.credentials.health = {"client-2": ConnectionHealth.NEEDS_AUTH}

    await world.cases.accept.bulk(bulk(clients=4))

    endings = [(job.client_id, job.state, job.ending, job.code) for job in await world.jobs()]
    assert endings == [
        ("client-1", JobState.ENDED, JobEnding.SKIPPED, ProblemCode.NO_CREDENTIALS),
        ("client-2", JobState.ENDED, JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH),
        ("client-3", JobState.QUEUED, None, None),
        ("client-4", JobState.QUEUED, None, None),
    ]
    assert world.accepted.progress.ended.skipped == 2


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (reload(role=Role.MEMBER), RefusalCode.FORBIDDEN),
        (reload(confirmed=False), RefusalCode.OVERWRITE_NOT_CONFIRMED),
        (reload(client_id="stranger"), RefusalCode.NO_CREDENTIALS),
        (bulk(role=Role.MEMBER), RefusalCode.FORBIDDEN),
        (bulk(month="2026-06"), RefusalCode.MONTH_IN_FUTURE),
    ],
)
async def test_a_request_against_the_rules_is_refused_with_its_code(
    request_: SyncReload | SyncBulk, code: RefusalCode
) -> None:
    world = World()
    world.credentials.without = {"stranger"}

    if isinstance(request_, SyncReload):
        await world.cases.accept.reload(request_)
    else:
        await world.cases.accept.bulk(request_)

    assert (world.rejected.code, world.rejected.request_id) == (code, "req-1")
    assert await world.stores.runs.get(run_id("company-1", "req-1")) is None


@pytest.mark.parametrize(
    ("integrations_on", "provider_enabled", "code"),
    [
        (False, True, RefusalCode.INTEGRATION_APP_OFF),
        (True, False, RefusalCode.INTEGRATION_NOT_ENABLED),
    ],
)
async def test_switches_that_are_off_refuse(
    integrations_on: bool, provider_enabled: bool, code: RefusalCode
) -> None:
    world = World()
    world.credentials.integrations_on = integrations_on
    world.credentials.provider_enabled = provider_enabled

    await world.cases.accept.bulk(bulk())

    assert world.rejected.code is code


async def test_a_repeated_request_gets_the_same_answer() -> None:
    world = World()
    request = bulk()

    await world.cases.accept.bulk(request)
    await world.all_written()
    await world.cases.accept.bulk(request)

    first, second = world.publish.of(RunAccepted)
    assert first == second


async def test_a_repeated_refusal_stays_though_its_cause_is_gone() -> None:
    world = World()
    world.credentials.provider_enabled = False
    request = bulk()
    await world.cases.accept.bulk(request)

    world.credentials.provider_enabled = True
    await world.cases.accept.bulk(request)

    assert world.publish.sent[0] == world.publish.sent[1]


async def test_another_body_under_the_same_id_is_refused() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())

    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.accept.reload(reload())

    refusals = world.publish.sent[1:]
    assert [getattr(event, "code", None) for event in refusals] == [RefusalCode.REQUEST_ID_REUSED] * 2
    assert len(await world.jobs()) == 3


async def test_the_same_id_of_another_company_is_another_request() -> None:
    world = World()

    await world.cases.accept.bulk(bulk())
    await world.cases.accept.bulk(bulk(company_id="company-2", clients=2))

    first, second = world.publish.of(RunAccepted)
    assert first.run_id != second.run_id


async def test_an_identical_request_joins_the_open_run() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1"))

    await world.cases.accept.bulk(bulk("req-2"))

    first, second = world.publish.of(RunAccepted)
    assert (second.run_id, second.joined, second.request_id) == (first.run_id, True, "req-2")


async def test_an_identical_request_after_the_end_is_a_new_run() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1"))
    await world.all_written()

    await world.cases.accept.bulk(bulk("req-2"))

    first, second = world.publish.of(RunAccepted)
    assert first.run_id != second.run_id
    assert not second.joined


async def test_an_id_whose_record_has_gone_does_not_meet_its_old_run() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    world.stores = world.stores.__class__(
        **{name: getattr(world.stores, name) for name in world.stores.__slots__}
        | {"requests": World().stores.requests}
    )
    world.restart()

    await world.cases.accept.bulk(bulk(clients=2))

    assert world.rejected.code is RefusalCode.REQUEST_ID_REUSED


async def test_credentials_out_of_reach_is_an_outage_and_no_refusal() -> None:
    world = World()
    world.credentials.fail_with = DependencyDownError("credentials", "ConnectError")
    request = bulk()

    with pytest.raises(DependencyDownError):
        await world.cases.accept.bulk(request)
    answered_meanwhile = list(world.publish.sent)
    world.credentials.fail_with = None
    await world.cases.accept.bulk(request)

    assert answered_meanwhile == []
    assert world.accepted.run_id == run_id("company-1", "req-1")


class TestRetry:
    async def test_only_failed_jobs_run_again(self) -> None:
        world = World()
        old = await self.ended_run(world)

        await world.cases.accept.retry(retry(old))

        again = world.accepted
        assert (again.kind, again.retry_of, again.clients) == (RunKind.RETRY, old, 1)
        assert [job.client_id for job in await world.jobs()] == ["client-2"]

    async def test_an_open_run_is_not_retried(self) -> None:
        world = World()
        await world.cases.accept.bulk(bulk())

        await world.cases.accept.retry(retry(world.accepted.run_id))

        assert world.rejected.code is RefusalCode.RUN_STILL_OPEN

    async def test_a_run_without_failures_has_nothing_to_retry(self) -> None:
        world = World()
        await world.cases.accept.bulk(bulk())
        await world.all_written()

        await world.cases.accept.retry(retry(world.accepted.run_id))

        assert world.rejected.code is RefusalCode.NOTHING_TO_RETRY

    async def test_another_companys_run_is_not_found(self) -> None:
        world = World()
        await world.cases.accept.bulk(bulk(company_id="company-2"))

        await world.cases.accept.retry(retry(world.accepted.run_id))

        assert world.rejected.code is RefusalCode.RUN_NOT_FOUND

    @staticmethod
    async def ended_run(world: World) -> UUID:
        await world.cases.accept.bulk(bulk())
        await world.cases.release()
        first, second, third = await world.jobs()
        await world.cases.track.updated(updated(first))
        await world.cases.track.failed(failed(second))
        await world.cases.track.updated(updated(third))
        await world.cases.settle()
        return world.finished.run_id


def test_the_clock_of_these_tests_is_in_may() -> None:
    assert World().clock.now() == ASKED_AT
    assert ASKED_AT + timedelta(days=31) > datetime(2026, 6, 1, tzinfo=UTC)
