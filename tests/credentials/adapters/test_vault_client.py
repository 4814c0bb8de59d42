"""The client stays signed in over lost and ending tokens, and tells outages apart."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from credentials.adapters.vault_companies import VaultCompanies
from credentials.adapters.vault_token_sets import VaultTokenSets
from sandbox.embedded.ports import free_port
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from service_kit.settings import VaultSettings
from service_kit.vault import VaultClient
from support.kafka import eventually

pytestmark = pytest.mark.integration


async def token_of(client: VaultClient) -> str:
    return str(await client.run(lambda signed_in: signed_in.token))


async def lookup(client: VaultClient) -> dict[str, object]:
    return dict(await client.run(lambda signed_in: signed_in.auth.token.lookup_self()["data"]))


async def test_many_who_need_a_token_sign_in_once(vault_client: VaultClient) -> None:
    tokens = await asyncio.gather(*(token_of(vault_client) for _ in range(10)))

    assert len(set(tokens)) == 1


async def test_a_lost_token_is_replaced_by_signing_in_again(vault_client: VaultClient) -> None:
    first = await token_of(vault_client)
    await vault_client.run(lambda client: client.auth.token.revoke_self())

    found = await VaultTokenSets(VaultCompanies(vault_client)).read("firm-1", uuid4())

    assert found is None
    assert await token_of(vault_client) != first


async def test_a_token_is_renewed_at_two_thirds_of_its_life(vault_client: VaultClient) -> None:
    first = await token_of(vault_client)
    vault_client._renew_at_s = time.monotonic() - 1

    await vault_client._renew()

    assert await token_of(vault_client) == first
    assert vault_client._renew_at_s > time.monotonic() + 60
    assert (await lookup(vault_client))["last_renewal"] is not None


async def test_a_token_whose_lease_shrinks_is_replaced(
    vault_client: VaultClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await token_of(vault_client)
    monkeypatch.setattr("service_kit.vault._SHORTEST_LEASE_S", 86_400)
    vault_client._renew_at_s = time.monotonic() - 1

    await vault_client._renew()

    assert await token_of(vault_client) != first


async def test_the_background_loop_signs_in_by_itself(vault_client: VaultClient) -> None:
    loop = asyncio.create_task(vault_client.keep_signed_in())

    await eventually(lambda: bool(vault_client._client.token), within_s=10)

    loop.cancel()
    assert (await lookup(vault_client))["meta"] == {"role_name": "credentials"}


async def test_a_trouble_ends_although_nobody_asks_for_anything(vault_settings: VaultSettings) -> None:
    health = Health()
    health.down("vault", "ConnectionError")
    client = VaultClient(vault_settings, health)
    loop = asyncio.create_task(client.keep_signed_in())

    await eventually(lambda: not health.troubles, within_s=10)

    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await client.aclose()


@pytest.fixture
async def elsewhere(vault_settings: VaultSettings) -> AsyncIterator[tuple[VaultClient, Health]]:
    health = Health()
    address = f"http://127.0.0.1:{free_port()}"
    client = VaultClient(vault_settings.model_copy(update={"address": address}), health)
    yield client, health
    await client.aclose()


async def test_a_vault_that_is_away_turns_the_service_not_ready(
    elsewhere: tuple[VaultClient, Health],
) -> None:
    client, health = elsewhere

    with pytest.raises(DependencyDownError, match="vault is out of reach"):
        await VaultTokenSets(VaultCompanies(client)).read("firm-1", uuid4())

    assert "vault" in health.troubles


async def test_a_secret_id_that_is_refused_is_told_without_quoting_it(
    vault_settings: VaultSettings, tmp_path: Path
) -> None:
    secret_id = tmp_path / "secret-id"
    secret_id.write_text("hunter2")
    client = VaultClient(vault_settings.model_copy(update={"secret_id_file": secret_id}), Health())

    with pytest.raises(DependencyDownError, match="sign-in refused") as error:
        await VaultTokenSets(VaultCompanies(client)).read("firm-1", uuid4())

    assert "hunter2" not in repr(error.value)
    await client.aclose()
