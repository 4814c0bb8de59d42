"""The notifier alone is killed between storing and sending, and started again."""

import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord
from sandbox.embedded import EmbeddedStack, VaultAccess
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings
from support.kafka import producer, read_all
from support.notifier_service import TOPICS, vault_settings
from support.receipts import finished
from support.service_process import service_process, service_variables
from sync_contracts.runs import RunFinished, SyncCompleted

pytestmark = pytest.mark.integration


async def test_a_notifier_killed_before_sending_sends_what_it_had_stored(
    embedded_stack: EmbeddedStack, kafka_bootstrap: str, mongo_url: str, vault: VaultAccess, tmp_path: Path
) -> None:
    await embedded_stack.create_topics(TOPICS, 3)
    where = MongoSettings(url=mongo_url, database=f"notifier-{uuid4().hex}")
    variables = service_variables(
        "NOTIFIER", bootstrap=kafka_bootstrap, mongo_url=mongo_url, database=where.database
    )
    variables["NOTIFIER__VAULT"] = vault_settings(vault).model_dump_json()
    run = finished()
    key = str(run.run_id).encode()

    def ours(found: list[ConsumerRecord[Any, Any]]) -> list[ConsumerRecord[Any, Any]]:
        return [record for record in found if record.key == key]

    log = tmp_path / "log"
    async with service_process("notifier", variables, log, crash_at="receipt_stored") as killed:
        async with producer(kafka_bootstrap) as send:
            await send.send_and_wait(RunFinished.topic, run.model_dump_json().encode(), key=key)
        assert await killed.wait() == -signal.SIGKILL
    client = build_mongo(where)
    stored = await client[where.database]["receipts"].find_one({"_id": run.run_id})
    async with service_process("notifier", variables, log):
        found = await read_all(kafka_bootstrap, SyncCompleted.topic, until=lambda found: bool(ours(found)))

    (sent,) = ours(found)
    assert stored is not None
    assert sent.value == stored["body"]
    assert dict(sent.headers)["ce_id"].decode() == stored["headers"]["ce_id"]
    await client.drop_database(where.database)
    client.close()
