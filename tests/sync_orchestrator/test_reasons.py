"""What does not run tells its true reason, though nothing was written to it."""

from datetime import datetime, timedelta

import pytest
from support.orchestration import ASKED_AT, bulk, reload, started, waiting
from support.orchestrator_world import World
from sync_contracts.codes import WaitReason
from sync_contracts.runs import Progress, RunProgress
from sync_orchestrator.breakers import BreakerRules
from sync_orchestrator.fairness import Credit
from sync_orchestrator.read_runs import JobView
from sync_orchestrator.records import JobState
from sync_orchestrator.use_cases import Rules, Stores
from sync_orchestrator.workers_heard import WorkersHeard

MIDNIGHT = ASKED_AT + timedelta(hours=16)
SOON = ASKED_AT + timedelta(seconds=40)


@pytest.fixture
def world(stores: Stores) -> World:
    breakers = BreakerRules(accounts=3)
    return World(stores=stores, rules=Rules(breakers=breakers, ask_again_s=0.0, progress_every_s=0.0))


async def shown(
    world: World, request_id: str = "req-1", company: str = "company-1"
) -> tuple[Progress, list[JobView]]:
    """As people see it."""
    [run] = [each for each in await world.cases.read.all(company, [], 1, 9) if each.request_id == request_id]
    detail = await world.cases.read.one(company, run.run_id)
    return detail.progress, await world.cases.read.jobs(company, run.run_id, [], 1, 100)


async def told_of_a_wait(world: World, reason: WaitReason, until: datetime, budget_key: str | None) -> None:
    """The first outstanding job's worker says so."""
    job = (await world.stores.jobs.outstanding())[0]
    await world.cases.track.waiting(waiting(job, until, reason=reason, budget_key=budget_key))


@pytest.mark.parametrize(
    ("reason", "until"), [(WaitReason.DAILY_LIMIT, MIDNIGHT), (WaitReason.RATE_LIMITED, SOON)]
)
async def test_jobs_behind_a_used_up_account_limit_name_it_though_never_tried(
    world: World, reason: WaitReason, until: datetime
) -> None:
    world.credentials.account_of = lambda client: f"xero/{client}"
    await world.cases.accept.reload(reload())
    await world.cases.release()
    await told_of_a_wait(world, reason, until, "xero/client-1")
    await world.cases.accept.bulk(bulk("req-2", clients=2))
    await world.cases.release()

    progress, jobs = await shown(world, "req-2")

    behind, free = jobs
    assert (behind.client_id, behind.attempt, behind.reason, behind.retry_at) == (
        "client-1",
        0,
        reason,
        until,
    )
    assert (free.state, free.reason) == (JobState.RELEASED, WaitReason.QUEUED)
    assert progress.waiting == {reason: 1, WaitReason.QUEUED: 1}
    assert progress.retry_at == until


async def test_jobs_behind_a_used_up_app_limit_name_it(world: World) -> None:
    await world.cases.accept.reload(reload())
    await world.cases.release()
    await told_of_a_wait(world, WaitReason.DAILY_LIMIT, MIDNIGHT, "xero/app")
    await world.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=3))
    await world.cases.release()

    progress, jobs = await shown(world, "req-2", "company-2")

    assert {(job.reason, job.retry_at) for job in jobs} == {(WaitReason.DAILY_LIMIT, MIDNIGHT)}
    assert (progress.waiting, progress.retry_at) == ({WaitReason.DAILY_LIMIT: 3}, MIDNIGHT)


async def test_jobs_behind_a_site_that_is_down_name_it_until_it_answers(world: World) -> None:
    world.credentials.site_of = lambda _: "xero/elsewhere"
    await world.cases.accept.bulk(bulk(clients=3))
    await world.cases.release()
    for job in await world.stores.jobs.outstanding():
        await world.cases.track.waiting(waiting(job, SOON, reason=WaitReason.PROVIDER_DOWN))
    await world.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=3))
    await world.cases.release()

    progress, jobs = await shown(world, "req-2", "company-2")
    world.clock.forward(seconds=31)
    on_trial, _ = await shown(world, "req-2", "company-2")

    down_until = ASKED_AT + timedelta(seconds=30)
    assert {(job.reason, job.retry_at) for job in jobs} == {(WaitReason.PROVIDER_DOWN, down_until)}
    assert (progress.waiting, progress.retry_at) == ({WaitReason.PROVIDER_DOWN: 3}, down_until)
    assert on_trial.waiting == {WaitReason.PROVIDER_DOWN: 3}


async def test_jobs_whose_wait_is_over_are_queued_and_no_longer_limited(world: World) -> None:
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    await told_of_a_wait(world, WaitReason.RATE_LIMITED, SOON, None)

    limited, [waits] = await shown(world)
    world.clock.forward(seconds=41)
    over, [due] = await shown(world)

    assert (waits.reason, waits.retry_at, limited.waiting) == (
        WaitReason.RATE_LIMITED,
        SOON,
        {WaitReason.RATE_LIMITED: 1},
    )
    assert (due.reason, due.retry_at, over.waiting) == (WaitReason.QUEUED, None, {WaitReason.QUEUED: 1})
    assert over.retry_at is None


async def test_jobs_kept_back_for_another_company_name_fairness(stores: Stores) -> None:
    rules = Rules(credit=Credit(slots=12, reserved=0), ask_again_s=0.0, progress_every_s=0.0)
    world = World(stores=stores, rules=rules)
    await world.cases.accept.bulk(bulk(clients=30))
    await world.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=30))

    await world.cases.release()

    for company, request in (("company-1", "req-1"), ("company-2", "req-2")):
        progress, jobs = await shown(world, request, company)
        assert progress.waiting[WaitReason.FAIRNESS] >= 18
        assert {job.reason for job in jobs if job.state is JobState.QUEUED} == {WaitReason.FAIRNESS}


async def test_a_service_that_is_away_is_the_reason_its_jobs_wait(world: World) -> None:
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    await told_of_a_wait(world, WaitReason.SERVICE_DOWN, SOON, None)

    progress, [job] = await shown(world)

    assert (job.reason, job.retry_at) == (WaitReason.SERVICE_DOWN, SOON)
    assert progress.waiting == {WaitReason.SERVICE_DOWN: 1}


async def test_workers_that_are_all_away_are_the_reason_within_seconds(world: World) -> None:
    now_s = 0.0
    workers = WorkersHeard(jobs=world.stores.jobs, clock=world.clock, slots=2, monotonic_s=lambda: now_s)
    await world.cases.accept.bulk(bulk(clients=3))
    await world.cases.release()

    at_first = await workers.are_away()
    now_s = 4.0
    world.clock.forward(seconds=4)
    in_silence = await workers.are_away()
    workers.heard()
    after_a_start = await workers.are_away()

    assert (at_first, in_silence, after_a_start) == (False, True, False)


async def test_workers_that_are_full_are_not_away(world: World) -> None:
    now_s = 0.0
    workers = WorkersHeard(jobs=world.stores.jobs, clock=world.clock, slots=2, monotonic_s=lambda: now_s)
    await world.cases.accept.bulk(bulk(clients=3))
    await world.cases.release()
    for message in world.requested[:2]:
        await world.cases.track.started(started(message))

    now_s = 4.0
    world.clock.forward(seconds=4)

    assert not await workers.are_away()


async def test_jobs_of_a_stalled_run_name_the_service_that_is_away(world: World) -> None:
    world.rules = Rules(credit=Credit(slots=1, reserved=0), ask_again_s=0.0, progress_every_s=0.0)
    world.restart()
    await world.cases.accept.bulk(bulk(clients=20))
    await world.cases.release()
    await world.stores.runs.stall([world.accepted.run_id], stalled=True)

    progress, jobs = await shown(world)

    assert {job.state for job in jobs} == {JobState.RELEASED, JobState.QUEUED}
    assert {job.reason for job in jobs} == {WaitReason.SERVICE_DOWN}
    assert progress.waiting == {WaitReason.SERVICE_DOWN: 20}


async def test_the_announced_progress_tells_the_same(world: World) -> None:
    await world.cases.accept.reload(reload())
    await world.cases.release()
    await told_of_a_wait(world, WaitReason.DAILY_LIMIT, MIDNIGHT, "xero/app")
    await world.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=3))
    accepted = world.accepted
    await world.cases.settle()

    [announced] = [one for one in world.publish.of(RunProgress) if one.run_id == accepted.run_id]
    assert announced.progress.waiting == accepted.progress.waiting == {WaitReason.DAILY_LIMIT: 3}
    assert announced.progress.retry_at == MIDNIGHT


async def test_a_daily_limit_is_a_wait_until_the_named_hour_and_no_longer(world: World) -> None:
    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    await told_of_a_wait(world, WaitReason.DAILY_LIMIT, MIDNIGHT, "xero/app")
    waiting_job = (await world.jobs(JobState.QUEUED))[0]

    world.clock.at = MIDNIGHT - timedelta(seconds=1)
    before = await world.cases.release()
    world.clock.at = MIDNIGHT
    after = await world.cases.release()

    again = await world.stores.jobs.get(waiting_job.job_id)
    assert (before, after) == (0, 1)
    assert again is not None
    assert (again.state, again.attempt, again.outages) == (JobState.RELEASED, 2, 0)
