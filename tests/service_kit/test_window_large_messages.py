"""A window fetches little ahead, and still takes messages that are larger than that."""

import uuid

import pytest
from pydantic import BaseModel
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker
from service_kit.health import Health
from service_kit.window import Window
from support.kafka import embedded_kafka, eventually, producer

LARGEST_BULK = 700_000  # ten thousand clients with names of 64 characters


class Text(BaseModel):
    """Any message."""

    text: str


@pytest.mark.integration
async def test_a_message_larger_than_what_is_fetched_ahead_is_handled_and_so_is_the_next(
    kafka_bootstrap: str,
) -> None:
    topic = f"large-{uuid.uuid4().hex}"
    await create_topics(kafka_bootstrap, [topic], partitions=1)
    settings = embedded_kafka(kafka_bootstrap)
    broker = build_broker(settings, name="large", health=Health())
    sizes: list[int] = []

    @Subscriptions(broker, settings, "large").windowed(Window(slots=10), {topic: Text.model_validate_json})
    async def on_text(message: Text) -> None:
        sizes.append(len(message.text))

    large = "x" * LARGEST_BULK  # the producer of tests does not compress
    await broker.start()
    try:
        async with producer(kafka_bootstrap) as send:
            for text in ("before", large, "after"):
                await send.send_and_wait(topic, Text(text=text).model_dump_json().encode())
        await eventually(lambda: len(sizes) == 3)
    finally:
        await broker.stop()

    assert sorted(sizes) == [5, 6, LARGEST_BULK]
