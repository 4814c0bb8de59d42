"""The service on a real broker and a real database."""

import os
import signal
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from notifier.app import build_app
from notifier.settings import Settings
from sandbox.embedded import EmbeddedStack, VaultAccess
from service_kit.mongo import build_mongo
from service_kit.settings import HttpSettings, MongoSettings
from support.kafka import embedded_kafka, eventually, producer, read_all
from support.notifier_service import vault_settings
from support.receipts import finished
from support.service_app import NO_ISSUER, is_ready, running_app
from sync_contracts.runs import RunFinished, SyncCompleted
from sync_contracts.topics import dead_letter_topic

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

DEAD = dead_letter_topic(RunFinished.topic)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    embedded_stack: EmbeddedStack, kafka_bootstrap: str, mongo_url: str, vault: VaultAccess
) -> AsyncIterator[httpx.AsyncClient]:
    mongo = MongoSettings(url=mongo_url, database=f"notifier-{uuid4().hex}", timeout_s=1.0)
    settings = Settings(
        kafka=embedded_kafka(kafka_bootstrap),
        mongo=mongo,
        vault=vault_settings(vault),
        http=HttpSettings(port=0),
        users=NO_ISSUER,
    )
    async with running_app(build_app(settings)) as client:
        await eventually(lambda: is_ready(client))
        yield client
    database = build_mongo(mongo.model_copy(update={"timeout_s": 30.0}))
    await database.drop_database(mongo.database)
    database.close()


async def tell(
    bootstrap: str, *bodies: tuple[UUID, bytes], trace: str = "0af7651916cd43dd8448eb211c80319c"
) -> None:
    headers = [
        ("content-type", b"application/json"),
        ("traceparent", f"00-{trace}-b7ad6b7169203331-01".encode()),
    ]
    async with producer(bootstrap) as send:
        for run, body in bodies:
            await send.send_and_wait(RunFinished.topic, body, key=str(run).encode(), headers=headers)


async def of_run(bootstrap: str, topic: str, run: UUID, number: int) -> list[ConsumerRecord[Any, Any]]:
    def ours(records: list[ConsumerRecord[Any, Any]]) -> list[ConsumerRecord[Any, Any]]:
        return [record for record in records if record.key == str(run).encode()]

    return ours(await read_all(bootstrap, topic, until=lambda found: len(ours(found)) >= number))


async def test_a_run_whose_end_is_told_twice_has_one_receipt_in_the_runs_trace(
    service: httpx.AsyncClient, kafka_bootstrap: str
) -> None:
    run = finished()
    body = run.model_dump_json().encode()

    await tell(kafka_bootstrap, (run.run_id, body), (run.run_id, body))

    first, second = await of_run(kafka_bootstrap, SyncCompleted.topic, run.run_id, 2)
    assert first.value == second.value
    told, again = dict(first.headers), dict(second.headers)
    assert told["ce_id"] == again["ce_id"]
    assert told["ce_type"] == b"sync.completed.v1"
    assert told["content-type"] == b"application/json"
    assert told["traceparent"].split(b"-")[1] == b"0af7651916cd43dd8448eb211c80319c"


async def test_an_unreadable_end_is_parked_and_the_next_is_told(
    service: httpx.AsyncClient, kafka_bootstrap: str
) -> None:
    bad, run = uuid4(), finished()

    await tell(kafka_bootstrap, (bad, b"{"), (run.run_id, run.model_dump_json().encode()))

    (parked,) = await of_run(kafka_bootstrap, DEAD, bad, 1)
    assert parked.value == b"{"
    assert dict(parked.headers)["dead_letter_error"] == b"ValidationError"
    assert await of_run(kafka_bootstrap, SyncCompleted.topic, run.run_id, 1)


async def test_a_database_that_is_away_parks_nothing_and_the_receipt_follows(
    service: httpx.AsyncClient, kafka_bootstrap: str, embedded_stack: EmbeddedStack
) -> None:
    run, bad = finished(), uuid4()
    pid = embedded_stack.database.pid
    assert pid is not None

    async def waits() -> bool:
        return "dependency" in (await service.get("/ready")).json()

    os.kill(pid, signal.SIGSTOP)
    try:
        await tell(kafka_bootstrap, (run.run_id, run.model_dump_json().encode()))
        await eventually(waits)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert await of_run(kafka_bootstrap, SyncCompleted.topic, run.run_id, 1)
    await eventually(lambda: is_ready(service))
    await tell(kafka_bootstrap, (bad, b"{"))
    parked = await read_all(
        kafka_bootstrap, DEAD, until=lambda found: any(record.key == str(bad).encode() for record in found)
    )
    assert str(run.run_id).encode() not in {record.key for record in parked}
