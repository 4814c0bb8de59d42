"""The observer hears what is said, says it again, and knows which is which."""

from uuid import uuid4

import pytest
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


async def test_what_no_consumer_has_committed_is_behind(bootstrap: str) -> None:
    async with Observer(bootstrap, seed=1, share=0.0) as observer, Outbox(bootstrap) as outbox:
        await outbox.send_raw("run.finished.v1", receipt().body, key="run")
        await eventually(lambda: any(one.topic == "run.finished.v1" for one in observer.ends))

        left = await behind(bootstrap, observer.ends)

    assert left["notifier.run.finished.v1"] >= 1
