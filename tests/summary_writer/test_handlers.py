"""From message to message: parsing, parking and answering, without a broker."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from faststream.kafka import KafkaMessage
from service_kit.batches import Batches
from service_kit.broker import Subscriptions, TestKafkaBroker, build_broker
from service_kit.health import Health
from service_kit.publishing import EventPublisher
from service_kit.settings import KafkaSettings
from summary_writer import handlers
from summary_writer.app import NAME, SENDS
from summary_writer.raise_fence import RaiseFence
from summary_writer.write_summary import WriteSummary
from support.fakes import FakeClock
from support.summaries import CONNECTION, MemorySummaries, counted
from sync_contracts.connections import ConnectionDeleted, ConnectionHealth, ConnectionSaved
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted
from sync_contracts.summaries import SummaryRefused, SummaryUpdated
from sync_contracts.topics import dead_letter_topic


@dataclass
class Wired:
    """The handlers on a broker in memory, and what they send."""

    store: MemorySummaries = field(default_factory=lambda: MemorySummaries(FakeClock()))
    sent: list[KafkaMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        kafka = KafkaSettings(bootstrap_servers="in-memory")
        self.broker = build_broker(kafka, name=NAME, health=Health())
        publish = EventPublisher(self.broker, source=NAME, sends=SENDS)
        handlers.subscribe(
            Subscriptions(self.broker, kafka, NAME),
            write_summary=WriteSummary(Batches(self.store.write, linger_s=0), publish),
            raise_fence=RaiseFence(self.store),
        )
        answers = [event.topic for event in SENDS]

        @self.broker.subscriber(*answers, dead_letter_topic(JobCounted.topic), decoder=undecoded)
        async def record(_: Any, message: KafkaMessage) -> None:
            self.sent.append(message)

    async def receive(self, *events: Event) -> None:
        for event in events:
            await self.broker.publish(
                event.model_dump_json().encode(),
                event.topic,
                key=event.key.encode(),
                headers=event.headers("test"),
            )


async def undecoded(message: KafkaMessage) -> bytes:
    return bytes(message.body)


def topic_of(message: KafkaMessage) -> str:
    return str(message.raw_message.topic)  # type: ignore[union-attr]  # never a batch here


async def test_a_counted_job_is_answered_with_cloudevents_headers_and_its_key() -> None:
    wired, message = Wired(), counted()

    async with TestKafkaBroker(wired.broker):
        await wired.receive(message)

    (answer,) = wired.sent
    told = SummaryUpdated.model_validate_json(answer.body)
    assert topic_of(answer) == "summary.updated.v1"
    assert answer.headers["ce_type"] == "summary.updated.v1"
    assert answer.headers["ce_source"] == "/ledgerbus/summary-writer"
    assert answer.headers["ce_id"] == str(told.meta.event_id)
    assert answer.raw_message.key == b"company-1/client-17/xero"  # type: ignore[union-attr]  # never a batch here


@pytest.mark.parametrize(
    "body",
    [b"{", b"null", b'{"job": {}}', counted().model_dump_json().encode()[:-5]],
    ids=["broken", "null", "without fields", "cut off"],
)
async def test_an_unreadable_message_is_parked_alone(body: bytes) -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.broker.publish(body, JobCounted.topic, headers={"content-type": "application/json"})
        await wired.receive(counted())

    parked, answered = wired.sent
    assert topic_of(parked) == "job.counted.v1.dead"
    assert parked.headers["dead_letter_error"]
    assert parked.body == body
    assert topic_of(answered) == "summary.updated.v1"


@pytest.mark.parametrize("kind", [ConnectionSaved, ConnectionDeleted])
async def test_saving_or_deleting_a_connection_refuses_what_was_read_before(kind: type[Event]) -> None:
    wired, message = Wired(), counted(generation=1)
    change = kind.model_validate(
        {
            "meta": message.meta,
            "connection_id": CONNECTION,
            "client_id": "client-17",
            "provider": "xero",
            "generation": 2,
            "health": ConnectionHealth.OK,
        }
    )

    async with TestKafkaBroker(wired.broker):
        await wired.receive(change, message)

    (answer,) = wired.sent
    assert SummaryRefused.model_validate_json(answer.body).code == "CONNECTION_DELETED"
