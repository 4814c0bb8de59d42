"""The broker of the stack answers fetches that wait when a message comes, and ends with its program."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sandbox.embedded.broker import Broker
from sandbox.embedded.kafka_frames import Fetch
from sandbox.embedded.ports import HOST, accepts, free_port
from sandbox.embedded.server import Server
from sandbox.embedded.waking_broker import Wire
from support.kafka import eventually
from support.kafka_frames import fetch_request

pytestmark = pytest.mark.integration

_LONG_MS = 60_000
_SOON_S = 20.0


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[tuple[Broker, Server]]:
    program = Broker(free_port())
    server = Server(program, tmp_path)
    await server.start()
    yield program, server
    await server.stop()


def own_port(tmp_path: Path) -> int:
    """Where the program itself listens."""
    command = json.loads((tmp_path / "run" / "broker.json").read_text())["command"]
    return int(command[4])


@asynccontextmanager
async def waiting_consumer(program: Broker, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """One whose fetch of both partitions waits."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=program.bootstrap_servers,
        fetch_max_wait_ms=_LONG_MS,
        request_timeout_ms=2 * _LONG_MS,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        assert await consumer.getmany(timeout_ms=500) == {}
        yield consumer
    finally:
        await consumer.stop()


@pytest.mark.parametrize("acks", ["all", 0])
async def test_a_message_wakes_the_fetch_that_waits_for_it(
    broker: tuple[Broker, Server], acks: str | int
) -> None:
    program, _ = broker
    topic = f"topic-{uuid4()}"
    await program.create_topics([topic], partitions=2)
    producer = AIOKafkaProducer(bootstrap_servers=program.bootstrap_servers, acks=acks)
    async with waiting_consumer(program, topic) as consumer, producer:
        for number in range(6):
            await producer.send_and_wait(topic, b"%d" % number, partition=number % 2)

            async with asyncio.timeout(_SOON_S):
                batches = await consumer.getmany(timeout_ms=_LONG_MS)

            assert [one.value for records in batches.values() for one in records] == [b"%d" % number]


async def test_a_fetch_for_which_nothing_comes_ends_at_its_time(broker: tuple[Broker, Server]) -> None:
    program, _ = broker
    topic = f"topic-{uuid4()}"
    await program.create_topics([topic], partitions=1)
    request = fetch_request(11, {topic: [0]}, wait_ms=700)
    wire = Wire(*await asyncio.open_connection(HOST, program.port))

    began_s = time.monotonic()
    with closing(wire):
        async with asyncio.timeout(_SOON_S):
            answer = await wire.ask(request)

    assert time.monotonic() - began_s >= 0.7
    assert not Fetch(request).is_fulfilled_by(answer)


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_the_program_ends_with_what_stands_before_it(
    broker: tuple[Broker, Server], tmp_path: Path, end: str
) -> None:
    _, server = broker
    port = own_port(tmp_path)
    assert accepts(port)

    await (server.kill() if end == "kill" else server.stop())

    await eventually(lambda: not accepts(port), within_s=_SOON_S)


async def test_without_its_program_the_broker_is_down(broker: tuple[Broker, Server]) -> None:
    program, server = broker
    assert server.pid is not None
    (child,) = psutil.Process(server.pid).children()

    child.kill()

    await eventually(lambda: server.pid is None, within_s=_SOON_S)
    await server.start()
    assert accepts(program.port)
