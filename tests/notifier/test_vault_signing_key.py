"""The key in a real vault: used by the notifier, read by nobody."""

from collections.abc import AsyncIterator

import hvac
import pytest
from hvac.exceptions import Forbidden
from notifier.adapters.vault_signing_key import VaultSigningKey
from sandbox.embedded import VaultAccess
from service_kit.health import Health
from service_kit.vault import VaultClient
from support.notifier_service import vault_settings

pytestmark = pytest.mark.integration


@pytest.fixture
async def client(vault: VaultAccess) -> AsyncIterator[VaultClient]:
    made = VaultClient(vault_settings(vault), Health())
    yield made
    await made.aclose()


async def test_the_same_text_and_version_give_the_same_mac_in_every_process(client: VaultClient) -> None:
    mac, version = await VaultSigningKey(client).mac(b"company-1/endpoint-1")

    assert len(mac) == 32
    assert await VaultSigningKey(client).mac(b"company-1/endpoint-1", key_version=version) == (mac, version)
    assert (await VaultSigningKey(client).mac(b"company-1/endpoint-2"))[0] != mac


async def test_the_notifier_can_do_nothing_else_with_the_key_or_with_clients_secrets(
    client: VaultClient,
) -> None:
    async def attempt(method: str, path: str) -> int:
        def ask(vault: hvac.Client) -> int:
            try:
                return int(vault.adapter.request(method, f"/v1/{path}", raise_exception=False).status_code)
            except Forbidden:
                return 403

        return await client.run(ask)

    for method, path in (
        ("get", "ledgerbus-transit/keys/webhooks"),
        ("get", "ledgerbus-transit/export/hmac-key/webhooks"),
        ("delete", "ledgerbus-transit/keys/webhooks"),
        ("post", "ledgerbus-transit/keys/webhooks/rotate"),
        ("post", "ledgerbus-transit/decrypt/webhooks"),
        ("get", "ledgerbus/data/_service/signing-key"),
        ("get", "ledgerbus/data/company-1/token-sets/1"),
    ):
        assert await attempt(method, path) == 403, path


@pytest.mark.parametrize("service", ["credentials", "sync-orchestrator", "connector-workers", "cli"])
async def test_no_other_service_can_use_it(vault: VaultAccess, service: str) -> None:
    other = VaultClient(vault_settings(vault, service), Health())
    try:
        with pytest.raises(Exception, match="permission denied"):
            await VaultSigningKey(other).mac(b"company-1/endpoint-1")
    finally:
        await other.aclose()
