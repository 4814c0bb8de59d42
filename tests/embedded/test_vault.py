"""The vault opens a company's secrets to that company's token alone, and tells services apart."""

import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import jwt
import pytest
import requests
from credentials.adapters.vault_companies import claims_for, sign
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest
from sandbox.embedded import EmbeddedStack, VaultAccess
from support.vault_logins import Logins

pytestmark = pytest.mark.integration

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier", "cli")
OTHERS = tuple(name for name in SERVICES if name != "credentials")


@pytest.fixture
def logins(vault: VaultAccess) -> Iterator[Logins]:
    with Logins(vault) as logins:
        yield logins


def any_company() -> str:
    return f"Company-{uuid.uuid4()}"


def token_set_of(company: str) -> str:
    return f"{company}/token-sets/{uuid.uuid4()}"


def write(client: hvac.Client, path: str, value: str, cas: int | None) -> None:
    client.secrets.kv.v2.create_or_update_secret(path, {"key": value}, cas=cas, mount_point="ledgerbus")


def read(client: hvac.Client, path: str) -> str:
    answer = client.secrets.kv.v2.read_secret_version(
        path, mount_point="ledgerbus", raise_on_deleted_version=True
    )
    return str(answer["data"]["data"]["key"])


def test_a_company_writes_reads_and_destroys_a_token_set(logins: Logins) -> None:
    company = any_company()
    client, path = logins.company(company), token_set_of(company)

    write(client, path, "first", cas=0)
    write(client, path, "second", cas=1)
    kept = read(client, path)
    client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point="ledgerbus")

    assert kept == "second"
    with pytest.raises(InvalidPath):
        read(client, path)


@pytest.mark.parametrize("cas", [None, 0], ids=["without a version", "with an old version"])
def test_a_write_needs_the_current_version(logins: Logins, cas: int | None) -> None:
    company = any_company()
    client, path = logins.company(company), token_set_of(company)
    write(client, path, "first", cas=0)

    with pytest.raises(InvalidRequest, match="check-and-set"):
        write(client, path, "second", cas=cas)

    assert read(client, path) == "first"


def test_credentials_keeps_secrets_of_its_own(logins: Logins) -> None:
    client, path = logins.service("credentials"), f"_service/{uuid.uuid4()}"

    write(client, path, "signing key", cas=0)

    assert read(client, path) == "signing key"


def assert_out_of_reach(client: hvac.Client, path: str) -> None:
    with pytest.raises(Forbidden):
        read(client, path)
    with pytest.raises(Forbidden):
        write(client, path, "mine", cas=1)
    with pytest.raises(Forbidden):
        write(client, token_set_of(path.partition("/")[0]), "mine", cas=0)
    with pytest.raises(Forbidden):
        client.secrets.kv.v2.read_secret_metadata(path, mount_point="ledgerbus")
    with pytest.raises(Forbidden):
        client.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point="ledgerbus")


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_reaches_a_company_s_secret_under_its_own_name(logins: Logins, service: str) -> None:
    company = any_company()
    path = token_set_of(company)
    write(logins.company(company), path, "secret", cas=0)

    assert_out_of_reach(logins.service(service), path)


@pytest.mark.parametrize("other", ["elsewhere", "acme", "Acme-2"])
def test_a_company_s_token_reaches_nothing_of_another(logins: Logins, other: str) -> None:
    path = token_set_of("Acme")
    write(logins.company("Acme"), path, "secret", cas=0)

    assert_out_of_reach(logins.company(other), path)


def test_a_company_s_token_ends_by_itself_within_minutes(logins: Logins) -> None:
    token = logins.company(any_company()).token

    found = logins.administrator().auth.token.lookup(token)["data"]

    assert found["creation_ttl"] == 300
    assert found["renewable"] is False
    assert found["policies"] == ["ledgerbus-company"]


@pytest.mark.parametrize("path", ["elsewhere/x", "token-sets/x/y", "token-sets"])
def test_a_company_reaches_nothing_else_of_its_own(logins: Logins, path: str) -> None:
    company = any_company()

    with pytest.raises(Forbidden):
        write(logins.company(company), f"{company}/{path}", "x", cas=0)


@pytest.mark.parametrize("service", OTHERS)
def test_no_other_service_may_sign_in_as_a_company(logins: Logins, service: str) -> None:
    with pytest.raises(Forbidden):
        sign(logins.service(service), claims_for(any_company()))


def test_a_company_s_token_signs_in_as_no_other(logins: Logins) -> None:
    with pytest.raises(Forbidden):
        sign(logins.company(any_company()), claims_for(any_company()))


@pytest.mark.parametrize("service", SERVICES)
def test_an_identity_token_names_its_service(vault: VaultAccess, logins: Logins, service: str) -> None:
    client = logins.service(service)

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


async def test_secrets_and_logins_survive_a_crash(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    vault, path = stack.settings.vault, token_set_of("Acme")
    await stack.vault.start()
    try:
        with Logins(vault) as logins:
            write(logins.company("Acme"), path, "kept", cas=0)
        handed_over = vault.roles["notifier"].secret_id_file.read_text()

        await stack.vault.kill()
        await stack.vault.start()

        with Logins(vault) as logins:
            assert read(logins.company("Acme"), path) == "kept"
        assert vault.roles["notifier"].secret_id_file.read_text() == handed_over
    finally:
        await stack.vault.stop()


async def test_a_secret_id_that_is_gone_is_handed_over_anew(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    vault = stack.settings.vault
    await stack.vault.start()
    try:
        vault.roles["credentials"].secret_id_file.write_text("00000000-0000-0000-0000-000000000000")
        vault.roles["notifier"].secret_id_file.unlink()

        await stack.vault.restart()

        with Logins(vault) as logins:
            for service in ("credentials", "notifier"):
                assert logins.service(service).is_authenticated()
    finally:
        await stack.vault.stop()


def test_only_the_owner_reads_what_opens_the_vault(vault: VaultAccess) -> None:
    folder = vault.roles["cli"].secret_id_file.parents[1]
    openers = [folder / "keys.json", *(role.secret_id_file for role in vault.roles.values())]

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in openers}

    assert modes == dict.fromkeys(["keys.json", *SERVICES], 0o600)
