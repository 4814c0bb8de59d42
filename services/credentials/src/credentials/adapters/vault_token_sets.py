"""Token sets in Vault's key-value store, version 2, at `<company>/token-sets/<id>`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from credentials.adapters.vault_companies import VaultCompanies
from credentials.token_set import TokenSet


class VaultTokenSets:
    """Implements `TokenSetVault`."""

    def __init__(self, vault: VaultCompanies) -> None:
        self._vault = vault

    async def read(self, company_id: str, token_set_id: UUID) -> tuple[TokenSet, int] | None:
        def read(client: hvac.Client) -> dict[str, Any] | None:
            try:
                answer = client.secrets.kv.v2.read_secret_version(
                    _path(company_id, token_set_id),
                    mount_point=self._vault.mount,
                    raise_on_deleted_version=True,
                )
            except InvalidPath:
                return None
            return dict(answer["data"])

        found = await self._vault.run(company_id, read)
        if found is None:
            return None
        return TokenSet.from_vault(found["data"]), int(found["metadata"]["version"])

    async def write(self, company_id: str, token_set_id: UUID, token_set: TokenSet, *, version: int) -> bool:
        path, secret = _path(company_id, token_set_id), token_set.to_vault()
        return await self._vault.run(company_id, write_if_at(self._vault.mount, path, secret, version))

    async def destroy(self, company_id: str, token_set_id: UUID) -> None:
        await self._vault.run(
            company_id,
            lambda client: client.secrets.kv.v2.delete_metadata_and_all_versions(
                _path(company_id, token_set_id), mount_point=self._vault.mount
            ),
        )


def write_if_at(
    mount: str, path: str, secret: dict[str, object], version: int
) -> Callable[[hvac.Client], bool]:
    """Work that writes while the path is at the version (0: has nothing); False when it is not."""

    def write(client: hvac.Client) -> bool:
        try:
            client.secrets.kv.v2.create_or_update_secret(path, secret, cas=version, mount_point=mount)
        except InvalidRequest as error:
            if "check-and-set" not in str(error):
                raise RuntimeError("Vault refused a write as malformed") from None
            return False
        return True

    return write


def _path(company_id: str, token_set_id: UUID) -> str:
    return f"{company_id}/token-sets/{token_set_id}"
