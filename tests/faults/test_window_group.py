"""A group of real processes with windows, on a real broker."""

import asyncio
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker, start_broker
from service_kit.health import Health
from service_kit.window import Window
from support import windowed_worker
from support.kafka import embedded_kafka, eventually
from support.windowed_worker import Task


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
