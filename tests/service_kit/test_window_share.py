"""What a window learns from a real group."""

import uuid

import pytest
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker
from service_kit.health import Health
from service_kit.window import Window
from support.kafka import embedded_kafka, eventually
from support.windowed_worker import Task


@pytest.mark.integration
async def test_the_only_worker_of_a_group_owns_all_partitions(kafka_bootstrap: str) -> None:
    topic = f"share-{uuid.uuid4().hex}"
    await create_topics(kafka_bootstrap, [topic], partitions=4)
    settings = embedded_kafka(kafka_bootstrap)
    broker = build_broker(settings, name="share", health=Health())
    shares: list[float] = []

    @Subscriptions(broker, settings, "share").windowed(
        Window(slots=1, on_share=shares.append), {topic: Task.model_validate_json}
    )
    async def on_task(_: Task) -> None:
        """Nothing is sent."""

    await broker.start()
    try:
        await eventually(lambda: len(shares) > 0)
    finally:
        await broker.stop()

    assert shares[0] == 1.0
