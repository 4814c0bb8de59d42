"""The vault lets nobody but the credentials service at clients' secrets, and tells services apart."""

import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import jwt
import pytest
import requests
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest
from sandbox.embedded import EmbeddedStack, VaultAccess

pytestmark = pytest.mark.integration

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier", "cli")
OTHERS = tuple(name for name in SERVICES if name != "credentials")


class Logins:
    """Clients of the vault, logged in as services with nothing but what the stack hands over."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def login(self, vault: VaultAccess, service: str) -> hvac.Client:
        client = hvac.Client(url=vault.address, session=self._session, timeout=5)
        role = vault.roles[service]
        client.auth.approle.login(role_id=role.role_id, secret_id=role.secret_id_file.read_text())
        return client

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def logins() -> Iterator[Logins]:
    logins = Logins()
    yield logins
    logins.close()


def any_token_set() -> str:
    return f"company-{uuid.uuid4()}/token-sets/{uuid.uuid4()}"


def write(client: hvac.Client, path: str, value: str, cas: int | None) -> None:
    client.secrets.kv.v2.create_or_update_secret(path, {"key": value}, cas=cas, mount_point="ledgerbus")


def read(client: hvac.Client, path: str) -> str:
    answer = client.secrets.kv.v2.read_secret_version(
        path, mount_point="ledgerbus", raise_on_deleted_version=True
    )
    return str(answer["data"]["data"]["key"])


def test_credentials_writes_reads_and_destroys_a_token_set(vault: VaultAccess, logins: Logins) -> None:
    client, path = logins.login(vault, "credentials"), any_token_set()

    write(client, path, "first", cas=0)
    write(client, path, "second", cas=1)
    kept = read(client, path)
    client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point="ledgerbus")

    assert kept == "second"
    with pytest.raises(InvalidPath):
        read(client, path)


@pytest.mark.parametrize("cas", [None, 0], ids=["without a version", "with an old version"])
def test_a_write_needs_the_current_version(vault: VaultAccess, logins: Logins, cas: int | None) -> None:
    client, path = logins.login(vault, "credentials"), any_token_set()
    write(client, path, "first", cas=0)

    with pytest.raises(InvalidRequest, match="check-and-set"):
        write(client, path, "second", cas=cas)

    assert read(client, path) == "first"


def test_credentials_keeps_secrets_of_its_own(vault: VaultAccess, logins: Logins) -> None:
    client, path = logins.login(vault, "credentials"), f"_service/{uuid.uuid4()}"

    write(client, path, "signing key", cas=0)

    assert read(client, path) == "signing key"


@pytest.mark.parametrize("service", OTHERS)
def test_no_other_service_reaches_a_secret(vault: VaultAccess, logins: Logins, service: str) -> None:
    path = any_token_set()
    write(logins.login(vault, "credentials"), path, "secret", cas=0)
    other = logins.login(vault, service)

    with pytest.raises(Forbidden):
        read(other, path)
    with pytest.raises(Forbidden):
        write(other, path, "mine", cas=1)
    with pytest.raises(Forbidden):
        other.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point="ledgerbus")


@pytest.mark.parametrize("path", ["company-1/elsewhere/x", "company-1", "company-1/token-sets/x/y"])
def test_credentials_reaches_nothing_else(vault: VaultAccess, logins: Logins, path: str) -> None:
    with pytest.raises(Forbidden):
        write(logins.login(vault, "credentials"), path, "x", cas=0)


@pytest.mark.parametrize("service", SERVICES)
def test_an_identity_token_names_its_service(vault: VaultAccess, logins: Logins, service: str) -> None:
    client = logins.login(vault, service)

    token = client.secrets.identity.generate_signed_id_token("ledgerbus-service")["data"]["token"]

    claims = verified(vault, token)
    assert claims["service"] == service
    assert claims["exp"] - claims["iat"] == 15 * 60


def verified(vault: VaultAccess, token: str) -> dict[str, Any]:
    answer = requests.get(f"{vault.address}/v1/identity/oidc/.well-known/keys", timeout=5)
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(answer.json()).keys}
    claims: dict[str, Any] = jwt.decode(
        token,
        key=keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        audience="ledgerbus-internal",
        issuer=f"{vault.address}/v1/identity/oidc",
    )
    return claims


async def test_secrets_and_logins_survive_a_crash(tmp_path: Path, logins: Logins) -> None:
    stack = EmbeddedStack(tmp_path)
    vault, path = stack.settings.vault, any_token_set()
    await stack.vault.start()
    try:
        write(logins.login(vault, "credentials"), path, "kept", cas=0)
        handed_over = vault.roles["notifier"].secret_id_file.read_text()

        await stack.vault.kill()
        await stack.vault.start()

        assert read(logins.login(vault, "credentials"), path) == "kept"
        assert vault.roles["notifier"].secret_id_file.read_text() == handed_over
    finally:
        await stack.vault.stop()


async def test_a_secret_id_that_is_gone_is_handed_over_anew(tmp_path: Path, logins: Logins) -> None:
    stack = EmbeddedStack(tmp_path)
    vault = stack.settings.vault
    await stack.vault.start()
    try:
        vault.roles["credentials"].secret_id_file.write_text("00000000-0000-0000-0000-000000000000")
        vault.roles["notifier"].secret_id_file.unlink()

        await stack.vault.restart()

        for service in ("credentials", "notifier"):
            assert logins.login(vault, service).is_authenticated()
    finally:
        await stack.vault.stop()


def test_only_the_owner_reads_what_opens_the_vault(vault: VaultAccess) -> None:
    folder = vault.roles["cli"].secret_id_file.parents[1]
    openers = [folder / "keys.json", *(role.secret_id_file for role in vault.roles.values())]

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in openers}

    assert modes == dict.fromkeys(["keys.json", *SERVICES], 0o600)
