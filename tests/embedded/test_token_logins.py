"""Services sign in to a vault by the tokens of their service accounts, and are who they are."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hvac
import jwt
import pytest
import trustme
from sandbox.embedded import EmbeddedError, VaultAccess
from sandbox.embedded.provisioning import provision
from sandbox.embedded.token_logins import TokenLogin
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from service_kit.service_token import ServiceToken
from service_kit.settings import VaultSettings
from service_kit.vault import VaultClient
from support.loopback import loopback_client
from support.service_accounts import NAMESPACE, Cluster, api_server
from support.vault_logins import Logins

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(scope="module")
def administrator(vault: VaultAccess) -> Iterator[hvac.Client]:
    with Logins(vault) as logins:
        yield logins.administrator()


@pytest.fixture(scope="module")
def jwt_login(administrator: hvac.Client, cluster: Cluster) -> TokenLogin:
    """Believes the cluster's key itself."""
    login = TokenLogin(
        kind="jwt", mount=f"jwt-{uuid4().hex[:8]}", namespace=NAMESPACE, account="lb-{service}"
    )
    administrator.sys.enable_auth_method("jwt", path=login.mount)
    administrator.write_data(
        f"auth/{login.mount}/config",
        data={"jwt_validation_pubkeys": [cluster.public_key], "jwt_supported_algs": ["ES256"]},
    )
    for _ in range(2):  # safe to repeat
        provision(administrator, tokens=login)
    return login


@pytest.fixture(scope="module")
def kubernetes_login(administrator: hvac.Client, cluster: Cluster) -> Iterator[TokenLogin]:
    """Asks the cluster about each token."""
    login = TokenLogin(
        kind="kubernetes", mount=f"k8s-{uuid4().hex[:8]}", namespace=NAMESPACE, account="lb-{service}"
    )
    administrator.sys.enable_auth_method("kubernetes", path=login.mount)
    with api_server(cluster) as address:
        administrator.write_data(
            f"auth/{login.mount}/config",
            data={
                "kubernetes_host": address,
                "token_reviewer_jwt": cluster.token("vault"),
                "kubernetes_ca_cert": trustme.CA().cert_pem.bytes().decode(),  # demanded even without TLS
                "disable_local_ca_jwt": True,
            },
        )
        provision(administrator, tokens=login)
        yield login


@pytest.fixture(params=["jwt_login", "kubernetes_login"])
def login(request: pytest.FixtureRequest) -> TokenLogin:
    found: TokenLogin = request.getfixturevalue(request.param)
    return found


def settings_for(vault: VaultAccess, login: TokenLogin, service: str, token_file: Path) -> VaultSettings:
    return VaultSettings(
        address=vault.address,
        auth=login.kind,
        auth_mount=login.mount,
        role=service,
        token_file=token_file,
    )


async def sign_in(settings: VaultSettings) -> dict[str, object]:
    client = VaultClient(settings, Health())
    try:
        return dict(await client.run(lambda signed_in: signed_in.auth.token.lookup_self()["data"]))
    finally:
        await client.aclose()


async def test_an_account_gets_the_policies_of_its_service(
    vault: VaultAccess, login: TokenLogin, cluster: Cluster, tmp_path: Path
) -> None:
    token = cluster.project(tmp_path / "token", "lb-credentials")

    found = await sign_in(settings_for(vault, login, "credentials", token))

    assert found["policies"] == ["default", "ledgerbus-credentials", "ledgerbus-service"]
    assert found["creation_ttl"] == 20 * 60


async def test_sister_services_are_told_the_same_name_as_with_a_secret_id(
    vault: VaultAccess, login: TokenLogin, cluster: Cluster, tmp_path: Path
) -> None:
    token = cluster.project(tmp_path / "token", "lb-connector-workers")

    async with loopback_client() as http:
        settings = settings_for(vault, login, "connector-workers", token)
        header = await ServiceToken(settings, http).header()

    issued = header["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(issued, options={"verify_signature": False})["service"] == "connector-workers"


async def test_a_token_that_has_been_replaced_is_read_anew(
    vault: VaultAccess, jwt_login: TokenLogin, cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("an old one")
    client = VaultClient(settings_for(vault, jwt_login, "notifier", file), Health())
    with pytest.raises(DependencyDownError, match="sign-in refused"):
        await client.run(lambda signed_in: signed_in.token)

    cluster.project(file, "lb-notifier")

    assert await client.run(lambda signed_in: signed_in.token)
    await client.aclose()


@pytest.mark.parametrize(
    "wrong",
    [{"account": "lb-notifier"}, {"namespace": "elsewhere"}, {"audience": "api"}],
    ids=["another service", "another namespace", "another audience"],
)
async def test_nobody_else_signs_in_as_credentials(
    vault: VaultAccess, login: TokenLogin, cluster: Cluster, tmp_path: Path, wrong: dict[str, str]
) -> None:
    token = tmp_path / "token"
    token.write_text(cluster.token(**{"account": "lb-credentials"} | wrong))

    with pytest.raises(DependencyDownError, match="sign-in refused"):
        await sign_in(settings_for(vault, login, "credentials", token))


async def test_a_foreign_cluster_s_token_is_refused(
    vault: VaultAccess, login: TokenLogin, tmp_path: Path
) -> None:
    token = Cluster().project(tmp_path / "token", "lb-credentials")

    with pytest.raises(DependencyDownError, match="sign-in refused"):
        await sign_in(settings_for(vault, login, "credentials", token))


def test_a_login_that_nobody_has_enabled_is_told(administrator: hvac.Client) -> None:
    nowhere = TokenLogin(kind="jwt", mount="nowhere", namespace=NAMESPACE, account="{service}")

    with pytest.raises(EmbeddedError, match="no login jwt at nowhere"):
        provision(administrator, tokens=nowhere)
