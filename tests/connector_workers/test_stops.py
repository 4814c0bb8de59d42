"""What stops readings, and what does not."""

import asyncio
from uuid import uuid4

import pytest
from connector_workers.stops import Stops
from support.readings import CONNECTION, requested


async def test_a_reading_ends_when_its_time_is_up() -> None:
    with pytest.raises(TimeoutError):
        async with Stops().limit(requested(), 0.01):
            await asyncio.Event().wait()


async def test_only_readings_of_the_deleted_connection_and_generation_stop() -> None:
    stops = Stops()
    requests = [requested(generation=3), requested(generation=5), requested(connection_id=uuid4())]

    async def read(number: int) -> None:
        async with stops.limit(requests[number], 60.0):
            await asyncio.Event().wait()

    readings = [asyncio.create_task(read(number)) for number in range(3)]
    await asyncio.sleep(0)
    stops.delete_connection(CONNECTION, generation=4)
    done, running = await asyncio.wait(readings, timeout=0.1)

    assert done == {readings[0]}
    assert isinstance(readings[0].exception(), TimeoutError)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_an_older_deletion_heard_late_changes_nothing() -> None:
    stops = Stops()
    stops.delete_connection(CONNECTION, generation=4)

    stops.delete_connection(CONNECTION, generation=2)

    assert stops.forbids(requested(generation=4))
    assert not stops.forbids(requested(generation=5))


def test_what_is_long_past_is_forgotten() -> None:
    stops = Stops()
    runs = [uuid4() for _ in range(20_010)]

    for run in runs:
        stops.cancel_run(run)

    assert not stops.forbids(requested(run_id=runs[0]))
    assert stops.forbids(requested(run_id=runs[-1]))
