"""`ledgerbus unseal`: a vault is open again soon after it was sealed."""

import asyncio
import json
from pathlib import Path

import hvac
import pytest
import requests
from ledgerbus_cli.unsealing import keep_open
from sandbox.embedded.ports import free_port
from sandbox.embedded.server import Server
from sandbox.embedded.vault import Vault
from support.kafka import eventually
from support.loopback import loopback_client

pytestmark = pytest.mark.integration


def seal(address: str, token: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        hvac.Client(url=address, token=token, session=session).sys.seal()


async def test_it_is_opened_whenever_it_is_sealed_and_waited_for_while_it_is_away(tmp_path: Path) -> None:
    vault, told = Vault(tmp_path / "vault", free_port()), list[str]()
    server, address, keys = Server(vault, tmp_path), vault.access.address, tmp_path / "vault" / "keys.json"

    async def is_open() -> bool:
        async with loopback_client() as http:
            return (await http.get(f"{address}/v1/sys/health")).status_code == 200

    await server.start()
    opening = asyncio.create_task(keep_open(address, keys, told.append, every_s=0.05))
    try:
        await eventually(lambda: told == [f"{address} is open."])
        await asyncio.to_thread(seal, address, json.loads(keys.read_text())["root_token"])
        await eventually(is_open)
        await server.kill()
        await eventually(lambda: told[-1].endswith("trying again."))
    finally:
        opening.cancel()
        await server.stop()
