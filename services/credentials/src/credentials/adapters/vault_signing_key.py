"""The service's own signing key, in Vault at `_service/signing-key`."""

import base64
import secrets

import hvac
from hvac.exceptions import InvalidPath
from service_kit.vault import VaultClient

from credentials.adapters.vault_token_sets import write_if_at

_PATH = "_service/signing-key"


class VaultSigningKey:
    """Implements `SigningKey`: the first process makes it, all others read it."""

    def __init__(self, vault: VaultClient) -> None:
        self._vault = vault
        self._key: bytes | None = None

    async def __call__(self) -> bytes:
        while self._key is None:
            made = {"key": base64.b64encode(secrets.token_bytes(32)).decode()}
            self._key = await self._vault.run(self._read)
            if self._key is None:
                await self._vault.run(write_if_at(self._vault.mount, _PATH, dict(made), 0))
        return self._key

    def _read(self, client: hvac.Client) -> bytes | None:
        try:
            answer = client.secrets.kv.v2.read_secret_version(
                _PATH, mount_point=self._vault.mount, raise_on_deleted_version=True
            )
        except InvalidPath:
            return None
        return base64.b64decode(answer["data"]["data"]["key"])
