"""Topics are made once, with the number of partitions asked for."""

import asyncio
import uuid
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError
from sandbox.embedded import EmbeddedError, EmbeddedStack, create_topics

pytestmark = pytest.mark.integration

_CLIENTS_PAUSE_S = 0.1  # between two questions of a client that waits


def any_topic() -> str:
    return f"topic-{uuid.uuid4()}"


async def partitions_of(bootstrap: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        return len(described["partitions"])
    finally:
        await admin.close()


async def test_a_topic_has_the_partitions_asked_for_however_often_it_is_asked(kafka_bootstrap: str) -> None:
    topic = any_topic()

    for _ in range(2):
        await create_topics(kafka_bootstrap, [topic], partitions=7)

    assert await partitions_of(kafka_bootstrap, topic) == 7


async def test_a_topic_that_the_broker_made_smaller_is_reported(kafka_bootstrap: str) -> None:
    topic = any_topic()
    made_by_asking = await partitions_of(kafka_bootstrap, topic)

    with pytest.raises(EmbeddedError, match=topic):
        await create_topics(kafka_bootstrap, [topic], partitions=made_by_asking + 1)


async def test_topics_come_back_after_a_crash_even_when_a_client_asks_first(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    bootstrap = stack.settings.bootstrap_servers
    topic = any_topic()
    await stack.broker.start()
    try:
        await stack.create_topics([topic], partitions=7)

        await stack.broker.kill()
        impatient = asyncio.create_task(ask_until_answered(bootstrap, topic))
        await stack.broker.start()
        await impatient

        assert await partitions_of(bootstrap, topic) == 7
    finally:
        await stack.broker.stop()


async def test_topics_come_back_although_clients_never_stop_asking(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    bootstrap = stack.settings.bootstrap_servers
    topics = [any_topic() for _ in range(40)]
    await stack.broker.start()
    try:
        await stack.create_topics(topics, partitions=7)
        await stack.broker.kill()
        asking = [asyncio.create_task(ask_for_ever(bootstrap, topics)) for _ in range(6)]

        await stack.broker.start()

        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert {await partitions_of(bootstrap, topic) for topic in topics} == {7}
    finally:
        await stack.broker.stop()


async def ask_for_ever(bootstrap: str, topics: list[str]) -> None:
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
            while True:
                await admin.describe_topics(topics)
                await asyncio.sleep(_CLIENTS_PAUSE_S)
        except KafkaError:
            await asyncio.sleep(0)
        finally:
            await admin.close()


async def ask_until_answered(bootstrap: str, topic: str) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await partitions_of(bootstrap, topic)
            except KafkaConnectionError:
                await asyncio.sleep(0)
            else:
                return
