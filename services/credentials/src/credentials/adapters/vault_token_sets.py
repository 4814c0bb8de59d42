"""Token sets in Vault's key-value store, version 2, at `<company>/token-sets/<id>`."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from credentials.adapters.vault_companies import VaultCompanies
from credentials.token_set import TokenSet

_IN_ONE_THREAD = 10


class VaultTokenSets:
    """Implements `TokenSetVault`."""

    def __init__(self, vault: VaultCompanies) -> None:
        self._vault = vault

    async def read(self, company_id: str, token_set_id: UUID) -> tuple[TokenSet, int] | None:
        return (await self.read_all(company_id, {token_set_id})).get(token_set_id)

    async def read_all(
        self, company_id: str, token_set_ids: Collection[UUID]
    ) -> dict[UUID, tuple[TokenSet, int]]:
        """Some at a time in one thread: a thread for each takes as long again as its reading."""
        wanted = list(token_set_ids)
        parts = [wanted[start : start + _IN_ONE_THREAD] for start in range(0, len(wanted), _IN_ONE_THREAD)]
        read = [self._vault.run(company_id, partial(self._read, company_id, part)) for part in parts]
        return {
            one: (TokenSet.from_vault(found["data"]), int(found["metadata"]["version"]))
            for answers in await asyncio.gather(*read)
            for one, found in answers.items()
        }

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

    def _read(self, company_id: str, wanted: Sequence[UUID], client: hvac.Client) -> dict[UUID, Any]:
        found = {}
        for one in wanted:
            with suppress(InvalidPath):
                answer = client.secrets.kv.v2.read_secret_version(
                    _path(company_id, one), mount_point=self._vault.mount, raise_on_deleted_version=True
                )
                found[one] = answer["data"]
        return found


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
