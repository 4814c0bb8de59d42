"""A notifier that is killed between an answer and its record repeats the webhook, under the same id."""

from pathlib import Path

import pytest
from sandbox.embedded import EmbeddedStack, VaultAccess
from support.hook_receiver import hook_receiver
from support.issuer import Issuer
from support.kafka import eventually, producer
from support.notifier_service import TOPICS, NotifierStack
from support.receipts import finished

pytestmark = pytest.mark.integration


async def test_a_kill_after_the_answer_costs_a_repeat_under_the_same_id_and_number(
    embedded_stack: EmbeddedStack, kafka_bootstrap: str, mongo_url: str, vault: VaultAccess, tmp_path: Path
) -> None:
    await embedded_stack.create_topics(TOPICS, 3)
    stack, run = NotifierStack(kafka_bootstrap, mongo_url, vault, tmp_path, Issuer(tmp_path)), finished()
    async with hook_receiver() as receiver:
        async with stack.process(crash_at="webhook_answered") as client:
            body = {"url": f"{receiver.url}/in", "types": ["sync.completed.v1"]}
            made = (await client.post("/v1/webhooks", json=body)).json()
            async with producer(kafka_bootstrap) as send:
                headers = [("content-type", b"application/json")]
                message = run.model_dump_json().encode()
                await send.send_and_wait(run.topic, message, key=run.key.encode(), headers=headers)
            await eventually(lambda: len(receiver.at("/in")) == 1)
        async with stack.process() as client:
            address = f"/v1/webhooks/{made['webhook_id']}/deliveries"

            async def delivered() -> bool:
                found = (await client.get(address)).json()["deliveries"]
                return [each["state"] for each in found] == ["delivered"]

            await eventually(delivered)

    (first, told), (second, again) = receiver.at("/in")
    assert first == second
    assert told["webhook-id"] == again["webhook-id"]
