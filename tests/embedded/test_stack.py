"""The stack starts, ends and recovers as a whole, and leaves no process behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sandbox.embedded import EmbeddedError, EmbeddedStack, Ports
from sandbox.embedded.process import ChildProcess

pytestmark = pytest.mark.integration


def command_of(pid: int | None) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def is_alive(pid: int) -> bool:
    """A process that has ended but was not waited for counts as dead."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if claim():
                return
            await asyncio.sleep(0.02)


async def all_dead(pids: list[int]) -> None:
    await until(lambda: not any(is_alive(pid) for pid in pids))


def pids_of(stack: EmbeddedStack) -> list[int]:
    return [server.pid for server in stack.servers if server.pid is not None]


@contextmanager
def in_the_foreground(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """The command in a process of its own, and the ids of its three servers."""
    command = [sys.executable, "-m", "sandbox.embedded", "--data", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = [process.stdout.readline() for _ in range(3)]
            yield process, [int(line.partition("pid ")[2].split(",")[0]) for line in told]
        finally:
            process.kill()


async def test_a_stack_stops_all_that_it_started_and_can_start_again(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)

    for _ in range(2):
        async with stack:
            pids = pids_of(stack)
            assert len(pids) == 3
        await all_dead(pids)

    assert list((tmp_path / "run").iterdir()) == []


async def test_a_folder_belongs_to_one_stack_at_a_time(tmp_path: Path) -> None:
    first, second = EmbeddedStack(tmp_path), EmbeddedStack(tmp_path)

    async with first:
        with pytest.raises(EmbeddedError, match=f"in use by process {os.getpid()}"):
            await second.start()

        assert len(pids_of(first)) == 3


async def test_a_taken_port_is_named_and_the_others_are_stopped(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = EmbeddedStack(tmp_path, Ports(vault=port))

        with pytest.raises(EmbeddedError, match=f"Port {port} for the embedded vault is taken"):
            await stack.start()

    assert pids_of(stack) == []


async def test_a_server_that_cannot_start_shows_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "vault" / "storage").mkdir(parents=True)
    (tmp_path / "vault" / "storage" / "CURRENT").mkdir()
    stack = EmbeddedStack(tmp_path)

    with pytest.raises(
        EmbeddedError, match=r"(?s)embedded vault ended while it started.*vault\.log:\n.*CURRENT"
    ):
        await stack.vault.start()

    assert stack.vault.pid is None


async def test_a_vault_whose_keys_are_gone_says_so(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    await stack.vault.start()
    await stack.vault.stop()
    (tmp_path / "vault" / "keys.json").unlink()

    with pytest.raises(EmbeddedError, match="keys are gone"):
        await stack.vault.start()

    assert stack.vault.pid is None


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_ends_cleanly_when_asked(tmp_path: Path, sign: signal.Signals) -> None:
    with in_the_foreground(tmp_path) as (process, pids):
        process.send_signal(sign)

        assert process.wait(timeout=20) == 0
        await all_dead(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
async def test_killing_the_command_takes_its_servers_along_and_the_next_start_works(tmp_path: Path) -> None:
    with in_the_foreground(tmp_path) as (process, pids):
        assert all(is_alive(pid) for pid in pids)
        process.kill()
        await all_dead(pids)

    async with EmbeddedStack(tmp_path) as stack:
        assert len(pids_of(stack)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this way of taking turns")
async def test_what_is_started_interrupts_nobody_when_it_wakes_up(tmp_path: Path) -> None:
    child = ChildProcess("child", tmp_path)
    child.spawn(["/bin/sleep", "600"], {})
    try:
        await until(lambda: b"sleep" in command_of(child.pid)[:12])

        assert child.pid is not None
        assert os.sched_getscheduler(child.pid) == os.SCHED_BATCH
    finally:
        await child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the command of a process is read from /proc")
async def test_a_leftover_process_is_ended_but_a_stranger_with_its_number_is_not(tmp_path: Path) -> None:
    ours, stranger = ChildProcess("ours", tmp_path), ChildProcess("stranger", tmp_path)
    ours.spawn(["/bin/sleep", "600"], {})
    stranger.spawn(["/bin/sleep", "601"], {})
    record = tmp_path / "run" / "stranger.json"
    record.write_text(record.read_text().replace("601", "602"))
    pids = [ours.pid, stranger.pid]
    try:
        await until(lambda: all(b"sleep" in command_of(pid)[:12] for pid in pids))

        await ChildProcess("ours", tmp_path).end_leftover()
        await ChildProcess("stranger", tmp_path).end_leftover()

        assert [pid is not None and is_alive(pid) for pid in pids] == [False, True]
    finally:
        await ours.kill()
        await stranger.kill()
