"""The observer hears what is said, says it again, and knows which is which."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from ledgerbus_cli.chaos.lag import behind
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.outbox import Outbox
from support.chaos_evidence import receipt
from support.kafka import eventually
from support.servers import PARTITIONS
from sync_contracts.runs import SyncCompleted

pytestmark = pytest.mark.integration


async def test_each_message_is_heard_twice_and_told_once(kafka_bootstrap: str) -> None:
    wanted = {uuid4() for _ in range(3)}
    async with (
        Observer(kafka_bootstrap, seed=1, share=1.0, partitions=PARTITIONS) as observer,
        Outbox(kafka_bootstrap) as outbox,
    ):
        for event_id in wanted:
            await outbox.send(receipt(event_id=event_id).event)
        await eventually(lambda: observer.repeated >= len(wanted))
        await observer.catch_up()

        heard = [one for one in observer.heard if one.event.meta.event_id in wanted]
        times = [one for one in observer.of(SyncCompleted) if one.meta.event_id in wanted]

    assert {one.event.meta.event_id for one in heard} == wanted
    assert (len(heard), len(times)) == (3, 6)
    assert {one.source for one in heard} == {"platform"}


async def test_what_a_group_has_not_committed_is_behind(kafka_bootstrap: str) -> None:
    async with (
        Observer(kafka_bootstrap, seed=1, share=0.0, partitions=PARTITIONS) as observer,
        Outbox(kafka_bootstrap) as outbox,
    ):
        for _ in range(3):
            await outbox.send_raw("run.finished.v1", receipt().body, key="run")
        partition = await told_at("run.finished.v1", observer)
        await eventually(lambda: observer.ends[partition] >= 3)
        end = observer.ends[partition]
        await commit(kafka_bootstrap, "notifier.run.finished.v1", partition, end - 2)
        left = await behind(kafka_bootstrap, observer.ends)
        await commit(kafka_bootstrap, "notifier.run.finished.v1", partition, end)

        assert left["notifier.run.finished.v1 at run.finished.v1"] >= 2
        assert await behind(kafka_bootstrap, {partition: end}) == {}


async def told_at(topic: str, observer: Observer) -> TopicPartition:
    await eventually(lambda: any(one.topic == topic for one in observer.ends))
    return max((one for one in observer.ends if one.topic == topic), key=lambda one: observer.ends[one])


async def commit(kafka_bootstrap: str, group: str, partition: TopicPartition, offset: int) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.commit({partition: offset})
    finally:
        await consumer.stop()
