"""What is asked for during a chaos is sound on purpose, or unsound on purpose, and on record."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import pytest
from ledgerbus_cli.chaos.evidence import Client
from ledgerbus_cli.chaos.firm import Firm
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.chaos.workload import Workload
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.sandbox_client import SandboxClient
from sandbox.app import build_app
from support.kafka import eventually
from support.servers import PARTITIONS
from sync_contracts.requests import SyncBulk, SyncReload

pytestmark = pytest.mark.integration


@pytest.fixture
async def workload(kafka_bootstrap: str) -> AsyncIterator[Workload]:
    transport = httpx.ASGITransport(build_app(1, 2, 4))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http,
        Observer(kafka_bootstrap, seed=1, share=0.0, partitions=PARTITIONS) as observer,
        Outbox(kafka_bootstrap) as outbox,
    ):
        accounts = await SandboxClient(http, "http://sandbox").accounts()
        yield Workload(
            firm=Firm({Client(one.account, one.provider): one for one in accounts}),
            observer=observer,
            outbox=outbox,
            last_month=accounts[0].last_month,
            chance=random.Random(1),
        )


async def test_everything_that_is_asked_for_is_on_record(workload: Workload) -> None:
    working = asyncio.create_task(workload.run())
    await eventually(lambda: len(workload.asked) >= 6)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)

    await eventually(lambda: _heard(workload) >= workload.asked.keys())
    await eventually(lambda: {*workload.unanswered} == {*workload.asked})


async def test_what_a_broker_forgot_before_it_was_answered_is_sent_again(workload: Workload) -> None:
    request = await workload.reload(workload.firm.connected[0])
    await eventually(lambda: _times(workload, request) == 1)
    sending = asyncio.create_task(workload.send_again())
    await asyncio.sleep(0)
    assert _times(workload, request) == 1

    workload.observer.life += 1
    await eventually(lambda: _times(workload, request) == 2)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


def _times(workload: Workload, request: str) -> int:
    return sum(one.request_id == request for one in workload.observer.of(SyncReload))


def _heard(workload: Workload) -> set[str]:
    heard = [*workload.observer.of(SyncReload), *workload.observer.of(SyncBulk)]
    return {one.request_id for one in heard}
