import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest
from service_kit.batches import Batches
from service_kit.errors import DependencyDownError

CALLER = ContextVar("CALLER", default="nobody")


class Recorder:
    """Doubles numbers and remembers the batches; fails for 13, and is away for 503."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.callers: set[str] = set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.callers.add(CALLER.get())
        if 13 in items:
            raise ValueError("cannot write 13")
        if 503 in items:
            raise DependencyDownError("store", "away")
        return [item * 2 for item in items]


async def test_what_comes_together_is_written_together_and_each_gets_its_own_result() -> None:
    write = Recorder()
    batches = Batches(write, size=10, linger_s=0.01)

    results = await asyncio.gather(*(batches(n) for n in range(5)))

    assert results == [0, 2, 4, 6, 8]
    assert write.batches == [[0, 1, 2, 3, 4]]


async def test_a_full_batch_does_not_wait() -> None:
    write = Recorder()
    batches = Batches(write, size=3, linger_s=60)

    results = await asyncio.wait_for(asyncio.gather(*(batches(n) for n in range(6))), timeout=5)

    assert results == [0, 2, 4, 6, 8, 10]
    assert write.batches == [[0, 1, 2], [3, 4, 5]]


async def test_an_item_that_cannot_be_written_fails_alone() -> None:
    batches = Batches(Recorder(), linger_s=0.01)

    results = await asyncio.gather(*(batches(n) for n in (1, 13, 2)), return_exceptions=True)

    assert (results[0], results[2]) == (2, 4)
    assert isinstance(results[1], ValueError)


async def test_an_outage_fails_all_without_trying_each() -> None:
    write = Recorder()
    batches = Batches(write, linger_s=0.01)

    results = await asyncio.gather(*(batches(n) for n in (1, 503, 2)), return_exceptions=True)

    assert [type(result) for result in results] == [DependencyDownError] * 3
    assert write.batches == [[1, 503, 2]]


async def test_a_batch_belongs_to_no_callers_trace() -> None:
    write = Recorder()
    CALLER.set("the first")

    await Batches(write, linger_s=0.01)(1)

    assert write.callers == {"nobody"}


async def test_a_caller_that_gives_up_does_not_disturb_the_others() -> None:
    batches = Batches(Recorder(), linger_s=0.05)
    leaving, staying = asyncio.create_task(batches(1)), asyncio.create_task(batches(2))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
