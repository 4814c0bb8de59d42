"""The fixtures give servers that answer."""

import uuid

import pytest
from aiokafka import AIOKafkaProducer
from sandbox.embedded import create_topics

pytestmark = pytest.mark.integration


async def test_broker_takes_a_message(kafka_bootstrap: str) -> None:
    topic = f"fixture-{uuid.uuid4()}"
    await create_topics(kafka_bootstrap, [topic], partitions=6)

    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
        stored = await producer.send_and_wait(topic, b"hello", partition=5)

    assert (stored.partition, stored.offset) == (5, 0)
