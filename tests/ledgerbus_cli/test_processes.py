"""The commands that run things: they start, tell where they are, and stop when told."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.supervision import Patience, supervise
from ledgerbus_cli.system import System
from support.kafka import eventually

LEDGERBUS = Path(sys.executable).with_name("ledgerbus")
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the command as a process of its own; kills what is left."""
    started: list[Process] = []

    async def begin(*arguments: object) -> Process:
        process = await asyncio.create_subprocess_exec(
            LEDGERBUS, *map(str, arguments), stdout=PIPE, stderr=STDOUT
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_said(process: Process, words: str) -> str:
    """What it says, up to a line with these words."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(150):
        while words not in said:
            line = (await process.stdout.readline()).decode()
            assert line, f"it ended after saying: {said}"
            said += line
    return said


async def ended(process: Process) -> int:
    async with asyncio.timeout(35):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def test_the_sandbox_alone_says_where_it_is_and_answers(start: Start) -> None:
    process = await start("sandbox", "--port", 0, "--clients", 2)

    said = await until_said(process, "sandbox is at")
    async with httpx.AsyncClient(base_url=said.split()[-1], timeout=60) as http:
        accounts = (await http.get("/_accounts")).json()
    process.terminate()

    assert {one["provider"] for one in accounts} >= {"merit-aktiva", "xero", "tripletex"}
    assert len([one for one in accounts if one["provider"] == "xero"]) == 2
    assert await ended(process) in {0, -signal.SIGTERM}


@pytest.mark.e2e
async def test_up_runs_everything_until_it_is_told_to_stop(start: Start, tmp_path: Path) -> None:
    process = await start("up", "--embedded", "--data", tmp_path, "--clients", 1)
    said = await until_said(process, "Ctrl-C stops everything")

    second = await start("up", "--data", tmp_path)
    refusal = await until_said(second, "in use")
    addresses = Addresses.read(tmp_path)
    async with httpx.AsyncClient() as http:
        ready = [await http.get(f"{url}/ready") for url in (addresses.credentials, addresses.notifier)]
    process.send_signal(signal.SIGINT)

    assert await ended(second) == 1
    assert await ended(process) == 0
    assert all(answer.status_code == 200 for answer in ready)
    assert addresses.kafka in said
    assert "in use by process" in refusal
    assert not (tmp_path / "addresses.json").exists()
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.e2e
async def test_a_service_that_dies_is_told_and_comes_back(system: System) -> None:
    told: list[str] = []
    watching = asyncio.create_task(supervise(system, told.append, patience=Patience(first_s=0.1)))
    killed = system.services["notifier"]

    await killed.kill()
    await eventually(lambda: len(told) == 2)
    watching.cancel()

    assert "notifier has died" in told[0]
    assert told[1] == "notifier runs again."
    assert killed.pid is not None
    record = json.loads((system.data_dir / "run" / "notifier.json").read_text())
    assert record["pid"] == killed.pid
