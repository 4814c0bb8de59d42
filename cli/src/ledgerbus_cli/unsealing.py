"""`ledgerbus unseal`: keeps a vault on one machine open, with its keys beside it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import hvac
import requests
import typer
from hvac.exceptions import VaultError
from sandbox.embedded.vault_keys import unseal as open_vault

from ledgerbus_cli.signals import run_until_told

KEYS = "keys.json"
LOOK_EVERY_S = 1.0
_TIMEOUT_S = 30.0


def unseal(
    *,
    vault: Annotated[str, typer.Option(help="The vault's address.")],
    keys: Annotated[Path, typer.Option(metavar="FOLDER", help="Where its keys are kept.")],
) -> None:
    """Initialise a vault that is new and unseal it whenever it is sealed, until Ctrl-C.

    The unseal key and the root token are kept in FOLDER/keys.json: whoever reads it reads every secret.
    """
    run_until_told(keep_open(vault, keys / KEYS, typer.echo), then_exit=0)


async def keep_open(
    vault: str, keys: Path, tell: Callable[[str], None], *, every_s: float = LOOK_EVERY_S
) -> None:
    """Forever; tells what is new."""
    told = ""
    while True:
        news = await asyncio.to_thread(_look, vault, keys)
        if news != told:
            tell(news)
            told = news
        await asyncio.sleep(every_s)


def _look(vault: str, keys: Path) -> str:
    """What was found, after doing what can be done about it."""
    with requests.Session() as session:
        try:
            open_vault(hvac.Client(url=vault, session=session, timeout=_TIMEOUT_S), keys)
        except (requests.RequestException, VaultError) as error:
            return f"{vault} does not answer as it should ({type(error).__name__}); trying again."
    return f"{vault} is open."
