"""Real stores beside the fakes: a database of its own, a signed-in client of the vault."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase
from pydantic import SecretStr
from sandbox.embedded import VaultAccess
from service_kit.health import Health
from service_kit.mongo import Document, build_mongo, database
from service_kit.settings import MongoSettings, VaultSettings
from service_kit.vault import VaultClient


@pytest.fixture
async def records(mongo_url: str) -> AsyncIterator[AsyncIOMotorDatabase[Document]]:
    settings = MongoSettings(url=SecretStr(mongo_url), database=f"credentials-{uuid4().hex[:8]}")
    client = build_mongo(settings)
    yield database(client, settings)
    await client.drop_database(settings.database)
    client.close()


@pytest.fixture
def vault_settings(vault: VaultAccess) -> VaultSettings:
    role = vault.roles["credentials"]
    return VaultSettings(
        address=vault.address, mount=vault.mount, role_id=role.role_id, secret_id_file=role.secret_id_file
    )


@pytest.fixture
async def vault_client(vault_settings: VaultSettings) -> AsyncIterator[VaultClient]:
    client = VaultClient(vault_settings, Health())
    yield client
    await client.aclose()
