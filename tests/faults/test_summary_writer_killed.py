"""The summary-writer alone is killed between two steps, and started again."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord
from sandbox.embedded import EmbeddedStack
from service_kit.clock import SystemClock
from service_kit.mongo import build_mongo, database
from service_kit.settings import MongoSettings
from summary_writer.adapters.mongo_fences import MongoFences
from summary_writer.adapters.mongo_summaries import MongoSummaries
from summary_writer.app import SENDS
from summary_writer.summary import Reading
from support.kafka import producer, read_all
from support.service_process import service_process, service_variables
from support.summaries import counted, values
from sync_contracts.connections import ConnectionDeleted, ConnectionSaved
from sync_contracts.jobs import JobCounted
from sync_contracts.summaries import SummaryUpdated
from sync_contracts.topics import dead_letter_topic

pytestmark = pytest.mark.integration

TOPICS = [event.topic for event in (JobCounted, ConnectionSaved, ConnectionDeleted, *SENDS)]


@pytest.mark.parametrize("point", ["history_written", "summary_written", "answer_published"])
async def test_a_writer_killed_at_any_point_answers_as_if_nothing_had_happened(
    point: str, embedded_stack: EmbeddedStack, kafka_bootstrap: str, mongo_url: str, tmp_path: Path
) -> None:
    await embedded_stack.create_topics([*TOPICS, *map(dead_letter_topic, TOPICS)], 3)
    where = MongoSettings(url=mongo_url, database=f"summaries-{uuid4().hex}")
    variables = service_variables(
        "SUMMARY_WRITER", bootstrap=kafka_bootstrap, mongo_url=mongo_url, database=where.database
    )
    company, read_at = f"company-{uuid4().hex[:12]}", datetime.now(UTC)
    earlier = counted(company_id=company, net="10.00", read_at=read_at - timedelta(minutes=1))
    message = counted(company_id=company, net="20.00", read_at=read_at)
    client = build_mongo(where)
    stored = database(client, where)
    await MongoSummaries(stored, MongoFences(stored), SystemClock()).write([Reading.of(earlier)])

    async with service_process("summary_writer", variables, tmp_path / "log", crash_at=point) as killed:
        async with producer(kafka_bootstrap) as send:
            body, key = message.model_dump_json().encode(), message.key.encode()
            await send.send_and_wait(JobCounted.topic, body, key=key)
        assert await killed.wait() == -signal.SIGKILL
    expected = 2 if point == "answer_published" else 1
    async with service_process("summary_writer", variables, tmp_path / "log"):
        answers = await answers_to(message, expected, kafka_bootstrap)

    assert [(answer.values, answer.previous) for answer in answers] == [
        (values("20.00"), values("10.00"))
    ] * expected
    assert len({answer.meta.event_id for answer in answers}) == 1
    (summary,) = await stored["client_summaries"].find().to_list(None)
    assert (summary["version"], summary["origin"]) == (2, str(Reading.of(message).cause))
    entries = {entry["_id"] async for entry in stored["summary_history"].find()}
    assert entries == {str(Reading.of(each).cause) for each in (earlier, message)}
    await client.drop_database(where.database)
    client.close()


async def answers_to(message: JobCounted, number: int, bootstrap: str) -> list[SummaryUpdated]:
    def ours(found: list[ConsumerRecord[Any, Any]]) -> list[ConsumerRecord[Any, Any]]:
        return [record for record in found if record.key == message.key.encode()]

    found = await read_all(bootstrap, SummaryUpdated.topic, until=lambda found: len(ours(found)) >= number)
    return [SummaryUpdated.model_validate_json(record.value) for record in ours(found)]
