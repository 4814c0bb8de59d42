"""Which ways to sign in to Vault there are, and what each needs."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from service_kit.settings import VaultSettings
from service_kit.vault import VaultClient
from service_kit.vault_login import login

APPROLE = {"role_id": "notifier", "secret_id_file": "secret-id"}
TOKEN = {"role": "notifier", "token_file": "token"}


def settings(**given: Any) -> VaultSettings:
    return VaultSettings.model_validate({"address": "http://127.0.0.1:9", **given})


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (APPROLE, "auth/approle/login"),
        ({"auth": "jwt", **TOKEN}, "auth/jwt/login"),
        ({"auth": "kubernetes", "auth_mount": "eu-1", **TOKEN}, "auth/eu-1/login"),
    ],
)
def test_each_way_is_one_call_with_what_its_file_holds(
    given: dict[str, str], path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret-id").write_text("hunter2\n")
    Path("token").write_text("hunter2\n")

    wanted = login(settings(**given))

    assert wanted.path == path
    assert set(wanted.body.values()) == {"notifier", "hunter2"}
    assert "hunter2" not in repr(wanted)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "auth approle needs role_id and secret_id_file"),
        ({"auth": "jwt", "role": "notifier"}, "auth jwt needs token_file"),
        ({"auth": "kubernetes", **TOKEN, **APPROLE}, "takes no role_id and no secret_id_file"),
        ({**APPROLE, "role": "notifier"}, "auth approle takes no role"),
        ({"auth": "userpass", **TOKEN}, "'approle', 'jwt' or 'kubernetes'"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**given)


async def test_a_file_that_is_not_there_is_an_outage(tmp_path: Path) -> None:
    health = Health()
    client = VaultClient(settings(auth="jwt", role="notifier", token_file=tmp_path / "none"), health)

    with pytest.raises(DependencyDownError, match="FileNotFoundError"):
        await client.run(lambda signed_in: signed_in.token)

    assert health.troubles == {"vault": "FileNotFoundError"}
    await client.aclose()
