"""The key of all webhooks' secrets, in Vault's transit engine: used there, read by nobody."""

import base64
from typing import Any

import hvac
from service_kit.vault import VaultClient

# The policies name them too.
_MOUNT, _KEY = "ledgerbus-transit", "webhooks"


class VaultSigningKey:
    """Implements `SigningKey`."""

    def __init__(self, vault: VaultClient) -> None:
        self._vault = vault

    async def mac(self, text: bytes, *, key_version: int | None = None) -> tuple[bytes, int]:
        def ask(client: hvac.Client) -> dict[str, Any]:
            answer = client.secrets.transit.generate_hmac(
                _KEY, base64.b64encode(text).decode(), key_version=key_version, mount_point=_MOUNT
            )
            return dict(answer["data"])

        _, version, mac = (await self._vault.run(ask))["hmac"].split(":")
        return base64.b64decode(mac), int(version.removeprefix("v"))
