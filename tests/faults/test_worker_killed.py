"""The service as a process on real servers, killed where it hurts."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sandbox.embedded import EmbeddedStack, VaultAccess, chosen_broker
from support.credentials_server import LeaseServer, running_lease_server
from support.kafka import kafka_variables, producer, read_all
from support.readings import requested
from support.sandbox_server import RunningSandbox, running_sandbox
from support.servers import broker_of
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted, JobRequested, JobStarted
from sync_contracts.providers import Provider
from sync_contracts.runs import Progress, RunCancelling

pytestmark = pytest.mark.integration

MONTH = "2026-03"
GROUP = f"connector-workers.{JobRequested.topic}"


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of our own: the topics' names are fixed."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("workers"), broker=chosen_broker())
    with broker_of(stack) as bootstrap_servers:
        yield bootstrap_servers


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=1) as found:
        yield found


@dataclass
class Account:
    """Books of the sandbox, and the credentials service that gives access to them."""

    described: dict[str, Any]
    leases: LeaseServer
    truth: dict[str, dict[str, str]]


@pytest.fixture
def account(sandbox: RunningSandbox) -> Iterator[Account]:
    (described, *_) = sandbox.accounts(Provider.MERIT_AKTIVA)
    fields = described["credentials"]
    keys = {name: fields[name] for name in ("api_id", "api_key")}
    with running_lease_server({"country": fields["country"]}, keys, f"merit/{uuid4().hex}") as leases:
        yield Account(described, leases, sandbox.truth(described, MONTH))


class Workers:
    """Starts processes of the service."""

    def __init__(self, bootstrap: str, vault: VaultAccess, account: Account) -> None:
        self.bootstrap = bootstrap
        role = vault.roles["connector-workers"]
        prefix = "CONNECTOR_WORKERS__"
        self._environment = os.environ | {
            **kafka_variables("CONNECTOR_WORKERS", bootstrap),
            f"{prefix}VAULT__ADDRESS": vault.address,
            f"{prefix}VAULT__ROLE_ID": role.role_id,
            f"{prefix}VAULT__SECRET_ID_FILE": str(role.secret_id_file),
            f"{prefix}HTTP__PORT": "0",
            f"{prefix}CREDENTIALS_URL": account.leases.url,
            "CONNECTORS__ENDPOINTS": json.dumps({Provider.MERIT_AKTIVA: account.described["endpoints"]}),
        }
        self.processes: list[asyncio.subprocess.Process] = []

    async def start(self, *, crash_at: str | None = None) -> asyncio.subprocess.Process:
        crash = {"LEDGERBUS_CRASH_AT": crash_at} if crash_at else {}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "connector_workers", env=self._environment | crash
        )
        self.processes.append(process)
        return process


@pytest.fixture
async def workers(bootstrap: str, vault: VaultAccess, account: Account) -> AsyncIterator[Workers]:
    found = Workers(bootstrap, vault, account)
    yield found
    for process in found.processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


def request_of(account: Account) -> JobRequested:
    changes = {"provider": Provider.MERIT_AKTIVA, "account_key": account.leases.account_key}
    return requested(MONTH, run_id=uuid4()).model_copy(update=changes)


async def send(bootstrap: str, *events: Event) -> None:
    async with producer(bootstrap) as client:
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers("test").items()]
            body, key = event.model_dump_json().encode(), event.key.encode()
            await client.send_and_wait(event.topic, body, key=key, headers=headers)


async def results(bootstrap: str, request: JobRequested, *, count: int) -> list[JobCounted]:
    def ours(records: list[Any]) -> list[JobCounted]:
        events = [JobCounted.model_validate_json(record.value) for record in records]
        return [event for event in events if event.job.run_id == request.run_id]

    return ours(await read_all(bootstrap, JobCounted.topic, until=lambda found: len(ours(found)) >= count))


async def uncommitted(bootstrap: str) -> int:
    """How many requests the group would get again."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(JobRequested.topic, number) for number in range(3)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        return sum([ends[place] - (await consumer.committed(place) or 0) for place in places])
    finally:
        await consumer.stop()


@pytest.mark.parametrize(("point", "repeats"), [("job_started", 1), ("job_counted", 2)])
async def test_a_reading_killed_at_any_point_ends_with_the_right_values(
    account: Account, workers: Workers, point: str, repeats: int
) -> None:
    request = request_of(account)
    await send(workers.bootstrap, request)
    killed = await workers.start(crash_at=point)
    assert await asyncio.wait_for(killed.wait(), 40) == -signal.SIGKILL

    stopped = await workers.start()
    events = await results(workers.bootstrap, request, count=repeats)
    stopped.terminate()
    await asyncio.wait_for(stopped.wait(), 30)

    values = {metric: {"value": str(v.value), "unit": v.unit} for metric, v in events[-1].values.items()}
    assert values == account.truth
    assert len({event.meta.event_id for event in events}) == 1
    assert await uncommitted(workers.bootstrap) == 0
    assert {seen["outcome"] for seen in account.leases.observed} == {"ok"}


async def test_a_process_knows_what_was_cancelled_before_its_start(
    account: Account, workers: Workers
) -> None:
    dropped, wanted = request_of(account), request_of(account)
    cancelling = RunCancelling(
        meta=dropped.meta,
        run_id=dropped.run_id,
        request_id="cancel-1",
        provider=dropped.provider,
        progress=Progress(jobs=1),
    )
    await send(workers.bootstrap, cancelling, dropped, wanted)

    await workers.start()
    await results(workers.bootstrap, wanted, count=1)

    started = await read_all(
        workers.bootstrap, JobStarted.topic, until=lambda found: wanted.run_id in runs(found)
    )
    assert dropped.run_id not in runs(started)


def runs(records: list[Any]) -> set[UUID]:
    return {JobStarted.model_validate_json(record.value).run_id for record in records}
