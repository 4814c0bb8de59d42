"""Each process is replaced, one after another, while requests go on: none is refused, lost or doubled."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.system import SERVICES, SandboxOptions, System
from sandbox.embedded.ports import free_port
from support.front_door import front_door
from support.system import QUICK, Firm, Sandbox
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunAccepted, RunEnding, RunRejected, SyncCompleted

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

CLIENTS = ["client-1", "client-2", "client-3", "client-4"]
SAVED_OFTEN = "client-5"
MONTHS = [Month(2026, number) for number in range(1, 11)]
TRIPLETEX, MERIT = Provider.TRIPLETEX, Provider.MERIT_AKTIVA
# One address before both replicas of each service that is called.
DOORS = {"credentials": "credentials", "sync-orchestrator": "orchestrator"}
DOORS |= {"summary-writer": "summaries", "notifier": "notifier"}


@dataclass
class Traffic:
    """What was asked meanwhile, and how often over HTTP."""

    requests: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    async def syncs(self, platform: Platform) -> None:
        for month in cycle(MONTHS):
            if self.is_over:
                return
            self.requests.append(await platform.bulk(CLIENTS, TRIPLETEX, month))
            await asyncio.sleep(0.5)

    async def calls_of_people(self, firm: Firm) -> None:
        """Any refusal or lost call raises."""
        platform, credentials = firm.platform, firm.accounts[SAVED_OFTEN, MERIT]["credentials"]
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "save": lambda: platform.save(SAVED_OFTEN, MERIT, credentials),
            "connections": platform.connections,
            "runs": platform.runs,
            "summaries": lambda: platform.summaries(CLIENTS[0], TRIPLETEX),
            "receipt": lambda: platform.kept_receipt(uuid4()),
        }
        while not self.is_over:
            for name, ask in asked.items():
                await ask()
                self.calls[name] += 1
            await asyncio.sleep(0.05)


@pytest.fixture
async def doubled(tmp_path: Path) -> AsyncIterator[tuple[System, Firm]]:
    """Two of each service behind one address each, and a firm that knows only these addresses."""
    ports = {name: free_port() for name in DOORS}
    shared = f"http://127.0.0.1:{ports['credentials']}"
    known = {f"{name}__CREDENTIALS_URL": shared for name in ("SYNC_ORCHESTRATOR", "CONNECTOR_WORKERS")}
    system = System(tmp_path, SandboxOptions(clients=8, documents=5), environment=QUICK | known)
    async with AsyncExitStack() as stack:
        doors = {}
        for name, port in ports.items():
            door = front_door(port, partial(replicas_of, system, name))
            doors[DOORS[name]] = await stack.enter_async_context(door)
        await stack.enter_async_context(system)
        for name in SERVICES:
            await system.add(name)
        where = system.addresses.model_copy(update=doors)
        platform = await stack.enter_async_context(open_platform(where, system.key))
        yield system, Firm(platform, Sandbox(str(system.addresses.sandbox)))


def replicas_of(system: System, service: str) -> list[str]:
    names = [name for name in system.services if name in {service, f"{service}-2"}]
    return [f"http://127.0.0.1:{system.ports[name]}" for name in names]


async def test_every_process_is_replaced_without_a_request_refused_lost_or_doubled(
    doubled: tuple[System, Firm],
) -> None:
    system, firm = doubled
    for client in CLIENTS:
        await firm.connect(client, TRIPLETEX)
    await firm.connect(SAVED_OFTEN, MERIT)
    traffic = Traffic()

    async with asyncio.TaskGroup() as going_on:
        going_on.create_task(traffic.syncs(firm.platform))
        going_on.create_task(traffic.calls_of_people(firm))
        for service in SERVICES:
            for name in (service, f"{service}-2"):
                before = len(traffic.requests)
                await system.restart(name)
                assert len(traffic.requests) > before, "nothing was asked while it was replaced"
        traffic.is_over = True

    runs = [(await firm.platform.accepted(one, within_s=60)).run_id for one in traffic.requests]
    receipts = [await firm.platform.receipt(run, within_s=120) for run in dict.fromkeys(runs)]
    assert {receipt.ending for receipt in receipts} == {RunEnding.COMPLETED}
    assert all(receipt.counts.written + receipt.counts.unchanged == len(CLIENTS) for receipt in receipts)
    assert_each_was_answered_alike(firm.platform, traffic, receipts)
    for client in CLIENTS:
        months = {receipt.months[0] for receipt in receipts}
        await firm.assert_truth(client, TRIPLETEX, *months)
        for month in months:
            assert len(await firm.platform.history(client, TRIPLETEX, month)) == 1
    logger.info("%d requests, %d runs, calls %s", len(traffic.requests), len(receipts), dict(traffic.calls))


def assert_each_was_answered_alike(
    platform: Platform, traffic: Traffic, receipts: list[SyncCompleted]
) -> None:
    """An answer or a receipt may come twice, but never a second one, and never a refusal."""
    heard = [one.event for one in platform.inbox.received]
    assert [one for one in heard if isinstance(one, RunRejected)] == []
    answers: dict[str, set[UUID]] = {}
    for one in heard:
        if isinstance(one, RunAccepted):
            answers.setdefault(one.request_id, set()).add(one.meta.event_id)
    assert set(answers) == set(traffic.requests)
    assert all(len(ids) == 1 for ids in answers.values())
    for receipt in receipts:
        bodies = {
            one.model_dump_json()
            for one in heard
            if isinstance(one, SyncCompleted) and one.run_id == receipt.run_id
        }
        assert len(bodies) == 1
