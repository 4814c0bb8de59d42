"""From message to message: parsing, refusing, parking and answering, without a broker."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from faststream.kafka import KafkaMessage
from service_kit.broker import Subscriptions, TestKafkaBroker, build_broker
from service_kit.health import Health
from service_kit.publishing import EventPublisher
from service_kit.settings import KafkaSettings
from support.orchestration import (
    bulk,
    cancel,
    connection_event,
    failed,
    reload,
    started,
    unchanged,
    updated,
    use_cases,
    waiting,
)
from support.orchestrator_stores import memory_stores
from sync_contracts.codes import ProblemCode, RefusalCode
from sync_contracts.connections import ConnectionDeleted
from sync_contracts.event import Event
from sync_contracts.ids import run_id
from sync_contracts.jobs import JobFailed, JobRequested
from sync_contracts.requests import SyncBulk, SyncReload
from sync_contracts.runs import JobEnding, RunAccepted, RunCancelling, RunFinished, RunRejected
from sync_contracts.topics import dead_letter_topic
from sync_orchestrator import handlers
from sync_orchestrator.app import NAME, SENDS
from sync_orchestrator.records import JobRecord, JobState
from sync_orchestrator.use_cases import Stores, UseCases

RUN = run_id("company-1", "req-1")


@dataclass
class Wired:
    """The service's handlers on a broker in memory, and what they send."""

    stores: Stores = field(default_factory=memory_stores)
    sent: list[KafkaMessage] = field(default_factory=list)
    cases: UseCases = field(init=False)

    def __post_init__(self) -> None:
        kafka = KafkaSettings(bootstrap_servers="in-memory")
        self.broker = build_broker(kafka, name=NAME, health=Health())
        publish = EventPublisher(self.broker, source=NAME, sends=SENDS)
        self.cases = use_cases(self.stores, publish)
        handlers.subscribe(Subscriptions(self.broker, kafka, NAME), self.cases)
        parked = [dead_letter_topic(topic) for topic in (SyncBulk.topic, dead_letter_topic(JobFailed.topic))]

        @self.broker.subscriber(*(event.topic for event in SENDS), *parked, decoder=undecoded)
        async def record(_: Any, message: KafkaMessage) -> None:
            self.sent.append(message)

    async def receive(self, *events: Event) -> None:
        for event in events:
            await self.receive_raw(event.topic, event.model_dump_json().encode())

    async def receive_raw(self, topic: str, body: bytes) -> None:
        await self.broker.publish(body, topic, headers={"content-type": "application/json"})

    def told(self, kind: type[Event]) -> list[Any]:
        return [kind.model_validate_json(bytes(m.body)) for m in self.sent if topic_of(m) == kind.topic]

    async def jobs(self) -> list[JobRecord]:
        return await self.stores.jobs.page(RUN, list(JobState), 0, 100)


async def undecoded(message: KafkaMessage) -> bytes:
    return bytes(message.body)


def topic_of(message: KafkaMessage) -> str:
    return str(message.raw_message.topic)  # type: ignore[union-attr]  # never a batch here


async def test_a_whole_run_from_request_to_announcement() -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.receive(bulk(clients=3))
        await wired.cases.release()
        first, second, third = await wired.jobs()
        for message in wired.told(JobRequested):
            await wired.receive(started(message))
        await wired.receive(updated(first), unchanged(second), failed(third))
        await wired.cases.settle()

    [finished] = wired.told(RunFinished)
    assert (finished.counts.written, finished.counts.unchanged, finished.counts.failed) == (1, 1, 1)
    [announcement] = [m for m in wired.sent if topic_of(m) == RunFinished.topic]
    assert announcement.headers["ce_id"] == str(finished.meta.event_id)
    assert announcement.raw_message.key == str(RUN).encode()  # type: ignore[union-attr]


async def test_waits_connections_and_cancels_reach_their_use_cases() -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.receive(bulk(clients=3))
        await wired.cases.release()
        first, *_ = await wired.jobs()
        await wired.receive(waiting(first, first.due_at))
        await wired.receive(connection_event(ConnectionDeleted, "client-1", generation=2))
        await wired.receive(cancel(target="req-1"))

    assert (await wired.jobs())[0].code is ProblemCode.CONNECTION_DELETED
    assert [event.run_id for event in wired.told(RunCancelling)] == [RUN]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"month": "2026-13"}, ("month",)),
        ({"provider": "abacus"}, ("provider",)),
        ({"client_ids": []}, ("client_ids",)),
        ({"client_ids": ["client-1", "client-1"]}, ("client_ids",)),
        ({"client_ids": ["fine", "not fine"]}, ("client_ids.1",)),
        ({"client_ids": None, "time_zone": "Mars/Olympus"}, ("client_ids", "time_zone")),
        (
            {"meta": {"company_id": "company-1"}},
            ("meta.actor", "meta.correlation_id", "meta.event_id", "meta.occurred_at"),
        ),
    ],
)
async def test_a_malformed_request_is_answered_with_its_fields(
    change: dict[str, Any], fields: tuple[str, ...]
) -> None:
    wired = Wired()
    body = bulk().model_dump(mode="json") | change

    async with TestKafkaBroker(wired.broker):
        await wired.receive_raw(SyncBulk.topic, json.dumps(body).encode())

    [refusal] = wired.told(RunRejected)
    assert (refusal.code, refusal.fields) == (RefusalCode.INVALID_REQUEST, fields)
    assert (refusal.request_id, refusal.meta.company_id) == ("req-1", "company-1")


async def test_the_corrected_request_may_use_the_same_id() -> None:
    wired = Wired()
    body = reload().model_dump(mode="json") | {"overwrite_confirmed": None}

    async with TestKafkaBroker(wired.broker):
        await wired.receive_raw(SyncReload.topic, json.dumps(body).encode())
        await wired.receive(reload())

    assert len(wired.told(RunRejected)) == 1
    assert len(wired.told(RunAccepted)) == 1


@pytest.mark.parametrize("body", [b"\xff not json", b"[]", b'{"request_id": "req-1"}'])
async def test_a_request_that_does_not_say_whose_it_is_is_parked(body: bytes) -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.receive_raw(SyncBulk.topic, body)

    [parked] = wired.sent
    assert (topic_of(parked), bytes(parked.body)) == (dead_letter_topic(SyncBulk.topic), body)


async def test_jobs_of_parked_messages_end_as_our_fault() -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.receive(bulk(clients=2))
        await wired.cases.release()
        by_request, by_result = await wired.jobs()
        request = next(m for m in wired.told(JobRequested) if m.client_id == by_request.client_id)
        await wired.receive_raw(dead_letter_topic(JobRequested.topic), request.model_dump_json().encode())
        result = failed(by_result).model_dump_json().encode()
        await wired.receive_raw(dead_letter_topic(JobFailed.topic), result)

    assert [(job.ending, job.code) for job in await wired.jobs()] == [
        (JobEnding.FAILED, ProblemCode.INTERNAL)
    ] * 2


async def test_the_note_of_a_replay_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    wired, topic = Wired(), dead_letter_topic(JobFailed.topic)

    async with TestKafkaBroker(wired.broker):
        await wired.receive(bulk(clients=1))
        await wired.cases.release()
        (job,), sent = await wired.jobs(), list(wired.sent)
        await wired.receive_raw(topic, b'{"dead_letter_replayed": "job.failed.v1.dead/1/2"}')

    assert [(one.ending, one.state) for one in await wired.jobs()] == [(None, job.state)]
    assert wired.sent == sent
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("body", [b"\xff not json", b"[]", b"{}", b"", b"[" * 100_000])
async def test_a_parked_message_nobody_can_read_is_not_parked_again(body: bytes) -> None:
    wired = Wired()

    async with TestKafkaBroker(wired.broker):
        await wired.receive_raw(dead_letter_topic(JobFailed.topic), body)

    assert wired.sent == []
