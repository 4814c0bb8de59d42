"""The broker of the stack keeps messages, wakes fetches that wait for them, and ends with its program."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.fetch import FetchResponse_v11
from aiokafka.protocol.produce import ProduceResponse_v7
from sandbox.embedded.broker import Broker
from sandbox.embedded.broker_front import Wire
from sandbox.embedded.kafka_frames import Code
from sandbox.embedded.ports import HOST, accepts, free_port
from sandbox.embedded.server import Server
from support.kafka import eventually
from support.kafka_frames import fetch_request, produce_request, read_answer, record_batch

pytestmark = pytest.mark.integration

_LONG_MS = 60_000
_SOON_S = 20.0

Client = TypeVar("Client", AIOKafkaProducer, AIOKafkaConsumer, AIOKafkaAdminClient)


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


async def asked(program: Broker, request: bytes) -> bytes:
    with closing(Wire(*await asyncio.open_connection(HOST, program.port))) as wire:
        async with asyncio.timeout(_SOON_S):
            return await wire.ask(request)


def part_of(answer: Any) -> Any:
    """What it tells of the one partition asked about."""
    ((_, (part,)),) = answer.topics
    return part


@asynccontextmanager
async def connected(client: Client) -> AsyncIterator[Client]:
    await client.start()
    try:
        yield client
    finally:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())


@asynccontextmanager
async def waiting_consumer(program: Broker, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """One whose fetch of both partitions waits."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=program.bootstrap_servers,
        fetch_max_wait_ms=_LONG_MS,
        request_timeout_ms=2 * _LONG_MS,
        auto_offset_reset="earliest",
    )
    async with connected(consumer):
        consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        assert await consumer.getmany(timeout_ms=500) == {}
        yield consumer


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

    began_s = time.monotonic()
    answer = await asked(program, fetch_request(11, {topic: [0]}, wait_ms=700))

    assert time.monotonic() - began_s >= 0.7
    assert part_of(read_answer(FetchResponse_v11, answer)) == (0, Code.NONE, 0, 0, 0, [], -1, b"")


async def test_offsets_are_told_by_end_beginning_and_time(broker: tuple[Broker, Server]) -> None:
    program, _ = broker
    place = TopicPartition(f"topic-{uuid4()}", 0)
    await program.create_topics([place.topic], partitions=1)
    async with connected(AIOKafkaProducer(bootstrap_servers=program.bootstrap_servers)) as producer:
        sent = [
            await producer.send(place.topic, b"value", timestamp_ms=1_000 + number) for number in range(5)
        ]
        await asyncio.gather(*sent)
    async with connected(AIOKafkaConsumer(bootstrap_servers=program.bootstrap_servers)) as consumer:
        assert await consumer.beginning_offsets([place]) == {place: 0}
        assert await consumer.end_offsets([place]) == {place: 5}
        assert await consumer.offsets_for_times({place: 1_003}) == {place: (3, 1_003)}
        assert await consumer.offsets_for_times({place: 1_005}) == {place: None}


async def test_a_consumer_that_lives_on_after_a_restart_reads_from_the_beginning(
    broker: tuple[Broker, Server],
) -> None:
    program, server = broker
    place = TopicPartition(f"topic-{uuid4()}", 0)
    await program.create_topics([place.topic], partitions=1)
    options = {"bootstrap_servers": program.bootstrap_servers, "retry_backoff_ms": 50}
    async with (
        connected(AIOKafkaProducer(**options)) as producer,
        connected(AIOKafkaConsumer(**options, auto_offset_reset="earliest")) as consumer,
    ):
        consumer.assign([place])
        for number in range(3):
            await producer.send_and_wait(place.topic, b"%d" % number)
            assert (await consumer.getone()).value == b"%d" % number

        await server.kill()
        await server.start()
        await program.prepare()
        await producer.send_and_wait(place.topic, b"new")

        async with asyncio.timeout(_SOON_S):
            assert (await consumer.getone()).value == b"new"


async def test_a_deleted_topic_takes_its_messages_with_it(broker: tuple[Broker, Server]) -> None:
    program, _ = broker
    topic = f"topic-{uuid4()}"
    await program.create_topics([topic], partitions=2)
    sent = produce_request(7, [(topic, [(1, record_batch((1_000, b"value")))])])
    assert part_of(read_answer(ProduceResponse_v7, await asked(program, sent)))[:3] == (1, Code.NONE, 0)

    async with connected(AIOKafkaAdminClient(bootstrap_servers=program.bootstrap_servers)) as admin:
        await admin.delete_topics([topic])
    answer = await asked(program, sent)
    assert part_of(read_answer(ProduceResponse_v7, answer))[:2] == (1, Code.UNKNOWN_TOPIC_OR_PARTITION)
    await program.create_topics([topic], partitions=2)

    answer = await asked(program, fetch_request(11, {topic: [1]}, wait_ms=0))
    assert part_of(read_answer(FetchResponse_v11, answer))[:3] == (1, Code.NONE, 0)


async def test_what_cannot_be_is_refused(broker: tuple[Broker, Server]) -> None:
    program, _ = broker
    topic = f"topic-{uuid4()}"
    await program.create_topics([topic], partitions=1)

    async def produced(partition: int, batch: bytes) -> Any:
        request = produce_request(7, [(topic, [(partition, batch)])])
        return part_of(read_answer(ProduceResponse_v7, await asked(program, request)))[:3]

    async def fetched(partition: int, offset: int) -> Any:
        request = fetch_request(11, {topic: [partition]}, offset=offset, wait_ms=_LONG_MS)
        return part_of(read_answer(FetchResponse_v11, await asked(program, request)))[:3]

    assert await produced(0, b"no batch") == (0, Code.CORRUPT_MESSAGE, -1)
    assert await produced(1, record_batch((1_000, b"value"))) == (1, Code.UNKNOWN_TOPIC_OR_PARTITION, -1)
    assert await produced(0, record_batch((1_000, b"value"))) == (0, Code.NONE, 0)
    assert await fetched(0, 2) == (0, Code.OFFSET_OUT_OF_RANGE, -1)
    assert await fetched(1, 0) == (1, Code.UNKNOWN_TOPIC_OR_PARTITION, -1)


async def test_a_version_that_was_not_offered_ends_the_connection(broker: tuple[Broker, Server]) -> None:
    program, _ = broker
    request = bytearray(fetch_request(11, {"topic": [0]}))
    request[2:4] = (12).to_bytes(2, "big")

    with pytest.raises(asyncio.IncompleteReadError):
        await asked(program, bytes(request))


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
