"""The service on a real broker and a real database."""

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from sandbox.embedded import EmbeddedStack
from service_kit.mongo import build_mongo
from service_kit.settings import HttpSettings, MongoSettings
from service_kit.telemetry import Telemetry
from summary_writer.app import SENDS, build_app
from summary_writer.settings import Settings
from support.kafka import embedded_kafka, eventually, producer, read_all
from support.service_app import NO_ISSUER, is_ready, running_app
from support.summaries import counted
from sync_contracts.connections import ConnectionDeleted, ConnectionSaved
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_contracts.topics import dead_letter_topic

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

Records = list[ConsumerRecord[Any, Any]]
TOPICS = [event.topic for event in (JobCounted, ConnectionSaved, ConnectionDeleted, *SENDS)]


@dataclass(frozen=True, slots=True)
class Writer:
    """A running service, its servers, and a company of its own."""

    client: httpx.AsyncClient
    bootstrap: str
    company: str

    async def receive(self, *events: Event, headers: dict[str, str] | None = None) -> None:
        async with producer(self.bootstrap) as send:
            for event in events:
                told = event.headers("test") | (headers or {})
                await send.send_and_wait(
                    event.topic,
                    event.model_dump_json().encode(),
                    key=event.key.encode(),
                    headers=[(name, value.encode()) for name, value in told.items()],
                )

    async def told(self, kind: type[Event], number: int) -> Records:
        """The first answers of a kind to this company, once there are so many."""

        def ours(records: Records) -> Records:
            return [record for record in records if self.company.encode() in (record.key or b"")]

        topic = kind.topic if kind in SENDS else dead_letter_topic(JobCounted.topic)
        return ours(await read_all(self.bootstrap, topic, until=lambda found: len(ours(found)) >= number))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    embedded_stack: EmbeddedStack, kafka_bootstrap: str, mongo_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    mongo = MongoSettings(url=mongo_url, database=f"summaries-{uuid4().hex}", timeout_s=1.0)
    settings = Settings(
        kafka=embedded_kafka(kafka_bootstrap), mongo=mongo, http=HttpSettings(port=0), users=NO_ISSUER
    )
    async with running_app(build_app(settings, Telemetry(TracerProvider(), MeterProvider()))) as client:
        await eventually(lambda: is_ready(client))
        yield client
    database = build_mongo(mongo.model_copy(update={"timeout_s": 30.0}))
    await database.drop_database(mongo.database)
    database.close()


@pytest.fixture
def writer(service: httpx.AsyncClient, kafka_bootstrap: str) -> Writer:
    return Writer(service, kafka_bootstrap, f"company-{uuid4().hex[:12]}")


def now() -> datetime:
    return datetime.now(UTC)


async def test_every_message_delivered_twice_gets_the_same_answer_twice(writer: Writer) -> None:
    months = [f"2025-{n:02d}" for n in range(1, 13)]
    early, late = now() - timedelta(minutes=1), now()
    first = [counted(company_id=writer.company, month=month, read_at=early) for month in months]
    second = [counted(company_id=writer.company, month=month, net="9.99", read_at=late) for month in months]
    await writer.receive(*first, *first)
    await writer.told(SummaryUpdated, 24)

    await writer.receive(*second, *first, *second)

    answers: dict[object, list[str]] = {}
    for record in await writer.told(SummaryUpdated, 60):
        answer = SummaryUpdated.model_validate_json(record.value)
        answers.setdefault(answer.meta.event_id, []).append(f"{answer.values} replaced {answer.previous}")
    assert sorted(map(len, answers.values())) == [2] * 12 + [3] * 12
    assert {len(set(told)) for told in answers.values()} == {1}


async def test_each_answer_stands_in_the_trace_of_its_own_job(writer: Writer) -> None:
    trace_ids = [f"{n + 1:032x}" for n in range(20)]
    for n, trace_id in enumerate(trace_ids):
        message = counted(company_id=writer.company, client_id=f"client-{n}", read_at=now())
        await writer.receive(message, headers={"traceparent": f"00-{trace_id}-{n + 1:016x}-01"})

    records = await writer.told(SummaryUpdated, 20)

    found = {
        SummaryUpdated.model_validate_json(record.value).job.client_id: dict(record.headers)["traceparent"]
        for record in records
    }
    assert {client: told.decode().split("-")[1] for client, told in found.items()} == {
        f"client-{n}": trace_id for n, trace_id in enumerate(trace_ids)
    }


async def test_what_cannot_be_read_or_written_is_parked_alone(writer: Writer) -> None:
    key = f"{writer.company}/client-17/xero".encode()
    async with producer(writer.bootstrap) as send:
        headers = [("content-type", b"application/json")]
        await send.send_and_wait(JobCounted.topic, b"{not json", key=key, headers=headers)
    await writer.receive(
        counted(company_id=writer.company, net="9" * 35, client_id="too-long", read_at=now()),
        counted(company_id=writer.company, read_at=now()),
    )

    (answered,) = await writer.told(SummaryUpdated, 1)
    parked = await writer.told(JobCounted, 2)

    assert SummaryUpdated.model_validate_json(answered.value).job.client_id == "client-17"
    assert {record.key for record in parked} == {key, f"{writer.company}/too-long/xero".encode()}
    assert {dict(record.headers)["dead_letter_error"] for record in parked} == {
        b"ValidationError",
        b"Inexact",
    }


async def test_a_deleted_connection_and_a_clock_ahead_are_refused(writer: Writer) -> None:
    message = counted(company_id=writer.company, generation=1, connection_id=uuid4(), read_at=now())
    deleted = ConnectionDeleted(
        meta=message.meta,
        connection_id=message.connection_id,
        client_id="client-17",
        provider=message.job.provider,
        generation=2,
    )
    early = counted(company_id=writer.company, client_id="early", read_at=now() + timedelta(minutes=5))
    await writer.receive(deleted, early)
    (skewed,) = await writer.told(SummaryRefused, 1)

    await writer.receive(message)

    codes = [
        SummaryRefused.model_validate_json(record.value).code
        for record in await writer.told(SummaryRefused, 2)
    ]
    assert SummaryRefused.model_validate_json(skewed.value).code == "CLOCK_SKEW"
    assert sorted(codes) == ["CLOCK_SKEW", "CONNECTION_DELETED"]


async def test_a_database_that_is_away_parks_nothing_and_work_goes_on(
    writer: Writer, embedded_stack: EmbeddedStack
) -> None:
    messages = [counted(company_id=writer.company, client_id=f"client-{n}", read_at=now()) for n in range(30)]
    pid = embedded_stack.database.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        await writer.receive(*messages)
        await eventually(lambda: _waits_for_something(writer))
    finally:
        os.kill(pid, signal.SIGCONT)

    answers = await writer.told(SummaryUpdated, 30)

    assert len(answers) == 30
    await eventually(lambda: is_ready(writer.client))
    await writer.receive(counted(company_id=writer.company, client_id="client-0", read_at=now()))
    await writer.told(SummaryUnchanged, 1)
    poison = counted(company_id=writer.company, client_id="last", net="9" * 35, read_at=now())
    await writer.receive(poison)
    (parked,) = await writer.told(JobCounted, 1)
    assert parked.key == f"{writer.company}/last/xero".encode()


async def _waits_for_something(writer: Writer) -> bool:
    answer = await writer.client.get("/ready")
    return answer.status_code == 503 and "dependency" in answer.json()
