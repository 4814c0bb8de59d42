"""The window's own rules."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError
from service_kit.window import Window, finished_below
from support.kafka import eventually

PARTITIONS = [TopicPartition("jobs", 0), TopicPartition("jobs", 1)]


@dataclass
class FakeConsumer:
    """Implements what a window asks of a consumer."""

    owned: set[TopicPartition] = field(default_factory=lambda: set(PARTITIONS))
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    paused: bool = False
    commit_error: Exception | None = None

    def assignment(self) -> set[TopicPartition]:
        return self.owned

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return {0, 1, 2, 3}

    def pause(self, *_: TopicPartition) -> None:
        self.paused = True

    def resume(self, *_: TopicPartition) -> None:
        self.paused = False

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.commit_error is not None:
            raise self.commit_error
        self.committed |= offsets


@dataclass
class FakePipeline:
    """Implements `Pipeline`: a record ends when its test says so."""

    consumer: Any = field(default_factory=FakeConsumer)
    group_id: str | None = "workers"
    started: Counter[int] = field(default_factory=Counter)
    ends: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)

    async def process_message(self, msg: Any, /) -> None:
        self.started[msg.offset] += 1
        self.ends[msg.offset] = asyncio.get_running_loop().create_future()
        await self.ends[msg.offset]

    async def finish(self, *offsets: int) -> None:
        for offset in offsets:
            self.ends[offset].set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@asynccontextmanager
async def open_window(**settings: Any) -> AsyncIterator[tuple[Window, FakePipeline]]:
    defaults: dict[str, Any] = {"slots": 10, "commit_every_s": 0.005, "revoke_grace_s": 0.01, "drain_s": 0.01}
    window, pipeline = Window(**(defaults | settings)), FakePipeline()
    window.start(pipeline)
    yield window, pipeline
    await window.drain()


async def take(window: Window, *offsets: int, partition: int = 0) -> None:
    for offset in offsets:
        window.take(record(offset, partition))
    await asyncio.sleep(0)


def record(offset: int, partition: int) -> "ConsumerRecord[Any, Any]":
    return ConsumerRecord("jobs", partition, offset, 0, 0, None, b"", None, 0, 0, ())


@pytest.mark.parametrize(
    ("ledger", "below"),
    [
        ({}, None),
        ({3: False, 4: True}, None),
        ({3: True, 4: True, 5: False, 6: True}, 5),
        ({3: True, 9: True}, 10),
    ],
)
def test_only_what_lies_below_the_oldest_unfinished_is_finished(
    ledger: dict[int, bool], below: int | None
) -> None:
    assert finished_below(ledger) == below


async def test_commits_stay_below_the_oldest_unfinished_record() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 5, 6, 7, 8)

        await pipeline.finish(5, 7, 8)
        await eventually(lambda: bool(pipeline.consumer.committed))

        assert pipeline.consumer.committed == {PARTITIONS[0]: 6}


async def test_outside_any_group_nothing_is_committed_and_room_is_made_all_the_same() -> None:
    async with open_window(span=3) as (window, pipeline):
        pipeline.group_id = None
        pipeline.consumer.commit_error = AssertionError("there is no group")
        await take(window, 5, 6, 7)
        assert pipeline.consumer.paused

        await pipeline.finish(5, 6, 7)

        await eventually(lambda: not pipeline.consumer.paused)


async def test_it_knows_when_what_it_has_in_hand_was_written() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 5, 6)
        assert window.written_ms == {(PARTITIONS[0], 5): 0, (PARTITIONS[0], 6): 0}

        await pipeline.finish(5)

        assert list(window.written_ms) == [(PARTITIONS[0], 6)]


async def test_a_refused_commit_is_tried_again() -> None:
    async with open_window() as (window, pipeline):
        pipeline.consumer.commit_error = CommitFailedError("rebalanced")
        await take(window, 5)
        await pipeline.finish(5)
        await asyncio.sleep(0.02)

        pipeline.consumer.commit_error = None
        await eventually(lambda: bool(pipeline.consumer.committed))

        assert pipeline.consumer.committed == {PARTITIONS[0]: 6}


async def test_a_full_window_pauses_and_goes_on_when_there_is_room() -> None:
    async with open_window(slots=2) as (window, pipeline):
        await take(window, 1)
        assert not pipeline.consumer.paused

        await take(window, 2)
        assert pipeline.consumer.paused

        await pipeline.finish(2)
        assert not pipeline.consumer.paused


async def test_a_record_that_blocks_the_commit_for_long_pauses_too() -> None:
    async with open_window(span=3) as (window, pipeline):
        await take(window, 1, 2, 3)

        await pipeline.finish(2, 3)
        assert pipeline.consumer.paused

        await pipeline.finish(1)
        await eventually(lambda: not pipeline.consumer.paused)


async def test_a_record_still_running_when_its_partition_comes_back_is_not_started_twice() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1, 2)

        await window.on_partitions_revoked(set(PARTITIONS))
        await window.on_partitions_assigned(set(PARTITIONS))
        await take(window, 1, 2)
        await pipeline.finish(1, 2)
        await eventually(lambda: bool(pipeline.consumer.committed))

        assert pipeline.started == {1: 1, 2: 1}
        assert pipeline.consumer.committed == {PARTITIONS[0]: 3}


async def test_a_record_finished_while_partitions_move_is_not_handled_again() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1)

        await window.on_partitions_revoked(set(PARTITIONS))
        await pipeline.finish(1)
        await window.on_partitions_assigned(set(PARTITIONS))
        await take(window, 1)
        await eventually(lambda: bool(pipeline.consumer.committed))

        assert pipeline.started == {1: 1}
        assert pipeline.consumer.committed == {PARTITIONS[0]: 2}


async def test_records_of_a_partition_that_went_elsewhere_are_stopped_and_not_committed() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1, partition=0)
        await take(window, 7, partition=1)

        await window.on_partitions_revoked(set(PARTITIONS))
        await window.on_partitions_assigned({PARTITIONS[0]})
        await eventually(lambda: window.in_flight == 1)

        assert pipeline.ends[7].cancelled()
        assert not pipeline.consumer.committed


async def test_nothing_is_fetched_while_partitions_move() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1)

        moving = asyncio.create_task(window.on_partitions_revoked(set(PARTITIONS)))
        await asyncio.sleep(0)

        assert pipeline.consumer.paused
        await moving


async def test_work_that_ends_within_the_grace_is_committed_before_its_partition_leaves() -> None:
    async with open_window(revoke_grace_s=5.0) as (window, pipeline):
        await take(window, 1)

        moving = asyncio.create_task(window.on_partitions_revoked(set(PARTITIONS)))
        await asyncio.sleep(0)
        await pipeline.finish(1)
        await moving

        assert pipeline.consumer.committed == {PARTITIONS[0]: 2}


async def test_the_owned_share_of_all_partitions_is_told() -> None:
    shares: list[float] = []
    async with open_window(on_share=shares.append) as (window, _):
        await window.on_partitions_assigned(set(PARTITIONS))
        await window.on_partitions_assigned(set())

    assert shares == [0.5, 0.0]


async def test_draining_hands_back_what_does_not_end_in_time() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1, 2)
        await pipeline.finish(1)

        await window.drain()
        await take(window, 3)

        assert pipeline.consumer.committed == {PARTITIONS[0]: 2}
        assert pipeline.ends[2].cancelled()
        assert 3 not in pipeline.started


async def test_a_record_is_handled_again_after_an_outage() -> None:
    async with open_window() as (window, pipeline):
        await take(window, 1)

        pipeline.ends[1].set_exception(ConnectionError("away"))
        await eventually(lambda: pipeline.started[1] == 2)
        await pipeline.finish(1)
        await eventually(lambda: bool(pipeline.consumer.committed))

        assert pipeline.consumer.committed == {PARTITIONS[0]: 2}


async def test_a_record_that_fails_while_draining_is_handed_back() -> None:
    async with open_window(drain_s=5.0) as (window, pipeline):
        await take(window, 1)

        draining = asyncio.create_task(window.drain())
        await asyncio.sleep(0)
        pipeline.ends[1].set_exception(ConnectionError("away"))
        await draining

        assert pipeline.started == {1: 1}
        assert not pipeline.consumer.committed
