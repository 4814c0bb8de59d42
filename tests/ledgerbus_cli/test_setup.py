"""What `ledgerbus setup` leaves behind in a broker and a vault."""

import asyncio
import json
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from ledgerbus_cli.main import app
from sandbox.embedded import VaultAccess
from support.loopback import loopback_client
from sync_contracts.topics import all_topics
from typer.testing import CliRunner

pytestmark = pytest.mark.integration


def run_setup(kafka: str, vault: VaultAccess, folder: Path, token: str) -> int:
    where = ["--kafka", kafka, "--vault", vault.address, "--secret-ids", str(folder)]
    return (
        CliRunner().invoke(app, ["setup", *where, "--partitions", "2"], env={"VAULT_TOKEN": token}).exit_code
    )


def root_token(vault: VaultAccess) -> str:
    keys = vault.roles["cli"].secret_id_file.parents[1] / "keys.json"
    return str(json.loads(keys.read_text())["root_token"])


async def test_topics_and_logins_are_there_however_often_it_runs(
    kafka_bootstrap: str, vault: VaultAccess, tmp_path: Path
) -> None:
    asked = (kafka_bootstrap, vault, tmp_path, root_token(vault))
    codes = [await asyncio.to_thread(run_setup, *asked) for _ in range(2)]

    assert codes == [0, 0]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        assert set(all_topics()) <= set(await admin.list_topics())
    finally:
        await admin.close()
    login = {"role_id": "notifier", "secret_id": (tmp_path / "notifier").read_text()}
    async with loopback_client() as http:
        answer = await http.post(f"{vault.address}/v1/auth/approle/login", json=login)
    assert answer.status_code == 200


def test_a_token_without_rights_is_told(kafka_bootstrap: str, vault: VaultAccess, tmp_path: Path) -> None:
    assert run_setup(kafka_bootstrap, vault, tmp_path, "no-such-token") != 0


def test_no_secret_is_an_argument(tmp_path: Path) -> None:
    where = ["--kafka", "127.0.0.1:9", "--vault", "http://127.0.0.1:9", "--secret-ids", str(tmp_path)]

    answer = CliRunner().invoke(app, ["setup", *where], env={"VAULT_TOKEN": ""})
    with_token = CliRunner().invoke(app, ["setup", *where, "--token", "secret"])

    assert (answer.exit_code, with_token.exit_code) == (2, 2)
    assert "VAULT_TOKEN" in answer.stderr
    assert "No such option" in with_token.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--vault", "http://127.0.0.1:9"], "--secret-ids or --service-accounts"),
        (["--service-accounts", "books/lb-{service}"], "need --vault"),
        (["--vault", "http://127.0.0.1:9", "--service-accounts", "lb-{service}"], "NAMESPACE/NAME"),
        (["--vault", "http://127.0.0.1:9", "--service-accounts", "books/lb"], "{service}"),
    ],
)
def test_how_services_sign_in_has_to_be_said(given: list[str], told: str) -> None:
    answer = CliRunner().invoke(app, ["setup", "--kafka", "127.0.0.1:9", *given], env={"VAULT_TOKEN": "x"})

    assert answer.exit_code == 2
    assert told in answer.stderr


async def test_a_broker_may_be_prepared_alone(kafka_bootstrap: str) -> None:
    asked = ["setup", "--kafka", kafka_bootstrap, "--partitions", "2"]

    answer = await asyncio.to_thread(CliRunner().invoke, app, asked)

    assert answer.exit_code == 0, answer.stderr
    assert "Vault" not in answer.stdout
