"""`ledgerbus imitate`: services elsewhere are pointed at the sandbox and believe the platform's tokens."""

import json
import stat
import subprocess
from pathlib import Path

import jwt
import pytest
from connectors.registry import CONNECTORS
from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.identity import AUDIENCE, PlatformKey
from ledgerbus_cli.main import app
from ledgerbus_cli.platform_client import OWNER
from ledgerbus_cli.system import System
from typer.testing import CliRunner, Result

pytestmark = pytest.mark.integration

CALLBACK = "http://localhost:8001/v1/oauth/callback"


def imitate(folder: Path, at: dict[str, str]) -> Result:
    places = [f"--at={name}={address}" for name, address in at.items()]
    folders = [f"--settings={folder / 'settings'}", f"--data={folder / 'data'}", f"--callback={CALLBACK}"]
    return CliRunner().invoke(app, ["imitate", *places, *folders])


def as_a_shell_reads_it(file: Path, name: str) -> str:
    script = f'. "{file}"; printf %s "${name}"'
    return subprocess.run(["sh", "-ec", script], check=True, capture_output=True, text=True).stdout


def test_services_find_the_sandbox_and_the_platform(system: System, tmp_path: Path) -> None:
    at = {name: str(address) for name, address in system.addresses.model_dump(exclude_none=True).items()}

    done = imitate(tmp_path, at)

    file = tmp_path / "settings" / "services.env"
    assert done.exit_code == 0, done.output
    endpoints = json.loads(as_a_shell_reads_it(file, "CONNECTORS__ENDPOINTS"))
    assert set(endpoints) == set(CONNECTORS)
    assert all(url.startswith(at["sandbox"]) for named in endpoints.values() for url in named.values())
    assert json.loads(as_a_shell_reads_it(file, "CONNECTORS__OPERATORS"))["xero"]["redirect_uri"] == CALLBACK
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Addresses.read(tmp_path / "data") == Addresses(**at)

    keys = as_a_shell_reads_it(file, "CREDENTIALS__USERS__JWKS_URL").removeprefix("file://")
    token = PlatformKey.kept_in(tmp_path / "data" / "platform").token("firm-1", OWNER)
    published = jwt.PyJWKSet.from_json(Path(keys).read_text()).keys[0]
    assert jwt.decode(token, published, algorithms=["RS256"], audience=AUDIENCE)["company_id"] == "firm-1"


def test_an_address_that_is_missing_is_named(tmp_path: Path) -> None:
    everything = dict.fromkeys(Addresses.model_fields, "http://127.0.0.1:9")
    incomplete = {name: address for name, address in everything.items() if name != "notifier"}

    assert "notifier" in imitate(tmp_path, incomplete).output
    away = imitate(tmp_path, everything)
    assert (away.exit_code, "127.0.0.1:9" in away.output) == (1, True)
