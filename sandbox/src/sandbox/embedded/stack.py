"""The three servers together, on one data folder."""

import asyncio
import fcntl
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sandbox.embedded.brokers import BrokerKind, broker_program
from sandbox.embedded.database import Database
from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.ports import free_port
from sandbox.embedded.server import Server
from sandbox.embedded.vault import Vault, VaultAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Fixed loopback ports; None takes a free one."""

    broker: int | None = None
    vault: int | None = None
    database: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """All that a service has to know about the outside world."""

    bootstrap_servers: str
    mongo_url: str
    vault: VaultAccess
    kafka_clients: Mapping[str, str]


class EmbeddedStack:
    """Broker, vault and database; each can also be started, killed and restarted by itself."""

    def __init__(
        self, data_dir: Path, ports: Ports | None = None, broker: BrokerKind = BrokerKind.TANSU
    ) -> None:
        ports = ports or Ports()
        self._data_dir = data_dir.absolute()
        self._broker = broker_program(broker, self._data_dir, ports.broker or free_port())
        vault = Vault(self._data_dir / "vault", ports.vault or free_port())
        database = Database(self._data_dir / "database", ports.database or free_port())
        self.broker = Server(self._broker, self._data_dir)
        self.vault = Server(vault, self._data_dir)
        self.database = Server(database, self._data_dir)
        self.settings = StackSettings(
            bootstrap_servers=self._broker.bootstrap_servers,
            mongo_url=database.url,
            vault=vault.access,
            kafka_clients=self._broker.client_settings,
        )
        self._lock: IO[str] | None = None

    @property
    def servers(self) -> tuple[Server, ...]:
        """The three, in no order that matters."""
        return (self.broker, self.vault, self.database)

    @property
    def broker_forgets(self) -> bool:
        """Whether a restart of the broker leaves it empty."""
        return self._broker.forgets

    async def start(self) -> None:
        """Start all three at once; when one fails the others are stopped and its reason is raised."""
        self._lock = _lock(self._data_dir)
        results = await asyncio.gather(*(server.start() for server in self.servers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                await self.stop()
                raise result

    async def stop(self) -> None:
        """Stop whatever runs."""
        await asyncio.gather(*(server.stop() for server in self.servers))
        if self._lock:
            self._lock.close()
            self._lock = None

    async def create_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make topics now; where the broker forgets them, again whenever it is started."""
        await self._broker.create_topics(names, partitions)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _lock(data_dir: Path) -> IO[str]:
    """Keep the folder for this process; the system lets go of it when the process ends, however it ends."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (data_dir / "lock").open("a+")
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock
    lock.seek(0)
    owner = lock.read()
    lock.close()
    raise EmbeddedError(f"{data_dir} is in use by process {owner}.")
