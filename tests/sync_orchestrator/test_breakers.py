"""When a provider's server counts as down, and who may still ask it."""

from datetime import timedelta

import pytest
from support.orchestration import ASKED_AT, bulk, failed, reload, updated, waiting
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason
from sync_orchestrator.breakers import BreakerRules
from sync_orchestrator.facts import OutagePatience
from sync_orchestrator.records import JobRecord, JobState
from sync_orchestrator.use_cases import Rules

SITE = "xero/app"


def world() -> World:
    breakers = BreakerRules(accounts=3, first_s=30.0, longest_s=100.0, remembered_s=600.0)
    return World(rules=Rules(breakers=breakers, ask_again_s=0.0, progress_every_s=0.0))


async def down(world: World, job: JobRecord) -> None:
    """A worker got no answer."""
    retry_at = world.clock.now() + timedelta(seconds=30)
    await world.cases.track.waiting(waiting(job, retry_at, reason=WaitReason.PROVIDER_DOWN))


async def all_down(world: World) -> list[JobRecord]:
    """Nothing that is outstanding gets an answer."""
    outstanding = await world.stores.jobs.outstanding()
    for job in outstanding:
        await down(world, job)
    return outstanding


async def is_open(world: World, site: str = SITE) -> bool:
    return any(each.site_key == site and each.is_open for each in await world.stores.breakers.all())


async def given_a_site_that_is_down(clients: int = 6) -> World:
    """The first three accounts got no answer, the others have not asked."""
    given = world()
    await given.cases.accept.bulk(bulk(clients=clients))
    await given.cases.release()
    for job in (await given.jobs(JobState.RELEASED))[:3]:
        await down(given, job)
    return given


async def test_several_accounts_in_a_row_without_an_answer_close_their_site() -> None:
    given = world()
    await given.cases.accept.bulk(bulk(clients=6))
    await given.cases.release()
    jobs = await given.jobs(JobState.RELEASED)

    before = []
    for job in jobs[:3]:
        before.append(await is_open(given))
        await down(given, job)

    assert before == [False, False, False]
    assert await is_open(given)


async def test_one_account_alone_closes_nothing_however_often_it_fails() -> None:
    given = world()
    await given.cases.accept.reload(reload())
    await given.cases.release()

    await all_down(given)

    assert not await is_open(given)
    assert {job.outages for job in await given.jobs()} == {1}


async def test_an_answer_in_between_begins_the_count_anew() -> None:
    given = world()
    await given.cases.accept.bulk(bulk(clients=6))
    await given.cases.release()
    jobs = await given.jobs(JobState.RELEASED)

    for job in jobs[:2]:
        await down(given, job)
    await given.cases.track.updated(updated(jobs[2]))
    for job in jobs[3:5]:
        await down(given, job)

    assert not await is_open(given)


async def test_failures_of_long_ago_do_not_count() -> None:
    given = world()
    await given.cases.accept.bulk(bulk(clients=6))
    await given.cases.release()
    jobs = await given.jobs(JobState.RELEASED)

    for job in jobs[:2]:
        await down(given, job)
    given.clock.forward(seconds=601)
    await down(given, jobs[2])

    assert not await is_open(given)


async def test_nobody_asks_a_site_that_is_closed_and_then_one_reading_tries() -> None:
    given = await given_a_site_that_is_down()
    await all_down(given)
    await given.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=5))

    at_once = await given.cases.release()
    given.clock.forward(seconds=31)
    probes = [await given.cases.release(), await given.cases.release()]

    assert at_once == 0
    assert probes == [1, 0]
    [probe] = await given.stores.jobs.outstanding()
    assert probe.client_id not in {"client-1", "client-2", "client-3"}


async def test_gaps_grow_while_the_probes_fail_up_to_the_longest() -> None:
    given = await given_a_site_that_is_down()
    await all_down(given)

    gaps = []
    for _ in range(4):
        [breaker] = await given.stores.breakers.all()
        assert breaker.until is not None
        gaps.append((breaker.until - given.clock.now()).total_seconds())
        given.clock.at = breaker.until
        assert await given.cases.release() == 1
        await all_down(given)

    assert gaps == [30, 60, 100, 100]


async def test_an_answer_opens_the_way_for_all() -> None:
    given = await given_a_site_that_is_down(clients=10)
    await all_down(given)
    given.clock.forward(seconds=31)
    await given.cases.release()

    [probe] = await given.stores.jobs.outstanding()
    await given.cases.track.updated(updated(probe))

    assert await given.stores.breakers.all() == []
    assert await given.cases.release() == 9


async def test_a_probe_that_says_nothing_about_the_site_is_followed_by_another() -> None:
    given = await given_a_site_that_is_down()
    await all_down(given)
    given.clock.forward(seconds=31)
    await given.cases.release()

    [probe] = await given.stores.jobs.outstanding()
    await given.cases.track.failed(failed(probe, ProblemCode.NEEDS_AUTH))

    assert await is_open(given)
    assert await given.cases.release() == 1


async def test_what_a_site_does_to_all_costs_no_job_its_patience() -> None:
    given = world()
    given.rules = Rules(
        breakers=BreakerRules(accounts=3), outages=OutagePatience(attempts=2), ask_again_s=0.0
    )
    given.restart()
    await given.cases.accept.bulk(bulk(clients=6))

    for _ in range(10):
        await given.cases.release()
        await all_down(given)
        given.clock.forward(minutes=6)

    assert {job.state for job in await given.jobs()} == {JobState.QUEUED}
    assert max(job.outages for job in await given.jobs()) == 1


async def test_sites_of_a_provider_stand_alone() -> None:
    given = world()
    given.credentials.site_of = lambda client: f"xero/{'a' if client < 'client-4' else 'b'}"
    await given.cases.accept.bulk(bulk(clients=6))
    await given.cases.release()
    for job in (await given.jobs(JobState.RELEASED))[:3]:
        await down(given, job)
    for job in await given.jobs(JobState.RELEASED):
        await given.cases.track.updated(updated(job))
    await given.cases.accept.bulk(bulk("req-2", company_id="company-2", clients=6))

    await given.cases.release()

    assert await is_open(given, "xero/a")
    outstanding = await given.stores.jobs.outstanding()
    assert {job.client_id for job in outstanding} == {"client-4", "client-5", "client-6"}


async def test_the_news_of_a_message_that_comes_twice_counts_once() -> None:
    given = await given_a_site_that_is_down()
    await all_down(given)
    [breaker] = await given.stores.breakers.all()
    given.clock.forward(seconds=31)

    for job in await given.jobs(JobState.QUEUED):
        retry_at = given.clock.now()
        late = waiting(job, retry_at, reason=WaitReason.PROVIDER_DOWN, attempt=1)
        await given.cases.track.waiting(late)

    assert await given.stores.breakers.all() == [breaker]


@pytest.mark.parametrize("minutes", [0, 1])
async def test_the_deadline_stands_still_while_a_site_is_closed_or_on_trial(minutes: int) -> None:
    given = await given_a_site_that_is_down()
    await all_down(given)
    given.clock.forward(minutes=minutes)

    await given.cases.watch()

    assert (await given.run()).still_since == ASKED_AT + timedelta(minutes=minutes)
