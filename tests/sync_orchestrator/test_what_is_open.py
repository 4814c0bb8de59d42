"""What is open, as an operator's metrics tell it."""

from support.orchestration import bulk, reload
from support.orchestrator_world import World
from sync_contracts.providers import Provider
from sync_contracts.runs import RunKind


async def test_nothing_open_is_told_as_zero_and_no_deadline() -> None:
    world = World()

    runs, jobs = await world.cases.count_open.runs(), await world.cases.count_open.jobs()

    assert [(number, labels["kind"]) for number, labels in runs] == [(0, kind) for kind in RunKind]
    assert {labels["provider"] for _, labels in jobs} == set(Provider)
    assert not any(number for number, _ in jobs)
    assert await world.cases.count_open.deadlines() == []


async def test_open_jobs_are_told_by_what_they_wait_for() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1", clients=3))

    jobs = await world.cases.count_open.jobs()

    assert [(number, labels["reason"]) for number, labels in jobs if number] == [(3, "queued")]


async def test_the_nearest_deadline_of_each_kind_is_told() -> None:
    world = World()
    await world.cases.accept.reload(reload())
    world.clock.forward(hours=2)
    await world.cases.accept.bulk(bulk("req-2", clients=2))
    world.clock.forward(hours=1)

    left = {labels["kind"]: seconds for seconds, labels in await world.cases.count_open.deadlines()}

    assert left == {"reload": 3 * 3600, "bulk": 5 * 3600}
