"""The window's own rules, and a group of real processes on a real broker."""

import asyncio
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker, start_broker
from service_kit.health import Health
from service_kit.window import Window, finished_below
from support import windowed_worker
from support.kafka import embedded_kafka, eventually
from support.windowed_worker import Task

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


class Group:
    """Worker processes on one topic, and what they noted."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self.topic = f"window-{uuid.uuid4().hex[:8]}"
        self.processes: list[asyncio.subprocess.Process] = []

    async def send(self, count: int, *, lasts_s: float, first: int = 0) -> None:
        bodies = [
            Task(number=n, lasts_s=lasts_s).model_dump_json().encode() for n in range(first, first + count)
        ]
        await self.send_bodies(bodies)

    async def send_bodies(self, bodies: list[bytes]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap) as producer:
            for n, body in enumerate(bodies):
                await producer.send(self.topic, body, partition=n % 4)
            await producer.flush()

    async def start(self, *, slots: int = 30) -> asyncio.subprocess.Process:
        notes = self._folder / f"{len(self.processes)}.txt"
        notes.touch()
        settings = embedded_kafka(self._bootstrap).model_dump_json()
        process = await asyncio.create_subprocess_exec(
            sys.executable, windowed_worker.__file__, settings, self.topic, str(slots), str(notes)
        )
        self.processes.append(process)
        return process

    def count(self, what: str, worker: int | None = None) -> Counter[int]:
        files = [self._folder / f"{worker}.txt"] if worker is not None else self._folder.glob("*.txt")
        lines = [line.split() for file in files for line in file.read_text().splitlines()]
        return Counter(int(number) for word, number in lines if word == what)

    async def all_done(self, count: int) -> None:
        await eventually(lambda: len(self.count("done")) == count, within_s=60)

    async def committed(self) -> int:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, group_id=f"worker.{self.topic}", enable_auto_commit=False
        )
        await consumer.start()
        try:
            places = [TopicPartition(self.topic, n) for n in range(4)]
            return sum([await consumer.committed(place) or 0 for place in places])
        finally:
            await consumer.stop()

    async def dead_letter(self) -> "ConsumerRecord[bytes, bytes]":
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(f"{self.topic}.dead", 0)])
        await consumer.start()
        try:
            return await asyncio.wait_for(consumer.getone(), 20)
        finally:
            await consumer.stop()


@pytest.fixture
async def group(kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Group]:
    found = Group(kafka_bootstrap, tmp_path)
    await create_topics(kafka_bootstrap, [found.topic], partitions=4)
    await create_topics(kafka_bootstrap, [f"{found.topic}.dead"], partitions=1)
    yield found
    for process in found.processes:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.integration
async def test_the_share_is_known_from_the_first_assignment_on(group: Group, kafka_bootstrap: str) -> None:
    shares: list[float] = []
    settings = embedded_kafka(kafka_bootstrap)
    broker = build_broker(settings, name="share", health=Health())

    @Subscriptions(broker, settings, "share").windowed(
        Window(slots=1, on_share=shares.append), {group.topic: Task.model_validate_json}
    )
    async def on_task(_: Task) -> None: ...

    await start_broker(broker)
    await broker.stop()

    assert shares == [1.0]


@pytest.mark.integration
async def test_a_killed_worker_loses_nothing(group: Group) -> None:
    await group.send(150, lasts_s=0.3)
    first = await group.start()
    await eventually(lambda: len(group.count("done")) >= 40)

    first.kill()
    await first.wait()
    await group.start(slots=100)
    await group.all_done(150)

    assert set(group.count("done")) == set(range(150))


@pytest.mark.integration
async def test_a_worker_joining_takes_its_part_and_repeats_nothing(group: Group) -> None:
    await group.start(slots=10)
    await group.send(20, lasts_s=0.1)
    await group.all_done(20)

    await group.send(400, lasts_s=0.2, first=20)
    await group.start(slots=10)
    await group.all_done(420)

    assert group.count("done", worker=1)
    assert set(group.count("started").values()) == {1}


@pytest.mark.integration
async def test_a_stopping_worker_finishes_what_runs_and_leaves_the_rest(group: Group) -> None:
    await group.send(90, lasts_s=1.0)
    first = await group.start(slots=30)
    await eventually(lambda: len(group.count("started")) >= 30)

    first.terminate()
    assert await asyncio.wait_for(first.wait(), 15) == 0
    left_over = 90 - len(group.count("done"))
    await group.start(slots=90)
    await group.all_done(90)

    assert left_over > 0
    assert set(group.count("started").values()) == {1}


@pytest.mark.integration
async def test_work_longer_than_the_session_timeout_is_done_once_and_committed(group: Group) -> None:
    await group.send(8, lasts_s=5.0)

    worker = await group.start()
    await group.all_done(8)
    worker.terminate()
    await worker.wait()

    assert set(group.count("started").values()) == {1}
    assert await group.committed() == 8


@pytest.mark.integration
async def test_an_unreadable_message_is_parked_and_its_partition_goes_on(group: Group) -> None:
    good = [Task(number=n, lasts_s=0.0).model_dump_json().encode() for n in range(7)]
    await group.send_bodies([b'{"number": "rubbish"', *good])

    worker = await group.start()
    await group.all_done(7)
    parked = await group.dead_letter()
    worker.terminate()
    await worker.wait()

    assert parked.value == b'{"number": "rubbish"'
    assert "dead_letter_error" in dict(parked.headers)
    assert await group.committed() == 8
