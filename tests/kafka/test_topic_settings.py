"""`ledgerbus setup` tells Kafka how long to keep what, and lets what an operator chose be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from ledgerbus_cli.topic_settings import topic_settings
from sandbox.embedded import create_topics
from support.kafka import eventually

pytestmark = pytest.mark.integration

TOPIC = ConfigResourceType.TOPIC


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def settings_of(bootstrap: str, topic: str) -> dict[str, str]:
    async with admin(bootstrap) as client:
        (answer,) = await client.describe_configs([ConfigResource(TOPIC, topic)])
    ((_, _, _, _, entries),) = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def set_by_hand(bootstrap: str, topic: str, **settings: str) -> None:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    async with admin(bootstrap) as client:
        await client.alter_configs([ConfigResource(TOPIC, topic, configs=named)])


async def make(bootstrap: str, topic: str, settings: dict[str, dict[str, str]] | None = None) -> None:
    """It is there only once the broker says so to whoever asks."""
    await create_topics(bootstrap, [topic], 1, settings=settings or {})
    async with admin(bootstrap) as client:

        async def is_there() -> bool:
            (described,) = await client.describe_topics([topic])
            return len(described["partitions"]) == 1

        await eventually(is_there)


def anew(like: str) -> tuple[str, dict[str, dict[str, str]]]:
    """A topic of its own with the settings of one of ours."""
    name = f"{like}-{uuid4().hex}"
    return name, {name: dict(topic_settings(1)[like])}


async def test_a_new_topic_gets_its_settings(kafka_bootstrap: str) -> None:
    progress, settings = anew("run.progress.v1")

    await make(kafka_bootstrap, progress, settings)

    found = await settings_of(kafka_bootstrap, progress)
    assert found.items() >= settings[progress].items()
    assert found["cleanup.policy"] == "compact,delete"


async def test_one_that_was_made_without_gets_them_later(kafka_bootstrap: str) -> None:
    dead, settings = anew("job.counted.v1.dead")
    await make(kafka_bootstrap, dead)

    await create_topics(kafka_bootstrap, [dead], 1, settings=settings)

    assert (await settings_of(kafka_bootstrap, dead))["retention.ms"] == str(30 * 24 * 3_600_000)


async def test_what_an_operator_chose_stays(kafka_bootstrap: str) -> None:
    topic, settings = anew("job.counted.v1")
    await make(kafka_bootstrap, topic)
    await set_by_hand(kafka_bootstrap, topic, retention_ms="1234567890", max_message_bytes="2000000")

    await create_topics(kafka_bootstrap, [topic], 1, settings=settings)

    found = await settings_of(kafka_bootstrap, topic)
    assert (found["retention.ms"], found["max.message.bytes"]) == ("1234567890", "2000000")
    assert found["min.insync.replicas"] == "1"
