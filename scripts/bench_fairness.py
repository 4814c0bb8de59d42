"""How fairly the orchestrator shares the workers: `make bench-fairness`.

Orchestrator, vault, database and broker (the one that LEDGERBUS_BROKER names) are real; workers and writer
are imitated (`imitated_workers.py`), so that it is the order of releases that is measured, not how fast
books are read.
"""

import argparse
import asyncio
import math
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4, uuid5

from imitated_workers import SLOTS, ImitatedWorkers, imitated_workers
from ledgerbus_cli.identity import AUDIENCE, ISSUER, PlatformKey
from ledgerbus_cli.programs import PythonProgram
from sandbox.embedded import EmbeddedStack, Server, chosen_broker
from sandbox.embedded.ports import free_port
from sandbox.serving import build_server, listen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncReload
from sync_contracts.topics import all_topics

PARTITIONS = 12
STRETCH_S = 5.0  # a bulk of 10,000 may be through after a minute
LONGEST_S = 600.0
MONTH = Month(2026, 4)
NAMESPACE = uuid4()


async def look_up(request: Request) -> Response:
    """Every client is connected, each to an account of its own."""
    asked = await request.json()
    company, provider = asked["company_id"], asked["provider"]
    connections = {
        client: {
            "connection_id": str(uuid5(NAMESPACE, f"{company}/{client}")),
            "generation": 1,
            "account_key": f"{provider}/{company}/{client}",
            "site_key": f"{provider}/app",
            "health": "ok",
        }
        for client in asked["client_ids"]
    }
    return JSONResponse({"integrations_on": True, "provider_enabled": True, "connections": connections})


@contextmanager
def lookup_server() -> Iterator[str]:
    """The credentials service's part, in a thread."""
    app = Starlette(routes=[Route("/internal/connections:lookup", look_up, methods=["POST"])])
    server, bound = build_server(app), listen(0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        bound.close()


@asynccontextmanager
async def orchestrator_at_work(reading_s: float) -> AsyncIterator[ImitatedWorkers]:
    """A new stack with one orchestrator process and its imitated neighbours."""
    with tempfile.TemporaryDirectory(prefix="ledgerbus-bench-") as folder, lookup_server() as credentials_url:
        stack = EmbeddedStack(Path(folder), broker=chosen_broker())
        await stack.start()
        try:
            await stack.create_topics(all_topics(), PARTITIONS)
            server = Server(_orchestrator(stack, credentials_url, Path(folder)), Path(folder))
            await server.start()
            try:
                async with imitated_workers(stack.settings.bootstrap_servers, reading_s) as workers:
                    yield workers
            finally:
                await server.stop()
        finally:
            await stack.stop()


def _orchestrator(stack: EmbeddedStack, credentials_url: str, folder: Path) -> PythonProgram:
    role, port = stack.settings.vault.roles["sync-orchestrator"], free_port()
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": stack.settings.bootstrap_servers,
        "MONGO__URL": stack.settings.mongo_url,
        "MONGO__DATABASE": "orchestrator",
        "HTTP__PORT": str(port),
        "VAULT__ADDRESS": stack.settings.vault.address,
        "VAULT__MOUNT": stack.settings.vault.mount,
        "VAULT__ROLE_ID": role.role_id,
        "VAULT__SECRET_ID_FILE": str(role.secret_id_file),
        "USERS__ISSUER": ISSUER,
        "USERS__AUDIENCE": AUDIENCE,
        "USERS__JWKS_URL": PlatformKey.kept_in(folder / "platform").jwks_url,
        "CREDENTIALS_URL": credentials_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **{f"KAFKA__{name.upper()}": value for name, value in stack.settings.kafka_clients.items()},
    }
    return PythonProgram(
        name="sync-orchestrator",
        port=port,
        module="sync_orchestrator",
        ready_path="/ready",
        environment={f"SYNC_ORCHESTRATOR__{name}": value for name, value in settings.items()},
    )


def bulk(company: str, clients: int, month: Month = MONTH) -> SyncBulk:
    return SyncBulk(
        meta=_meta(company),
        request_id=f"bulk-{month}",
        client_ids=tuple(f"client-{number}" for number in range(clients)),
        provider=Provider.XERO,
        month=month,
    )


def reload(company: str) -> SyncReload:
    return SyncReload(
        meta=_meta(company),
        request_id="reload",
        client_id="client-0",
        provider=Provider.XERO,
        overwrite_confirmed=True,
    )


def _meta(company: str) -> Meta:
    return Meta(
        event_id=uuid4(),
        occurred_at=datetime.now(UTC),
        company_id=company,
        correlation_id="bench",
        actor=Actor(id="owner", role=Role.OWNER),
    )


@dataclass(slots=True)
class Stretches:
    """A large bulk's jobs a second without another firm's reload and with one, by turns."""

    workers: ImitatedWorkers
    pairs: list[tuple[float, float]] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)

    async def until(self, started: int) -> None:
        """Until so many jobs have started; a pair in which that happens does not count."""
        while True:
            pair = await self._alone(), await self._beside(f"firm-b{len(self.delays_s)}")
            if len(self.workers.starts) > started:
                return
            self.pairs.append(pair)

    async def _alone(self) -> float:
        began_s = time.monotonic()
        await asyncio.sleep(STRETCH_S)
        return self.workers.rate(began_s, began_s + STRETCH_S, lambda company: company.startswith("firm-a"))

    async def _beside(self, other: str) -> float:
        asked_s = time.monotonic()
        await self.workers.send(reload(other))
        rate = await self._alone()
        await _until_finished(self.workers, other)
        self.delays_s.append(self.workers.first_of(other) - asked_s)
        return rate


async def reloads_beside_large_bulks(rounds: int, clients: int, reading_s: float) -> None:
    """How soon other firms' reloads start, and what they cost a bulk."""
    first_s: list[float] = []
    async with orchestrator_at_work(reading_s) as workers:
        stretches = Stretches(workers)
        for number in range(rounds):
            company, before, asked_s = f"firm-a{number}", len(workers.starts), time.monotonic()
            await workers.send(bulk(company, clients))
            await _until_started(workers, before + clients // 10)
            first_s.append(workers.first_of(company) - asked_s)
            await stretches.until(before + clients * 95 // 100)
            await _until_finished(workers, company)

    told = ", ".join(f"{seconds:.1f}" for seconds in first_s)
    print(f"{rounds} bulks of {clients} clients, one after the other: first job {told} s after the request")
    delays_s, pairs = stretches.delays_s, stretches.pairs
    print(
        f"{len(delays_s)} reloads of other firms meanwhile: first job after"
        f" {statistics.median(delays_s):.2f} s in the middle, {max(delays_s):.2f} s at most (promised: 2)"
    )
    if len(pairs) < 2:
        print("the bulks were over too soon to tell what reloads cost them")
        return
    alone, beside = (statistics.mean(rates) for rates in zip(*pairs, strict=True))
    error = statistics.stdev(one - other for one, other in pairs) / math.sqrt(len(pairs))
    print(
        f"the bulk's jobs a second in stretches of {STRETCH_S:.0f} s by turns: {alone:.0f} without a reload,"
        f" {beside:.0f} with one, in {len(pairs)} pairs;"
        f" loss {1 - beside / alone:+.1%}, standard error {error / alone:.1%} (promised: below 5 %)"
    )


async def _until_finished(workers: ImitatedWorkers, company: str) -> None:
    await _until(lambda: company in workers.finished)


async def _until_started(workers: ImitatedWorkers, number: int) -> None:
    await _until(lambda: len(workers.starts) >= number)


async def one_reload_beside_bulks_in_planning(bulks: int, clients: int, reading_s: float) -> None:
    """How soon another firm's reload starts while many large bulks wait to be looked up and stored."""
    async with orchestrator_at_work(reading_s) as workers:
        asked_s = time.monotonic()
        for month in Months.ending(MONTH, bulks):
            await workers.send(bulk("firm-a", clients, month))
        await _until(lambda: "firm-a" in workers.accepted)
        reload_s = time.monotonic()
        await workers.send(reload("firm-b"))
        await _until(lambda: "firm-b" in workers.finished)
    first_s = workers.first_of("firm-b")
    print(
        f"{bulks} bulks of {clients} clients asked for together: first job after"
        f" {workers.starts[0].at_s - asked_s:.1f} s; another firm's reload meanwhile: first job after"
        f" {first_s - reload_s:.2f} s (promised: 2)"
    )


async def many_companies_with_bulks(companies: int, reading_s: float) -> None:
    """Whether all progress at the same rate while all have work left."""
    sizes = [600 - 520 * number // max(companies - 1, 1) for number in range(companies)]
    total = {f"firm-{number:03}": size for number, size in enumerate(sizes)}
    async with orchestrator_at_work(reading_s) as workers:
        for company, size in total.items():
            await workers.send(bulk(company, size))
        await _until(lambda: len(workers.accepted) == companies)
        begin = len(workers.starts) + 2 * SLOTS  # what had been released before the last company came
        await _until(lambda: _first_is_through(workers, total) or len(workers.starts) >= begin)
        await _until(
            lambda: _first_is_through(workers, total) or len(workers.starts) - begin > 60 * companies
        )
        counted = workers.starts[begin:]

    if len(counted) < companies:
        print(f"{companies} companies: their bulks were over too soon to tell their shares")
        return
    started = Counter(each.company_id for each in counted)
    shares = [started[company] for company in total]
    seconds = counted[-1].at_s - counted[0].at_s
    print(
        f"{companies} companies with {min(sizes)} to {max(sizes)} clients: {len(counted)} jobs in"
        f" {seconds:.0f} s, {min(shares)} to {max(shares)} a company,"
        f" Jain's index {jain(shares):.4f} (promised: over 0.95)"
    )


def jain(shares: list[int]) -> float:
    """1 when all shares are equal, 1/n when one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


def _first_is_through(workers: ImitatedWorkers, total: dict[str, int]) -> bool:
    started = Counter(each.company_id for each in workers.starts)
    return any(started[company] >= size for company, size in total.items())


async def _until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the orchestrator did not get there")
        await asyncio.sleep(0.1)


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, default=10_000, help="of the large bulk; 0: without it")
    options.add_argument("--rounds", type=int, default=3, help="large bulks one after the other")
    options.add_argument("--companies", type=int, default=100, help="0: without them")
    options.add_argument("--bulks", type=int, default=20, help="large ones at once; 0: without them")
    options.add_argument("--reading-s", type=float, default=0.2, help="how long an imitated reading takes")
    asked = options.parse_args()
    print(
        f"{os.cpu_count()} cores; orchestrator, database and broker ({chosen_broker()}) real,"
        f" workers imitated ({asked.reading_s:g} s a reading)"
    )
    if asked.clients:
        await reloads_beside_large_bulks(asked.rounds, asked.clients, asked.reading_s)
    if asked.clients and asked.bulks:
        await one_reload_beside_bulks_in_planning(asked.bulks, asked.clients, asked.reading_s)
    if asked.companies:
        await many_companies_with_bulks(asked.companies, asked.reading_s)


if __name__ == "__main__":
    asyncio.run(main())
