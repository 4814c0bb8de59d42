"""The credentials service as processes of its own, on embedded servers and a sandbox."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from connectors.registry import CONNECTORS
from sandbox.embedded import VaultAccess
from sandbox.embedded.ports import free_port
from service_kit.service_token import ServiceToken
from service_kit.settings import VaultSettings
from support.issuer import Issuer
from support.kafka import embedded_kafka
from support.loopback import loopback_client
from support.sandbox_server import RunningSandbox

_READY_S = 60.0
_STOP_S = 30.0


@dataclass
class CredentialsStack:
    """What processes of the service have in common; `client` talks to one of them as a firm's owner."""

    kafka: str
    mongo_url: str
    vault: VaultAccess
    sandbox: RunningSandbox
    folder: Path
    issuer: Issuer
    database: str = field(default_factory=lambda: f"credentials-{uuid4().hex[:8]}")

    @contextmanager
    def process(self, *, crash_at: str | None = None, **settings: str) -> Iterator["CredentialsProcess"]:
        """A process that is ready; asked to stop at the end unless it has died."""
        port = free_port()
        name = f"credentials-{port}"
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "credentials"],
                env=self._variables(port, crash_at, settings),
                stdout=log,
                stderr=log,
            )
        running = CredentialsProcess(f"http://127.0.0.1:{port}", child, self)
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.stop()

    def logs(self) -> str:
        """Everything that all processes have written."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def vault_settings(self, service: str) -> VaultSettings:
        role = self.vault.roles[service]
        return VaultSettings(
            address=self.vault.address,
            mount=self.vault.mount,
            role_id=role.role_id,
            secret_id_file=role.secret_id_file,
        )

    def _variables(self, port: int, crash_at: str | None, settings: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        own = {
            "KAFKA": embedded_kafka(self.kafka).model_dump(mode="json"),
            "MONGO": {"url": self.mongo_url, "database": self.database},
            "VAULT": json.loads(self.vault_settings("credentials").model_dump_json()),
            "HTTP": {"port": port},
            "USERS": json.loads(self.issuer.settings.model_dump_json()),
            "SWEEP_EVERY_S": 0.2,
            "RENEWAL_CALL_S": 5,
        }
        own |= {name.upper(): value for name, value in settings.items()}
        variables = {
            f"CREDENTIALS__{name}": value if isinstance(value, str) else json.dumps(value)
            for name, value in own.items()
        }
        crash = {"LEDGERBUS_CRASH_AT": crash_at} if crash_at else {}
        return inherited | variables | self._connectors(port) | crash

    def _connectors(self, port: int) -> dict[str, str]:
        endpoints, operators = {}, {}
        for provider, connector in CONNECTORS.items():
            account = self.sandbox.accounts(provider)[0]
            given = account["credentials"] | {"redirect_uri": f"http://127.0.0.1:{port}/v1/oauth/callback"}
            wanted = {field.name for field in connector.form.operator_fields} & set(given)
            endpoints[provider] = account["endpoints"]
            operators[provider] = {name: given[name] for name in wanted}
        return {
            "CONNECTORS__ENDPOINTS": json.dumps(endpoints),
            "CONNECTORS__OPERATORS": json.dumps(operators),
        }


@dataclass
class CredentialsProcess:
    """One process; `company_id` names the firm that its callers belong to."""

    url: str
    child: subprocess.Popen[bytes]
    stack: CredentialsStack

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            assert self.child.poll() is None, self.stack.logs()[-3_000:]
            try:
                if httpx.get(f"{self.url}/ready", timeout=5, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, self.stack.logs()[-3_000:]
            time.sleep(0.05)

    def stop(self) -> None:
        if self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def client(self, company_id: str) -> httpx.AsyncClient:
        """Calls as the owner of a firm."""
        headers = self.stack.issuer.person(company_id=company_id)
        return loopback_client(base_url=self.url, headers=headers, timeout=60)

    async def internal(self, service: str, path: str, **body: Any) -> httpx.Response:
        """Calls as a sister service, with a token that the vault has issued."""
        async with loopback_client(timeout=60) as http:
            token = ServiceToken(self.stack.vault_settings(service), http)
            return await http.post(f"{self.url}/internal/{path}", json=body, headers=await token.header())
