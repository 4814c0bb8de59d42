"""The broker as in production: Apache Kafka, run by `scripts/kafka`, with its data on disk."""

import asyncio
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.ports import HOST, accepts, free_port
from sandbox.embedded.process import POLL_S
from sandbox.embedded.topics import create_topics

SCRIPT = Path(__file__).parents[4] / "scripts" / "kafka"
_FETCH_S = 300.0


class ApacheKafka:
    """Implements `BrokerProgram`; topics, messages and offsets survive restarts and kills."""

    name = "broker"
    environment: Mapping[str, str] = MappingProxyType({})
    forgets = False
    client_settings: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        listeners: Mapping[str, int] | None = None,
        settings: Mapping[str, str] | None = None,
        scram: str | None = None,
    ) -> None:
        """More listeners by protocol, more settings, and a new folder's user: `name=…,password=…`."""
        self.port = port
        self._controller_port = free_port()
        self._folder = folder
        ports = {"PLAINTEXT": port, "CONTROLLER": self._controller_port, **(listeners or {})}
        places = ",".join(f"{protocol}://{HOST}:{number}" for protocol, number in ports.items())
        self._settings = {"listeners": places, **(settings or {})}
        self._scram = {"LEDGERBUS_KAFKA_SCRAM": scram} if scram else {}

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        more = self._folder / "more.properties"
        more.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()))
        more.chmod(0o600)
        ports = f"{self.port},{self._controller_port}"
        where = ["--data", str(self._folder), "--ports", ports, "--settings", str(more)]
        return _answer([str(SCRIPT), *where, "--print-command"], self._scram)

    def is_ready(self) -> bool:
        return accepts(self.port)

    async def prepare(self) -> None:
        """It listens before it can serve."""
        while True:
            if await _serves(self.bootstrap_servers):
                return
            await asyncio.sleep(POLL_S)

    def nudge(self) -> None:
        """It stops by itself."""

    async def create_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make the topics that are missing; it makes none by itself."""
        await create_topics(self.bootstrap_servers, names, partitions)


def _answer(command: list[str], environment: Mapping[str, str]) -> list[str]:
    if not SCRIPT.exists():
        raise EmbeddedError(f"Apache Kafka runs from a checkout only: there is no {SCRIPT}.")
    done = subprocess.run(  # noqa: S603 (our own script)
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_FETCH_S,
        check=False,
    )
    if done.returncode:
        raise EmbeddedError(done.stderr.strip())
    return done.stdout.splitlines()


async def _serves(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except KafkaError:
        return False
    finally:
        await admin.close()
