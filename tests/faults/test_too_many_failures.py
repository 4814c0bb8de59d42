"""A bad deployment parks twenty messages, then stops and says so; the next one goes on from there."""

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from ledgerbus_cli.programs import PythonProgram
from sandbox.embedded import Server, create_topics
from sandbox.embedded.ports import free_port
from service_kit.failures import BUGS_IN_A_ROW
from support.kafka import eventually, producer, read_all

pytestmark = pytest.mark.integration

MESSAGES = 60


async def test_twenty_bugs_in_a_row_stop_the_consumer_and_a_mended_service_goes_on(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    topic, port = f"task.{uuid4().hex[:8]}.v1", free_port()
    notes, bug = tmp_path / "notes", tmp_path / "bug"
    await create_topics(kafka_bootstrap, [topic, f"{topic}.dead"], 1)
    service = Server(failing(kafka_bootstrap, topic, tmp_path, port), tmp_path)
    await service.start()
    bug.touch()
    async with producer(kafka_bootstrap) as send:
        for number in range(MESSAGES):
            await send.send_and_wait(topic, json.dumps({"number": number}).encode())

    await eventually(lambda: topic in readiness(port)[1], within_s=30)
    assert readiness(port)[0] == 503
    assert live(port)
    parked = await parked_on(kafka_bootstrap, topic)
    assert len(parked) == BUGS_IN_A_ROW
    await service.stop()
    assert await parked_on(kafka_bootstrap, topic) == parked
    assert await committed(kafka_bootstrap, topic) <= BUGS_IN_A_ROW
    assert not notes.exists()

    bug.unlink()
    await service.start()
    await eventually(lambda: len(handled(notes)) == MESSAGES - BUGS_IN_A_ROW, within_s=30)
    await eventually(lambda: readiness(port)[0] == 200)
    await service.stop()

    assert handled(notes) | parked == set(range(MESSAGES))
    assert await parked_on(kafka_bootstrap, topic) == parked
    assert await committed(kafka_bootstrap, topic) == MESSAGES


def failing(bootstrap: str, topic: str, folder: Path, port: int) -> PythonProgram:
    return PythonProgram(
        name="failing",
        port=port,
        module="support.failing_service",
        ready_path="/ready",
        arguments=(bootstrap, topic, str(folder), str(port)),
        environment={"PYTHONPATH": str(Path(__file__).parents[1])},
    )


def readiness(port: int) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False, timeout=10)
    return answer.status_code, answer.json()


def live(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/live", trust_env=False, timeout=10).status_code == 200


def handled(notes: Path) -> set[int]:
    return set(map(int, notes.read_text().split())) if notes.exists() else set()


async def parked_on(bootstrap: str, topic: str) -> set[int]:
    found = await read_all(bootstrap, f"{topic}.dead", until=lambda found: len(found) >= BUGS_IN_A_ROW)
    assert len(found) == BUGS_IN_A_ROW
    return {json.loads(record.value)["number"] for record in found}


async def committed(bootstrap: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=f"failing.{topic}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        return await consumer.committed(TopicPartition(topic, 0)) or 0
    finally:
        await consumer.stop()
