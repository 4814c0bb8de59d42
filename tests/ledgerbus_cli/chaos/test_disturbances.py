"""Every blow of a schedule can be carried out at the sandbox, and at a process."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from ledgerbus_cli.chaos.disturbances import FAULTS, Disturbances, Revivals
from ledgerbus_cli.chaos.evidence import Client
from ledgerbus_cli.chaos.firm import KEYED, Firm
from ledgerbus_cli.chaos.schedule import ROTATING, SPENDING, Blow, Kind
from ledgerbus_cli.platform_client import Platform
from ledgerbus_cli.problems import UnreachableError
from ledgerbus_cli.sandbox_client import SandboxClient
from ledgerbus_cli.system import System
from sandbox.app import build_app
from sync_contracts.providers import Provider


@dataclass
class People:
    """Stands for the platform: what people did, after so many tries in vain."""

    in_vain: int = 0
    done: list[tuple[str, str]] = field(default_factory=list)

    async def save(self, client_id: str, _provider: Provider, _fields: dict[str, str]) -> None:
        self._try("save", client_id)

    async def delete(self, client_id: str, _provider: Provider) -> None:
        self._try("delete", client_id)

    def _try(self, what: str, client_id: str) -> None:
        if self.in_vain:
            self.in_vain -= 1
            raise UnreachableError("The service", "http://127.0.0.1:1")
        self.done.append((what, client_id))


@dataclass
class Processes:
    """Stands for the system: one real process in place of a service."""

    process: Process

    @property
    def processes(self) -> dict[str, Process]:
        return {"notifier": self.process}


async def nothing() -> None:
    return


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxClient]:
    transport = httpx.ASGITransport(build_app(1, 2, 4))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        yield SandboxClient(http, "http://sandbox")


async def disturbing(
    sandbox: SandboxClient, *, people: People | None = None, system: Any = None
) -> Disturbances:
    accounts = await sandbox.accounts()
    return Disturbances(
        system=cast(System, system),
        sandbox=sandbox,
        platform=cast(Platform, people or People()),
        firm=Firm({Client(one.account, one.provider): one for one in accounts}),
        revivals=Revivals(),
        last_month=accounts[0].last_month,
        before_broker=nothing,
        after_broker=nothing,
    )


def blow(kind: Kind, target: str = "", *, lasts_s: float = 0.0, choice: float = 0.5) -> Blow:
    return Blow(at_s=0, kind=kind, target=target, lasts_s=lasts_s, choice=choice)


@pytest.mark.parametrize("kind", FAULTS)
async def test_every_provider_can_be_troubled(sandbox: SandboxClient, kind: Kind) -> None:
    hands = await disturbing(sandbox)

    for provider in Provider:
        await hands.carry_out(blow(kind, provider))

    assert hands.firm.providers == sorted(Provider)


async def test_tokens_can_be_ended_where_they_rotate(sandbox: SandboxClient) -> None:
    hands = await disturbing(sandbox)

    for provider in (*ROTATING, SPENDING):
        done = await hands.carry_out(blow(Kind.ROTATE, provider))
        assert done.trouble == ""


async def test_books_of_every_client_change_and_the_change_is_remembered(sandbox: SandboxClient) -> None:
    hands = await disturbing(sandbox)
    clients = hands.firm.connected

    for number in range(4 * len(clients)):
        await hands.carry_out(blow(Kind.CHANGE, choice=number / (4 * len(clients))))

    assert set(hands.firm.changed) == set(clients)


async def test_change_shows_in_the_truth_from_its_instant_on(sandbox: SandboxClient) -> None:
    hands = await disturbing(sandbox)
    client = hands.firm.chosen(0.5)
    account, month = hands.firm.accounts[client], hands.last_month
    before = await sandbox.truth(account, month)

    changed_at = await sandbox.change(account, month, "add", "sales_invoice")

    assert await sandbox.truth(account, month, at=changed_at) == await sandbox.truth(account, month) != before


async def test_people_try_again_while_a_service_is_away(sandbox: SandboxClient) -> None:
    people = People(in_vain=1)
    hands = await disturbing(sandbox, people=people)

    done = await hands.carry_out(blow(Kind.RESAVE))

    (client,) = hands.firm.saved_again
    assert client.provider in KEYED
    assert (people.done, done.note) == ([("save", client.name)], str(client))
    assert hands.firm.saved_again[client] == 2


async def test_each_accounting_system_keeps_a_client(sandbox: SandboxClient) -> None:
    hands = await disturbing(sandbox)

    for _ in range(2 * len(Provider)):
        await hands.carry_out(blow(Kind.DELETE, choice=0.99))

    assert len(hands.firm.deleted) == len(Provider)
    assert {client.provider for client in hands.firm.connected} == set(Provider)


async def test_pause_stops_a_process_and_lets_it_go_on(sandbox: SandboxClient) -> None:
    sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", "import signal; signal.pause()")
    hands = await disturbing(sandbox, system=Processes(sleeper))

    done = await hands.carry_out(blow(Kind.PAUSE, "notifier", lasts_s=0.3))
    sleeper.send_signal(signal.SIGTERM)

    assert done.note == str(sleeper.pid)
    assert (done.ended_at - done.began_at).total_seconds() >= 0.3
    assert await asyncio.wait_for(sleeper.wait(), 10) == -signal.SIGTERM


async def test_kill_waits_until_the_process_is_back(sandbox: SandboxClient) -> None:
    sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", "import signal; signal.pause()")
    hands = await disturbing(sandbox, system=Processes(sleeper))

    killing = asyncio.create_task(hands.carry_out(blow(Kind.KILL, "notifier")))
    assert await asyncio.wait_for(sleeper.wait(), 10) == -signal.SIGKILL
    assert not killing.done()
    hands.revivals.told("notifier")

    assert (await asyncio.wait_for(killing, 10)).note == str(sleeper.pid)
