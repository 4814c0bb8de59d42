"""Webhooks from two real processes to a real receiver; broker, vault and database are real servers too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient
from sandbox.embedded import EmbeddedStack, VaultAccess
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from support.hook_receiver import HookReceiver, hook_receiver, status
from support.issuer import Issuer
from support.kafka import eventually, producer, read_all
from support.notifier_service import NotifierStack
from support.receipts import finished
from sync_contracts.connections import ConnectionNeedsAuth
from sync_contracts.event import Event
from sync_contracts.examples import EXAMPLES
from sync_contracts.runs import SyncCompleted
from sync_contracts.webhooks import WebhookDisabled

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Place:
    """Two processes of the notifier, the stack they share, and who listens."""

    stack: NotifierStack
    first: httpx.AsyncClient
    second: httpx.AsyncClient
    receiver: HookReceiver

    async def enter(self, path: str, *types: str) -> dict[str, Any]:
        """An endpoint of company-1 at one of the receiver's paths."""
        body = {"url": self.receiver.url + path, "types": types or ["connection.needs_auth.v1"]}
        answer = await self.first.post("/v1/webhooks", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def remove(self, made: dict[str, Any]) -> None:
        assert (await self.second.delete(f"/v1/webhooks/{made['webhook_id']}")).status_code == 204

    async def deliveries(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.second.get(f"/v1/webhooks/{made['webhook_id']}/deliveries?limit=500")
        return list(answer.json()["deliveries"])

    async def tell(self, *events: Event) -> None:
        async with producer(self.stack.kafka) as send:
            for event in events:
                headers = [("content-type", b"application/json")]
                body = event.model_dump_json().encode()
                await send.send_and_wait(event.topic, body, key=event.key.encode(), headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    embedded_stack: EmbeddedStack,
    kafka_bootstrap: str,
    mongo_url: str,
    vault: VaultAccess,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Place]:
    folder: Path = tmp_path_factory.mktemp("notifier")
    stack = NotifierStack(kafka_bootstrap, mongo_url, vault, folder, Issuer(folder))
    async with AsyncExitStack() as running:
        receiver = await running.enter_async_context(hook_receiver())
        first, second = await asyncio.gather(
            *(running.enter_async_context(stack.process()) for _ in range(2))
        )
        yield Place(stack, first, second, receiver)


def needs_auth(company_id: str = "company-1") -> ConnectionNeedsAuth:
    """A connection of the company that somebody has to look after."""
    example = next(each for each in EXAMPLES if isinstance(each, ConnectionNeedsAuth))
    changes = {"event_id": uuid4(), "company_id": company_id}
    return example.model_copy(update={"meta": example.meta.model_copy(update=changes)})


async def test_a_receipt_arrives_signed_with_the_published_bytes_as_its_data(place: Place) -> None:
    made, run = await place.enter("/receipts", "sync.completed.v1"), finished()

    await place.tell(run)
    await eventually(lambda: bool(place.receiver.at("/receipts")))

    ((body, headers),) = place.receiver.at("/receipts")
    verifier = Webhook(made["secret"])
    told = verifier.verify(body, headers)
    key = str(run.run_id).encode()
    published = await read_all(
        place.stack.kafka, SyncCompleted.topic, until=lambda found: any(each.key == key for each in found)
    )
    (receipt,) = {each.value for each in published if each.key == key}
    assert body.endswith(b'"data": ' + receipt + b"}")
    assert (told["type"], told["sequence"]) == ("sync.completed.v1", 1)
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body.replace(b'"written":2', b'"written":3'), headers)
    await place.remove(made)


async def test_each_event_is_delivered_once_by_two_processes_with_numbers_without_a_gap(
    place: Place,
) -> None:
    made = await place.enter("/many")
    events = [needs_auth() for _ in range(30)]

    await place.tell(*events, *events[:10])
    await eventually(lambda: len(place.receiver.at("/many")) >= 30)

    async def all_recorded() -> bool:
        return {each["state"] for each in await place.deliveries(made)} == {"delivered"}

    await eventually(all_recorded)
    received = place.receiver.at("/many")
    bodies = [json.loads(body) for body, _ in received]
    assert len({headers["webhook-id"] for _, headers in received}) == len(received) == 30
    assert sorted(body["sequence"] for body in bodies) == list(range(1, 31))
    assert {body["event_id"] for body in bodies} == {str(event.meta.event_id) for event in events}
    await place.remove(made)


async def test_a_failing_a_hanging_and_a_redirecting_endpoint_hold_nobody(place: Place) -> None:
    place.receiver.answers = {
        "/flaky": [status(500), status(200)],
        "/moved": [status(302, location=f"{place.receiver.url}/elsewhere")],
    }
    made = {path: await place.enter(path) for path in ("/hang", "/moved", "/flaky", "/good")}

    await place.tell(needs_auth(), needs_auth())

    async def last(path: str) -> set[tuple[str, str | None]]:
        return {(each["state"], each["last_outcome"]) for each in await place.deliveries(made[path])}

    wanted: dict[str, set[tuple[str, str | None]]] = {
        "/good": {("delivered", "delivered")},
        "/flaky": {("delivered", "delivered")},
        "/moved": {("pending", "redirected")},
        "/hang": {("pending", "timed_out")},
    }
    for path, outcome in wanted.items():

        async def reached(path: str = path, outcome: set[tuple[str, str | None]] = outcome) -> bool:
            return await last(path) == outcome

        await eventually(reached)
    assert place.receiver.at("/elsewhere") == []
    flaky = [headers["webhook-id"] for _, headers in place.receiver.at("/flaky")]
    assert len(flaky) == 3
    assert len(set(flaky)) == 2
    for each in made.values():
        await place.remove(each)


async def test_gone_disables_the_endpoint_and_says_so_on_kafka(place: Place) -> None:
    place.receiver.answers = {"/gone": [status(410)]}
    made = await place.enter("/gone")

    await place.tell(needs_auth())
    told = await read_all(
        place.stack.kafka,
        WebhookDisabled.topic,
        until=lambda found: any(made["webhook_id"].encode() in each.value for each in found),
    )

    assert len(told) == 1
    assert json.loads(told[0].value)["reason"] == "gone"
    shown = (await place.second.get(f"/v1/webhooks/{made['webhook_id']}")).json()
    assert (shown["enabled"], shown["disabled_by"]) == (False, "gone")
    (dead,) = await place.deliveries(made)
    assert (dead["state"], dead["death_reason"]) == ("dead", "endpoint_disabled")
    await place.remove(made)


async def test_two_secrets_sign_during_a_rotation_and_no_secret_stands_in_a_database_or_log(
    place: Place,
) -> None:
    made = await place.enter("/rotated")
    address = f"/v1/webhooks/{made['webhook_id']}:rotate"
    rotated = (await place.second.post(address, json={"overlap_hours": 1})).json()

    await place.tell(needs_auth())
    await eventually(lambda: bool(place.receiver.at("/rotated")))

    ((body, headers),) = place.receiver.at("/rotated")
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(place.stack.mongo_url)
    database = client[place.stack.database]
    stored = [
        str(document)
        for name in await database.list_collection_names()
        async for document in database[name].find()
    ]
    client.close()
    log = await asyncio.to_thread(place.stack.log.read_text)
    assert len(stored) > 3
    assert "webhook attempted" in log
    for secret in (made["secret"], rotated["secret"]):
        assert secret.removeprefix("whsec_") not in "".join([*stored, log])
    await place.remove(made)
