"""A service's own token for calls to a sister service: issued by Vault."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from anyio import to_thread

from service_kit.errors import DependencyDownError
from service_kit.settings import VaultSettings
from service_kit.vault_login import login

_OIDC_ROLE = "ledgerbus-service"


@dataclass(slots=True)
class ServiceToken:
    """Hands out the `Authorization` header, renewed at two thirds of the token's life."""

    vault: VaultSettings
    http: httpx.AsyncClient
    _token: str = ""
    _renew_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def header(self) -> dict[str, str]:
        """`DependencyDownError` while Vault is out of reach and no valid token is left."""
        async with self._lock:
            if time.monotonic() >= self._renew_at:
                await self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        try:
            wanted = await to_thread.run_sync(login, self.vault)
        except OSError as error:
            raise DependencyDownError("vault", type(error).__name__) from None
        signed_in = await self._call("POST", wanted.path, json=wanted.body)
        issued = await self._call(
            "GET",
            f"identity/oidc/token/{_OIDC_ROLE}",
            headers={"X-Vault-Token": str(signed_in["auth"]["client_token"])},
        )
        self._token = str(issued["data"]["token"])
        self._renew_at = time.monotonic() + float(issued["data"]["ttl"]) * 2 / 3

    async def _call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
    ) -> dict[str, Any]:
        url = f"{self.vault.api}/{path}"
        headers = {
            **({"X-Vault-Namespace": self.vault.namespace} if self.vault.namespace else {}),
            **(headers or {}),
        }
        try:
            answer = await self.http.request(
                method, url, headers=headers, timeout=self.vault.timeout_s, **request
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise DependencyDownError("vault", type(error).__name__) from error
        return dict(answer.json())
