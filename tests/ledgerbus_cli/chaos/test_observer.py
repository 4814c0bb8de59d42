"""The observer hears what is said, says it again, and knows which is which."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from ledgerbus_cli.chaos.lag import behind
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.system import PARTITIONS
from sandbox.embedded.topics import create_topics
from support.chaos_evidence import receipt
from support.kafka import eventually
from sync_contracts.runs import SyncCompleted
from sync_contracts.topics import all_topics

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("broker")]


@pytest.fixture
async def bootstrap(kafka_bootstrap: str) -> str:
    await create_topics(kafka_bootstrap, all_topics(), PARTITIONS)
    return kafka_bootstrap


async def test_each_message_is_heard_twice_and_told_once(bootstrap: str) -> None:
    wanted = {uuid4() for _ in range(3)}
    async with Observer(bootstrap, seed=1, share=1.0) as observer, Outbox(bootstrap) as outbox:
        for event_id in wanted:
            await outbox.send(receipt(event_id=event_id).event)
        await eventually(lambda: observer.repeated >= len(wanted))
        await observer.catch_up()

        heard = [one for one in observer.heard if one.event.meta.event_id in wanted]
        times = [one for one in observer.of(SyncCompleted) if one.meta.event_id in wanted]

    assert {one.event.meta.event_id for one in heard} == wanted
    assert (len(heard), len(times)) == (3, 6)
    assert {one.source for one in heard} == {"platform"}


async def test_what_a_group_has_not_committed_is_behind(bootstrap: str) -> None:
    async with Observer(bootstrap, seed=1, share=0.0) as observer, Outbox(bootstrap) as outbox:
        for _ in range(3):
            await outbox.send_raw("run.finished.v1", receipt().body, key="run")
        partition = await told_at("run.finished.v1", observer)
        await eventually(lambda: observer.ends[partition] >= 3)
        end = observer.ends[partition]
        await commit(bootstrap, "notifier.run.finished.v1", partition, end - 2)
        left = await behind(bootstrap, observer.ends)
        await commit(bootstrap, "notifier.run.finished.v1", partition, end)

        assert left["notifier.run.finished.v1 at run.finished.v1"] >= 2
        assert await behind(bootstrap, {partition: end}) == {}


async def told_at(topic: str, observer: Observer) -> TopicPartition:
    await eventually(lambda: any(one.topic == topic for one in observer.ends))
    return max((one for one in observer.ends if one.topic == topic), key=lambda one: observer.ends[one])


async def commit(bootstrap: str, group: str, partition: TopicPartition, offset: int) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.commit({partition: offset})
    finally:
        await consumer.stop()
