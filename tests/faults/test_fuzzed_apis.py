"""Hostile input to every HTTP API, made from its own OpenAPI document: no fault, nothing undocumented."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from ledgerbus_cli.system import System
from service_kit.service_token import ServiceToken
from service_kit.settings import VaultSettings
from support.system import Firm
from sync_contracts.event import Actor, Role
from sync_contracts.month import Month
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

DOCUMENTS = Path(__file__).parents[2] / "schemas" / "generated" / "openapi"
PEOPLE_S = ("credentials", "sync-orchestrator", "summary-writer", "notifier")
# A document cannot say all that is refused (a form's missing field, a consent of nobody), and the framework
# names in `Allow` the methods of an address's first route only.
LEFT_OUT = "positive_data_acceptance,allow_header_conformance"
CHECKS = ("--checks", "all", "--exclude-checks", LEFT_OUT)


def fuzz(system: System, service: str, *options: str, token: str = "") -> None:
    """The same requests every time, in ten to twenty seconds."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENTS / f"{service}.json")),
        *("--url", f"http://127.0.0.1:{system.ports[service]}", "--no-color", "--seed", "1"),
        *("--continue-on-failure", "--suppress-health-check", "all", *CHECKS, *options),
        *(("--header", f"Authorization: Bearer {token}") if token else ()),
    ]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=150, cwd=system.data_dir
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]


@pytest.fixture
async def busy_firm(firm: Firm) -> Firm:
    """One that has read a month, so that there is something to find."""
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, Month(2026, 8))
    return firm


@pytest.mark.parametrize("service", PEOPLE_S)
async def test_an_owner_s_hostile_input_is_answered_as_documented(
    system: System, busy_firm: Firm, service: str
) -> None:
    owner = system.key.token(busy_firm.platform.company_id, Actor(id="owner-1", role=Role.OWNER))

    await asyncio.to_thread(
        fuzz,
        *(system, service, "--phases", "coverage,fuzzing", "--max-examples", "10"),
        *("--exclude-path-regex", "^/internal"),
        token=owner,
    )


@pytest.mark.parametrize("service", PEOPLE_S)
async def test_a_stranger_s_hostile_input_is_answered_as_documented(system: System, service: str) -> None:
    await asyncio.to_thread(fuzz, system, service, "--phases", "fuzzing", "--max-examples", "5")


@pytest.mark.parametrize(
    ("caller", "path"),
    [
        ("connector-workers", "^/internal/connections(/|:lease)"),
        ("sync-orchestrator", "^/internal/connections:(?!lease)"),
    ],
)
async def test_a_sister_service_s_hostile_input_is_answered_as_documented(
    system: System, caller: str, path: str
) -> None:
    role = system.stack.settings.vault.roles[caller]
    vault = VaultSettings(
        address=str(system.addresses.vault), role_id=role.role_id, secret_id_file=role.secret_id_file
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        header = await ServiceToken(vault, http).header()

    await asyncio.to_thread(
        fuzz,
        *(system, "credentials", "--phases", "coverage,fuzzing", "--max-examples", "10"),
        *("--include-path-regex", path),
        token=header["Authorization"].removeprefix("Bearer "),
    )
