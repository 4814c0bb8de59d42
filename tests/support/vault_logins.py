"""Plain clients of the vault: as a service, as one company, as its administrator."""

import json
from types import TracebackType
from typing import Self

import hvac
import requests
from credentials.adapters.vault_companies import claims_for, sign
from sandbox.embedded import VaultAccess


class Logins:
    """Signed in with nothing but what the stack hands over."""

    def __init__(self, vault: VaultAccess) -> None:
        self._vault = vault
        self._session = requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def service(self, name: str) -> hvac.Client:
        role = self._vault.roles[name]
        client = self._client()
        client.auth.approle.login(role_id=role.role_id, secret_id=role.secret_id_file.read_text().strip())
        return client

    def company(self, company_id: str) -> hvac.Client:
        """What the credentials service becomes in order to touch one company's secrets."""
        claims = claims_for(company_id)
        token = f"{claims}.{sign(self.service('credentials'), claims)}"
        client = self._client()
        client.auth.jwt.jwt_login("company", token, path="ledgerbus-companies")
        return client

    def administrator(self) -> hvac.Client:
        keys = self._vault.roles["cli"].secret_id_file.parents[1] / "keys.json"
        client = self._client()
        client.token = json.loads(keys.read_text())["root_token"]
        return client

    def _client(self) -> hvac.Client:
        return hvac.Client(url=self._vault.address, session=self._session, timeout=5)
