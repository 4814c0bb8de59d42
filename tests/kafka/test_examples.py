"""What docs/ shows to developers of platforms runs as shown, against a running system."""

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from ledgerbus_cli.system import System
from sandbox.embedded import BrokerKind
from sandbox.embedded.ports import free_port
from support.kafka import eventually
from support.system import Firm
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
LONGEST_S = 150
MERIT = Provider.MERIT_AKTIVA


async def run(*command: str | Path, folder: Path) -> tuple[int | None, str]:
    """As a developer would, with this Python first on the path; how it ended, and what it said."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
    except TimeoutError:
        os.killpg(process.pid, 9)
        raise
    return process.returncode, said.decode()


@asynccontextmanager
async def hearing(kafka: str, folder: Path) -> AsyncIterator[Path]:
    """The file that the listening half of the platform writes its lines to."""
    heard = folder / "heard.txt"
    with heard.open("wb") as file:
        command = (sys.executable, EXAMPLES / "hear.py", kafka, f"platform-{uuid4().hex}")
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=file, stderr=file)
    try:
        yield heard
    finally:
        process.kill()
        await process.wait()


async def test_the_example_platform_asks_and_hears(system: System, firm: Firm, tmp_path: Path) -> None:
    await firm.connect("client-1", MERIT)
    kafka, company = system.addresses.kafka, firm.platform.company_id

    async def ask(month: str, *clients: str) -> str:
        asked = (kafka, company, "merit-aktiva", month, *clients)
        return (await run(sys.executable, EXAMPLES / "ask.py", *asked, folder=tmp_path))[1].strip()

    async with hearing(kafka, tmp_path) as heard:
        accepted = await ask("2026-05", "client-1", "client-2")
        refused = await ask("2090-01", "client-1")
        # Of different topics, so in any order.
        lines = [f"{company}: {said}" for said in ("client-1 written", f"{accepted} is run")]
        lines.append(f"{company}: {refused} was refused")
        await eventually(lambda: all(line in heard.read_text() for line in lines), within_s=60)

    lines = [line for line in heard.read_text().splitlines() if line.startswith(f"{company}: ")]
    (run_id,) = [line.rpartition(" ")[2] for line in lines if f"{accepted} is run" in line]
    ended = "completed_with_problems: Not everything could be read (2 clients, 1 month)"
    assert any(line.startswith(f"{company}: run {run_id} {ended}") for line in lines)
    assert f"{company}: client-2 skipped NO_CREDENTIALS" in lines
    assert any(f"{refused} was refused, MONTH_IN_FUTURE" in line for line in lines)


async def test_the_page_for_platforms_runs_from_top_to_bottom(
    system: System, firm: Firm, tmp_path: Path
) -> None:
    for program in ("curl", "kcat") if system.broker is BrokerKind.KAFKA else ("curl",):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    (tmp_path / ".ledgerbus").symlink_to(system.data_dir)
    (tmp_path / "docs").symlink_to(DOCS)
    account = await firm.sandbox.fresh_account(MERIT)
    with_kcat = system.broker is BrokerKind.KAFKA
    script = _commands(with_kcat=with_kcat)
    for shown, ours in (
        ("firm-7", firm.platform.company_id),
        ("merit-aktiva-0001", account["account"]),
        ("port=8871", f"port={free_port()}"),
        ('"$kafka" platform', f'"$kafka" platform-{uuid4().hex}'),
    ):
        assert shown in script
        script = script.replace(shown, ours)

    ending, said = await run("bash", "-euo", "pipefail", "-c", script, folder=tmp_path)

    assert ending == 0, said
    assert f"{firm.platform.company_id}: client-1 written" in said
    assert '"sales_net"' in said
    assert "webhook.test.v1" in said
    assert not with_kcat or '"NOTHING_TO_RETRY"' in said


def _commands(*, with_kcat: bool) -> str:
    page = (DOCS / "for-platforms.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return "\n".join(block for block in blocks if with_kcat or "kcat" not in block)
