"""What docs/ shows to developers of platforms runs as shown, against a running system."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ledgerbus_cli.system import System
from sandbox.embedded import BrokerKind
from sandbox.embedded.ports import free_port
from support.system import Firm
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

DOCS = Path(__file__).parents[2] / "docs"
LONGEST_S = 150
MERIT = Provider.MERIT_AKTIVA


async def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a developer would, with this Python first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


async def test_the_example_platform_asks_and_hears(system: System, firm: Firm, tmp_path: Path) -> None:
    await firm.connect("client-1", MERIT)
    asked = (system.addresses.kafka, firm.platform.company_id, "merit-aktiva", "2026-05")
    bulk = (sys.executable, str(DOCS / "examples" / "bulk.py"), *asked)

    partly = await run(*bulk, "client-1", "client-2", folder=tmp_path)
    again = await run(*bulk, "client-1", folder=tmp_path)
    refused = await run(*bulk, "client-1", "client-1", folder=tmp_path)

    *_, ending, trouble, written = partly.stdout.splitlines()
    assert ending.startswith("completed_with_problems: Not everything could be read (2 clients, 1 month)")
    assert trouble.startswith("client-2: skipped NO_CREDENTIALS The client has no credentials")
    assert (written, partly.returncode) == ("client-1: written", 1)
    assert again.stdout.splitlines()[-1] == "client-1: unchanged"
    assert again.returncode == 0
    assert refused.stdout.startswith("refused: The request does not fit its schema")


async def test_the_page_for_platforms_runs_from_top_to_bottom(
    system: System, firm: Firm, tmp_path: Path
) -> None:
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    (tmp_path / ".ledgerbus").symlink_to(system.data_dir)
    (tmp_path / "docs").symlink_to(DOCS)
    account = await firm.sandbox.fresh_account(MERIT)
    script = _commands(with_kcat=system.broker is BrokerKind.KAFKA and bool(shutil.which("kcat")))
    for shown, ours in (
        ("firm-7", firm.platform.company_id),
        ("merit-aktiva-0001", account["account"]),
        ("port=8871", f"port={free_port()}"),
    ):
        assert shown in script
        script = script.replace(shown, ours)

    done = await run("bash", "-euo", "pipefail", "-c", script, folder=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "client-1: written" in done.stdout
    assert '"sales_net"' in done.stdout
    assert "webhook.test.v1" in done.stdout


def _commands(*, with_kcat: bool) -> str:
    page = (DOCS / "for-platforms.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return "\n".join(block for block in blocks if with_kcat or "kcat" not in block)
