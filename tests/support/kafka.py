"""Talking to the broker from tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from sandbox.embedded import BrokerKind, chosen_broker
from service_kit.settings import KafkaSettings


def embedded_kafka(bootstrap: str) -> KafkaSettings:
    """Settings that fit the broker the tests run on; sessions are short, so that a death is noticed soon."""
    return KafkaSettings(
        bootstrap_servers=bootstrap,
        idempotent=chosen_broker() is BrokerKind.KAFKA,
        session_timeout_ms=3_000,
        heartbeat_interval_ms=500,
    )


def kafka_variables(prefix: str, bootstrap: str) -> dict[str, str]:
    """The same as a service's environment."""
    settings = embedded_kafka(bootstrap).model_dump(mode="json", exclude_unset=True)
    return {f"{prefix}__KAFKA__{name.upper()}": str(value) for name, value in settings.items()}


async def eventually(condition: Callable[[], Awaitable[bool] | bool], *, within_s: float = 90.0) -> None:
    """Wait until the condition holds; AssertionError at the deadline."""
    deadline = time.monotonic() + within_s
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"did not happen within {within_s} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """Sends raw bytes."""
    client = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def read_all(
    bootstrap: str,
    topic: str,
    *,
    until: Callable[[list[ConsumerRecord[Any, Any]]], bool],
    within_s: float = 90.0,
) -> list[ConsumerRecord[Any, Any]]:
    """The topic's records from its beginning, as soon as they satisfy `until`."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"reader-{uuid4().hex}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=3_000,
        heartbeat_interval_ms=500,
    )
    await consumer.start()
    found: list[ConsumerRecord[Any, Any]] = []
    deadline = time.monotonic() + within_s
    try:
        while not until(found):
            assert time.monotonic() < deadline, f"{topic}: not within {within_s} s; {len(found)} records"
            batches = await consumer.getmany(timeout_ms=200)
            found += [record for records in batches.values() for record in records]
    finally:
        await consumer.stop()
    return found


async def held_by(
    bootstrap: str, topics: list[str], *, within_s: float = 90.0
) -> dict[str, list[ConsumerRecord[Any, Any]]]:
    """All records that each topic holds, up to where it ends: silence alone may be a slow answer."""
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: dict[str, list[ConsumerRecord[Any, Any]]] = {topic: [] for topic in topics}
    deadline = time.monotonic() + within_s
    try:
        left = set(consumer.assignment())
        assert {place.topic for place in left} == set(topics)
        ends = await consumer.end_offsets(left)
        while left:
            assert time.monotonic() < deadline, f"not read within {within_s} s: {left}"
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place.topic] += records
            left = {place for place in left if await consumer.position(place) < ends[place]}
    finally:
        await consumer.stop()
    return found


async def topic_sizes(bootstrap: str, topics: list[str]) -> dict[str, int]:
    """How many messages each topic holds."""
    return {topic: len(records) for topic, records in (await held_by(bootstrap, topics)).items()}
