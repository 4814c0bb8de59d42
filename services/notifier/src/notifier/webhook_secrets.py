"""Endpoints' secrets: made from Vault's key whenever they are needed, stored nowhere."""

from collections import OrderedDict
from datetime import datetime

from notifier.endpoint import Endpoint, SecretName
from notifier.ports import SigningKey

_REMEMBERED = 5_000


class WebhookSecrets:
    """Remembers what it was told lately, so that Vault is not asked for each delivery."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._made: OrderedDict[bytes, bytes] = OrderedDict()

    async def newest_key_version(self) -> int:
        _, version = await self._key.mac(b"version")
        return version

    async def current(self, endpoint: Endpoint) -> bytes:
        """The one to show at its making."""
        return await self._of(endpoint, endpoint.secret)

    async def signing(self, endpoint: Endpoint, now: datetime) -> list[bytes]:
        """The newest first; two during a rotation."""
        return [await self._of(endpoint, name) for name in endpoint.secrets_at(now)]

    async def _of(self, endpoint: Endpoint, name: SecretName) -> bytes:
        text = (
            f"{endpoint.company_id}/{endpoint.endpoint_id}/{endpoint.salt}/{name.number}/{name.key_version}"
        )
        label = text.encode()
        if label not in self._made:
            self._made[label], _ = await self._key.mac(label, key_version=name.key_version)
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        return self._made[label]
