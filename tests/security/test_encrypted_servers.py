"""Vault and MongoDB by TLS, with a certificate of the firm's own authority, and with passwords."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import trustme
from credentials.adapters.vault_companies import VaultCompanies
from credentials.adapters.vault_token_sets import VaultTokenSets
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr
from sandbox.embedded.database import Database
from sandbox.embedded.ports import HOST, free_port
from sandbox.embedded.server import Server
from sandbox.embedded.vault import Vault
from service_kit.errors import DependencyDownError, is_outage
from service_kit.health import Health
from service_kit.mongo import build_mongo, database
from service_kit.service_token import ServiceToken
from service_kit.settings import MongoSettings, VaultSettings
from service_kit.tokens import TokenVerifier
from service_kit.trust import build_http
from service_kit.vault import VaultClient

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Authority:
    """The firm's own, and a certificate that it has signed for this machine."""

    ca_file: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("stranger"))


def _authority(folder: Path) -> Authority:
    made, ca = trustme.CA(), Authority(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    server = made.issue_cert(HOST)
    made.cert_pem.write_to_path(str(ca.ca_file))
    server.private_key_pem.write_to_path(str(ca.key))
    for certificate in server.cert_chain_pems:
        certificate.write_to_path(str(ca.certificate), append=True)
    return ca


class EncryptedVault(Vault):
    """Listens by TLS too, and names itself by that address."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder, free_port())
        self._server_json, self._authority, self.port_tls = folder / "server.json", authority, free_port()

    def command(self) -> Sequence[str]:
        command = super().command()
        settings = json.loads(self._server_json.read_text())
        files = {"tls_cert_file": str(self._authority.certificate), "tls_key_file": str(self._authority.key)}
        encrypted = {"tcp": {"address": f"{HOST}:{self.port_tls}", **files}}
        settings["listener"] = [settings["listener"], encrypted]
        settings["api_addr"] = f"https://{HOST}:{self.port_tls}"
        self._server_json.write_text(json.dumps(settings))
        return command


@pytest.fixture
async def vault_by_tls(authority: Authority, tmp_path: Path) -> AsyncIterator[VaultSettings]:
    program = EncryptedVault(tmp_path / "vault", authority)
    server = Server(program, tmp_path)
    await server.start()
    role = program.access.roles["credentials"]
    yield VaultSettings(
        address=f"https://{HOST}:{program.port_tls}",
        role_id=role.role_id,
        secret_id_file=role.secret_id_file,
        ca_file=authority.ca_file,
    )
    await server.stop()


async def test_vault_is_used_by_tls_and_only_under_a_certificate_that_is_believed(
    vault_by_tls: VaultSettings,
) -> None:
    believing = VaultClient(vault_by_tls, Health())
    doubting = VaultClient(vault_by_tls.model_copy(update={"ca_file": None}), Health())
    http, unbelieving = build_http(vault_by_tls.ca_file), build_http()

    found = await VaultTokenSets(VaultCompanies(believing)).read("firm-1", uuid4())
    token = (await ServiceToken(vault_by_tls, http).header())["Authorization"].removeprefix("Bearer ")
    claims = await TokenVerifier.of_services(vault_by_tls, http).claims(token)
    with pytest.raises(DependencyDownError):
        await VaultTokenSets(VaultCompanies(doubting)).read("firm-1", uuid4())
    with pytest.raises(DependencyDownError):
        await ServiceToken(vault_by_tls, unbelieving).header()

    assert found is None
    assert claims["service"] == "credentials"
    for closed in (believing, doubting, http, unbelieving):
        await closed.aclose()


class EncryptedDatabase(Database):
    """By TLS only, and with passwords once a user has been made."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder, free_port())
        self._authority, self.asks_for_passwords = authority, False

    def command(self) -> Sequence[str]:
        files = self._authority
        by_tls = ["--tls-cert-file", str(files.certificate), "--tls-key-file", str(files.key)]
        return [*super().command(), *by_tls, *(["--auth"] if self.asks_for_passwords else [])]


@pytest.fixture
async def mongo_by_tls(authority: Authority, tmp_path: Path) -> AsyncIterator[MongoSettings]:
    program = EncryptedDatabase(tmp_path / "database", authority)
    server = Server(program, tmp_path)
    await server.start()
    administrator: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
        program.url, tls=True, tlsCAFile=str(authority.ca_file)
    )
    roles = [{"role": "readWrite", "db": "summaries"}]
    await administrator["admin"].command("createUser", "writer", pwd="correct horse", roles=roles)
    administrator.close()
    await server.stop()
    program.asks_for_passwords = True
    await server.start()
    yield MongoSettings(
        url=SecretStr(program.url.replace("//", "//writer:correct%20horse@")),
        database="summaries",
        ca_file=authority.ca_file,
        timeout_s=3,
    )
    await server.stop()


async def written(settings: MongoSettings) -> int:
    client = build_mongo(settings)
    try:
        things = database(client, settings)["things"]
        await things.insert_one({"at": str(uuid4())})
        return await things.count_documents({})
    finally:
        client.close()


async def test_mongodb_is_used_by_tls_with_a_password(
    mongo_by_tls: MongoSettings, stranger: Authority
) -> None:
    url = mongo_by_tls.url.get_secret_value()
    refused = {
        "another authority": mongo_by_tls.model_copy(update={"ca_file": stranger.ca_file}),
        "no TLS": mongo_by_tls.model_copy(update={"ca_file": None}),
        "another password": mongo_by_tls.model_copy(update={"url": SecretStr(url.replace("horse", "cow"))}),
    }

    assert await written(mongo_by_tls) == 1
    for settings in refused.values():
        with pytest.raises(Exception) as error:  # noqa: PT011 (what matters is what the service makes of it)
            await written(settings)
        assert is_outage(error.value), error.value
