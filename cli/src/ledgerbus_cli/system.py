"""The whole of ledgerbus on one machine: embedded servers, sandbox and the five services as processes."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.embedded import BrokerKind, EmbeddedError, EmbeddedStack, Ports, Server
from sandbox.embedded.ports import free_port
from sync_contracts.topics import all_topics

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.identity import AUDIENCE, ISSUER, PlatformKey
from ledgerbus_cli.imitated import connector_settings
from ledgerbus_cli.programs import PythonProgram

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier")
DATABASES = {
    "credentials": "credentials",
    "sync-orchestrator": "orchestrator",
    "summary-writer": "summaries",
    "notifier": "notifier",
}
SERVERS = ("broker", "vault", "database")
PROCESSES = ("sandbox", *SERVICES, *SERVERS)
PARTITIONS = 4  # as many workers as two cores feed; each costs the embedded broker work even when idle
SERVICE_STOP_S = 35.0  # a service that stops in order is promised 30 s
# Receivers of webhooks run on the same machine too.
_WEBHOOKS_NEARBY = '{"allow_http": true, "allow_private": true, "ports": []}'
_TELL_AGAIN_S = "600"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How many books the imitations have."""

    seed: int = 1
    clients: int = 10
    documents: int = 20


@dataclass(slots=True)
class System:
    """Start and stop everything together, or one process alone; data under `data_dir`."""

    data_dir: Path
    sandbox_options: SandboxOptions = field(default_factory=SandboxOptions)
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    broker: BrokerKind = BrokerKind.TANSU
    modules: Mapping[str, str] = field(default_factory=dict)
    stack: EmbeddedStack = field(init=False)
    sandbox: Server = field(init=False)
    services: dict[str, Server] = field(init=False, default_factory=dict)
    _empty_broker: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _service_of: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.data_dir = self.data_dir.absolute()
        self.ports = {name: self.ports.get(name) or free_port() for name in PROCESSES}
        ports = Ports(**{name: self.ports[name] for name in SERVERS})
        self.stack = EmbeddedStack(self.data_dir, ports, self.broker)
        options = self.sandbox_options
        program = PythonProgram(
            name="sandbox",
            port=self.ports["sandbox"],
            module="sandbox",
            ready_path="/_calls",
            arguments=(
                *("--port", str(self.ports["sandbox"]), "--seed", str(options.seed)),
                *("--clients", str(options.clients), "--documents", str(options.documents)),
            ),
        )
        self.sandbox = Server(program, self.data_dir)

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            kafka=self.stack.settings.bootstrap_servers,
            broker=self.broker,
            credentials=self._url("credentials"),
            orchestrator=self._url("sync-orchestrator"),
            summaries=self._url("summary-writer"),
            notifier=self._url("notifier"),
            workers=self._url("connector-workers"),
            sandbox=self._url("sandbox"),
            vault=self.stack.settings.vault.address,
            database=self.stack.settings.mongo_url,
        )

    @property
    def key(self) -> PlatformKey:
        return PlatformKey.kept_in(self.data_dir / "platform")

    async def start(self) -> None:
        """Servers and sandbox, then topics, then the services; stops all of it when one fails."""
        try:
            await self.stack.start()  # before all else: it makes sure that the folder is ours
            await asyncio.gather(self.stack.create_topics(all_topics(), PARTITIONS), self.sandbox.start())
            connectors = await self._connector_settings()
            for name in SERVICES:
                self.services[name] = self._service(name, connectors)
            await asyncio.gather(*(service.start() for service in self.services.values()))
        except BaseException:
            await self.stop()
            raise
        self.addresses.write(self.data_dir)

    async def stop(self) -> None:
        """Services first, so that they can hand back what they have."""
        if self.services:
            Addresses.forget(self.data_dir)
        await asyncio.gather(*(service.stop() for service in self.services.values()))
        await asyncio.gather(self.sandbox.stop(), self.stack.stop())

    async def restart(self, name: str, **environment: str) -> None:
        """One service again, with other settings; waits until it is ready."""
        await self.services[name].stop()
        await self.begin(name, **environment)

    async def begin(self, name: str, **environment: str) -> None:
        """Start a service that does not run."""
        self.services[name] = self._service(name, await self._connector_settings(), environment)
        await self.services[name].start()

    async def add(self, service: str, **environment: str) -> str:
        """Start one more instance of a service; the name that it goes by from now on."""
        name = next(name for number in count(2) if (name := f"{service}-{number}") not in self.services)
        self._service_of[name] = service
        self.ports[name] = free_port()
        await self.begin(name, **environment)
        return name

    async def remove(self, name: str) -> None:
        """Stop an added instance and forget it."""
        del self._service_of[name]
        await self.services.pop(name).stop()

    @property
    def processes(self) -> dict[str, Server]:
        """All of them by name, started or not."""
        stack = self.stack
        servers = {"broker": stack.broker, "vault": stack.vault, "database": stack.database}
        return {**servers, "sandbox": self.sandbox, **self.services}

    async def revive(self, name: str) -> None:
        """Start a process again that has died, and what cannot go on without its memory."""
        if name == "broker" and self.stack.broker_forgets:
            async with self._empty_broker:
                await self._revive_broker()
        elif name in self.services:
            async with self._empty_broker:
                pass  # whoever asks an empty broker for topics makes them, and with too few partitions
            await self.services[name].start()
        else:
            await self.processes[name].start()

    async def _revive_broker(self) -> None:
        """It has forgotten topics and offsets, and a consumer that lives on would skip new messages."""
        await asyncio.gather(*(service.stop() for service in self.services.values()))
        await self.stack.broker.start()
        await self.stack.create_topics(all_topics(), PARTITIONS)
        await asyncio.gather(*map(_start_if_it_can, self.services.values()))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def _service(
        self, name: str, connectors: Mapping[str, str], more: Mapping[str, str] | None = None
    ) -> Server:
        module = self._service_of.get(name, name).replace("-", "_")
        own = {f"{module.upper()}__{key}": value for key, value in self._settings(name).items()}
        program = PythonProgram(
            name=name,
            port=self.ports[name],
            module=self.modules.get(name, module),
            ready_path="/ready",
            environment={**own, **connectors, **self.environment, **(more or {})},
        )
        return Server(program, self.data_dir, stop_s=SERVICE_STOP_S)

    def _settings(self, name: str) -> dict[str, str]:
        stack, service = self.stack.settings, self._service_of.get(name, name)
        role = stack.vault.roles[service]
        settings = {
            "KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            **{f"KAFKA__{key.upper()}": value for key, value in stack.kafka_clients.items()},
            "HTTP__PORT": str(self.ports[name]),
            "VAULT__ADDRESS": stack.vault.address,
            "VAULT__MOUNT": stack.vault.mount,
            "VAULT__ROLE_ID": role.role_id,
            "VAULT__SECRET_ID_FILE": str(role.secret_id_file),
            "USERS__ISSUER": ISSUER,
            "USERS__AUDIENCE": AUDIENCE,
            "USERS__JWKS_URL": self.key.jwks_url,
            "CREDENTIALS_URL": self._url("credentials"),
            "PUBLIC_URL": self._url(service),
        }
        if service == "notifier":
            settings["WEBHOOKS"] = _WEBHOOKS_NEARBY
        if service == "sync-orchestrator" and self.stack.broker_forgets:
            settings["TELL_AGAIN_S"] = _TELL_AGAIN_S
        if service in DATABASES:
            settings |= {"MONGO__URL": stack.mongo_url, "MONGO__DATABASE": DATABASES[service]}
        return settings

    async def _connector_settings(self) -> Mapping[str, str]:
        return await connector_settings(
            self._url("sandbox"), callback=f"{self._url('credentials')}/v1/oauth/callback"
        )


async def _start_if_it_can(service: Server) -> None:
    # One that fails to start has died, and is started again as any that has.
    with suppress(EmbeddedError):
        await service.start()
