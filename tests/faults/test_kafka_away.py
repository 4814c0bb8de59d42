"""Kafka is away: sending fails as an outage instead of waiting for ever, and a service still stops."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError
from sandbox.embedded import EmbeddedStack, chosen_broker
from service_kit.broker import ServiceBroker, build_broker
from service_kit.errors import is_outage
from service_kit.health import Health
from service_kit.publishing import CONFIRMED_WITHIN_S, EventPublisher
from service_kit.service import build_service
from support.kafka import embedded_kafka, read_all
from support.service_app import running_app
from sync_contracts.examples import EXAMPLES
from sync_contracts.runs import RunProgress

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

EVENT = next(example for example in EXAMPLES if isinstance(example, RunProgress))


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[EmbeddedStack]:
    """A broker of our own, to be killed."""
    found = EmbeddedStack(tmp_path, broker=chosen_broker())
    await found.broker.start()
    await found.create_topics([RunProgress.topic], 1)
    yield found
    await found.broker.stop()


def broker_of(stack: EmbeddedStack) -> ServiceBroker:
    settings = embedded_kafka(stack.settings.bootstrap_servers)
    return build_broker(settings, name=f"away-{uuid4().hex}", health=Health())


async def test_sending_is_an_outage_after_a_while_and_works_again_afterwards(stack: EmbeddedStack) -> None:
    broker = broker_of(stack)
    publish = EventPublisher(broker, source="test", sends=(RunProgress,))
    await broker.start()
    try:
        await publish(EVENT)
        await stack.broker.kill()

        with pytest.raises(KafkaError) as outage:
            async with asyncio.timeout(CONFIRMED_WITHIN_S + 30):
                await publish(EVENT)

        await stack.broker.start()
        await publish(EVENT)
        await read_all(stack.settings.bootstrap_servers, RunProgress.topic, until=bool)
    finally:
        await broker.stop()

    assert is_outage(outage.value)


async def test_a_service_with_something_to_send_stops_although_kafka_is_away(stack: EmbeddedStack) -> None:
    settings, health = embedded_kafka(stack.settings.bootstrap_servers), Health()
    broker = broker_of(stack)
    publish = EventPublisher(broker, source="test", sends=(RunProgress,))

    async with running_app(build_service("test", broker=broker, kafka=settings, health=health)):
        await stack.broker.kill()
        sending = asyncio.create_task(publish(EVENT))
        await asyncio.sleep(0)
        began = time.monotonic()

    assert time.monotonic() - began < 40
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
