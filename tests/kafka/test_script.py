"""`scripts/kafka`: what it starts serves, keeps what it was given, and ends with it."""

import asyncio
import os
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sandbox.embedded import create_topics
from sandbox.embedded.apache_kafka import SCRIPT
from support.kafka import eventually, read_all

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Cluster:
    """What the script has told."""

    process: Process
    addresses: tuple[str, ...]
    pids: tuple[int, ...]

    @property
    def bootstrap(self) -> str:
        return ",".join(self.addresses)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def started(folder: Path, brokers: int) -> AsyncIterator[Cluster]:
    """The script with that many brokers, once all of them serve."""
    command = [str(SCRIPT), "--brokers", str(brokers), "--data", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    told = "".join([(await process.stdout.readline()).decode() for _ in range(brokers)])
    pids = tuple(map(int, re.findall(r"pid (\d+)", told))) or (process.pid,)
    cluster = Cluster(process, tuple(re.findall(r"127\.0\.0\.1:\d+", told)), pids)
    try:
        await eventually(lambda: serve(cluster), within_s=120)
        yield cluster
    finally:
        if process.returncode is None:
            await cluster.stop()


async def serve(cluster: Cluster) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"]) == len(cluster.pids)
    except KafkaError:
        return False
    finally:
        await admin.close()


async def send(bootstrap: str, *bodies: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for body in bodies:
            await producer.send_and_wait("numbers", body)


async def read(bootstrap: str, count: int) -> list[bytes]:
    records = await read_all(bootstrap, "numbers", until=lambda found: len(found) >= count)
    return [record.value for record in records]


async def names_of_topics(bootstrap: str, *, after_asking_for: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.describe_topics([after_asking_for])
        return list(await admin.list_topics())
    finally:
        await admin.close()


async def test_one_broker_is_the_process_itself_and_keeps_messages_over_a_kill(tmp_path: Path) -> None:
    async with started(tmp_path, 1) as first:
        await create_topics(first.bootstrap, ["numbers"], 1)
        names = await names_of_topics(first.bootstrap, after_asking_for="mistyped")
        await send(first.bootstrap, b"1", b"2")
        first.process.kill()
        await first.process.wait()

    async with started(tmp_path, 1) as again:
        assert await read(again.bootstrap, 2) == [b"1", b"2"]
        await again.stop()

    assert names == ["numbers"]  # asking for a topic does not make it
    assert not any(address_of(pid) for pid in (*first.pids, *again.pids))


async def test_three_brokers_lose_one_and_go_on_and_end_together(tmp_path: Path) -> None:
    async with started(tmp_path, 3) as cluster:
        await create_topics(cluster.bootstrap, ["numbers"], 3, replication_factor=3)
        await send(cluster.bootstrap, b"before")

        os.kill(cluster.pids[0], signal.SIGKILL)
        await send(cluster.bootstrap, b"after")
        found = await read(cluster.bootstrap, 2)
        code = await cluster.stop()

    assert sorted(found) == [b"after", b"before"]
    assert code == 0
    assert not any(address_of(pid) for pid in cluster.pids)


async def test_without_java_or_maven_it_says_what_it_needs(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "/bin/bash", str(SCRIPT), "--data", str(tmp_path), env={"PATH": str(tmp_path)}, stderr=PIPE
    )
    _, told = await process.communicate()

    assert process.returncode == 1
    assert b"needs Java 17 or newer and Maven" in told
    assert told.count(b"\n") == 1


def address_of(pid: int) -> bytes:
    """The command line of a process that runs, else nothing."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""
