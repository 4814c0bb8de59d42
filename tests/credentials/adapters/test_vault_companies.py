"""One company's work never reaches another's secrets: Vault itself refuses it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import hvac
import pytest
from connectors.protocol import Grant
from credentials.adapters import vault_companies
from credentials.adapters.vault_companies import VaultCompanies
from credentials.adapters.vault_token_sets import VaultTokenSets
from credentials.token_set import TokenSet
from pydantic import ValidationError
from sandbox.embedded.ports import free_port
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from service_kit.settings import VaultSettings
from service_kit.vault import VaultClient

pytestmark = pytest.mark.integration


def reading(company: str, token_set_id: UUID) -> Callable[[hvac.Client], object]:
    def read(client: hvac.Client) -> object:
        path = f"{company}/token-sets/{token_set_id}"
        return client.secrets.kv.v2.read_secret_version(
            path, mount_point="ledgerbus", raise_on_deleted_version=True
        )["data"]["data"]

    return read


def token_of(client: hvac.Client) -> str:
    return str(client.token)


@pytest.fixture
def companies(vault_client: VaultClient) -> VaultCompanies:
    return VaultCompanies(vault_client)


@pytest.fixture
async def secret_of_a(companies: VaultCompanies) -> UUID:
    token_set_id = uuid4()
    secret = TokenSet(grant=Grant({"refresh_token": "ann-1"}))
    assert await VaultTokenSets(companies).write("firm-A", token_set_id, secret, version=0)
    return token_set_id


async def test_work_as_one_company_is_refused_another_s_secret(
    companies: VaultCompanies, secret_of_a: UUID
) -> None:
    assert await companies.run("firm-A", reading("firm-A", secret_of_a))

    for other in ("firm-B", "firm-a"):
        with pytest.raises(DependencyDownError, match="permission denied"):
            await companies.run(other, reading("firm-A", secret_of_a))


async def test_the_service_itself_is_refused_every_company_s_secret(
    vault_client: VaultClient, secret_of_a: UUID
) -> None:
    with pytest.raises(DependencyDownError, match="permission denied"):
        await vault_client.run(reading("firm-A", secret_of_a))


@pytest.mark.parametrize("company", ["+", "*", "firm-A/token-sets", "..", "", "{{identity.entity.id}}"])
async def test_what_is_no_company_s_id_never_signs_in(companies: VaultCompanies, company: str) -> None:
    with pytest.raises(ValidationError):
        await companies.run(company, token_of)


async def test_many_who_need_a_company_s_token_sign_in_once(companies: VaultCompanies) -> None:
    at_once = await asyncio.gather(*(companies.run("firm-A", token_of) for _ in range(10)))
    later = await companies.run("firm-A", token_of)
    other = await companies.run("firm-B", token_of)

    assert set(at_once) == {later}
    assert other != later


async def test_a_token_is_kept_for_two_thirds_of_its_life(companies: VaultCompanies) -> None:
    first = await companies.run("firm-A", token_of)
    signed_in = companies._signed_in["firm-A"]
    kept_s = signed_in.until_s - time.monotonic()
    companies._signed_in["firm-A"] = replace(signed_in, until_s=time.monotonic() - 1)

    replaced = await companies.run("firm-A", token_of)

    assert 0.6 * 300 < kept_s <= 200
    assert replaced != first


async def test_a_token_that_vault_takes_no_longer_is_replaced_at_once(companies: VaultCompanies) -> None:
    token_set_id = uuid4()
    await companies.run("firm-A", lambda client: setattr(client, "token", "b.made-up"))

    found = await VaultTokenSets(companies).read("firm-A", token_set_id)

    assert found is None


async def test_only_so_many_companies_are_kept_signed_in(
    companies: VaultCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_companies, "_KEPT", 2)
    first = await companies.run("firm-A", token_of)
    await companies.run("firm-B", token_of)
    used_again = await companies.run("firm-A", token_of)
    await companies.run("firm-C", token_of)  # the longest unused, firm-B, gives way

    assert first == used_again == await companies.run("firm-A", token_of)
    assert len(companies._signed_in) == 2


async def test_a_vault_that_is_away_is_an_outage_and_heals(vault_settings: VaultSettings) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    health = Health()
    client = VaultClient(vault_settings.model_copy(update={"address": address}), health)

    with pytest.raises(DependencyDownError):
        await VaultCompanies(client).run("firm-A", token_of)

    assert "vault" in health.troubles
    await client.aclose()


async def test_a_login_whose_signature_is_not_the_vault_s_is_refused(
    companies: VaultCompanies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_companies, "sign", lambda _client, _claims: "x" * 86)

    with pytest.raises(DependencyDownError, match="sign-in refused"):
        await companies.run("firm-A", token_of)
