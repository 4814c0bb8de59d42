"""The notifier as processes of its own, on embedded servers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
from sandbox.embedded import VaultAccess
from sandbox.embedded.ports import free_port
from service_kit.settings import VaultSettings
from support.issuer import Issuer
from support.kafka import eventually
from support.service_process import service_process, service_variables
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import RunFinished, SyncCompleted
from sync_contracts.topics import dead_letter_topic
from sync_contracts.webhooks import WebhookDisabled

CONSUMED = (
    RunFinished,
    ConnectionSaved,
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionExpiring,
)
TOPICS = [
    *(event.topic for event in (*CONSUMED, SyncCompleted, WebhookDisabled)),
    *(dead_letter_topic(event.topic) for event in CONSUMED),
]
NEARBY = {"allow_http": True, "allow_private": True, "ports": [], "timeout_s": 2, "poll_every_s": 0.2}


def vault_settings(vault: VaultAccess, service: str = "notifier") -> VaultSettings:
    role = vault.roles[service]
    return VaultSettings(
        address=vault.address, mount=vault.mount, role_id=role.role_id, secret_id_file=role.secret_id_file
    )


@dataclass
class NotifierStack:
    """What processes of the notifier have in common."""

    kafka: str
    mongo_url: str
    vault: VaultAccess
    folder: Path
    issuer: Issuer
    database: str = field(default_factory=lambda: f"notifier-{uuid4().hex[:8]}")

    @property
    def log(self) -> Path:
        return self.folder / "notifier.log"

    @asynccontextmanager
    async def process(self, *, crash_at: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A process that is ready, and a client that calls it as the owner of `company-1`."""
        port = free_port()
        running = service_process("notifier", self._variables(port), self.log, crash_at=crash_at)
        headers = self.issuer.person(company_id="company-1")
        address = f"http://127.0.0.1:{port}"
        async with (
            running as process,
            httpx.AsyncClient(base_url=address, headers=headers, timeout=30, trust_env=False) as client,
        ):

            async def ready() -> bool:
                assert process.returncode is None, self.log.read_text()[-3_000:]
                try:
                    return (await client.get("/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready)
            yield client

    def _variables(self, port: int) -> Mapping[str, str]:
        usual = service_variables(
            "NOTIFIER", bootstrap=self.kafka, mongo_url=self.mongo_url, database=self.database
        )
        return usual | {
            "NOTIFIER__HTTP__PORT": str(port),
            "NOTIFIER__VAULT": vault_settings(self.vault).model_dump_json(),
            "NOTIFIER__USERS": self.issuer.settings.model_dump_json(),
            "NOTIFIER__USERS__ISSUER": self.issuer.settings.issuer,
            "NOTIFIER__USERS__JWKS_URL": self.issuer.settings.jwks_url,
            "NOTIFIER__WEBHOOKS": json.dumps(NEARBY),
        }
