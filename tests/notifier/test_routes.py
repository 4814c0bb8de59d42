from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request
from notifier.receipt import Receipt
from notifier.routes.receipts import build_router
from service_kit.problems import install_problems
from service_kit.tokens import User
from support.receipts import MemoryReceipts, finished
from sync_contracts.event import Role


@pytest.fixture
def store() -> MemoryReceipts:
    return MemoryReceipts()


@pytest.fixture
def client(store: MemoryReceipts) -> httpx.AsyncClient:
    async def member(_: Request) -> User:
        return User(id="member-1", company_id="company-1", role=Role.MEMBER)

    app = FastAPI()
    install_problems(app)
    app.include_router(build_router(store, member))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def test_a_receipt_is_answered_as_it_was_sent(client: httpx.AsyncClient, store: MemoryReceipts) -> None:
    receipt = await store.keep_first(Receipt.of(finished(), source="notifier"))

    answer = await client.get(f"/v1/receipts/{receipt.run_id}")

    assert answer.content == receipt.body
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["ce-id"] == receipt.headers["ce_id"]


async def test_another_companys_receipt_and_an_open_runs_are_not_found(
    client: httpx.AsyncClient, store: MemoryReceipts
) -> None:
    foreign = await store.keep_first(Receipt.of(finished(company_id="company-2"), source="notifier"))

    answers = [await client.get(f"/v1/receipts/{run}") for run in (foreign.run_id, uuid4())]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "RECEIPT_NOT_FOUND")] * 2
