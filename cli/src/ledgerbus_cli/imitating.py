"""`ledgerbus imitate`: lets services that run elsewhere ask the sandbox, and a person ask them."""

import asyncio
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError
from sandbox.embedded.private import write_private

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.identity import AUDIENCE, ISSUER, PlatformKey
from ledgerbus_cli.imitated import connector_settings
from ledgerbus_cli.options import DATA, DataFolder
from ledgerbus_cli.problems import BadUsageError, UnreachableError

SETTINGS, KEYS = "services.env", "jwks.json"
_CALLED_BY_PEOPLE = ("credentials", "sync-orchestrator", "summary-writer", "notifier")


def imitate(
    *,
    at: Annotated[
        list[str], typer.Option(metavar="NAME=ADDRESS", help=f"Each of {', '.join(Addresses.model_fields)}.")
    ],
    callback: Annotated[str, typer.Option(metavar="URL", help="Where consents come back to in a browser.")],
    settings: Annotated[Path, typer.Option(metavar="FOLDER", help="The services' folder.")],
    data: DataFolder = DATA,
) -> None:
    """Write settings for services that ask the sandbox and believe our platform, and where they are.

    FOLDER/services.env, for a shell, and FOLDER/jwks.json are for the services, which see them at the same
    path; the platform's key and the addresses go to --data, where the other commands find them.
    """
    addresses = _addresses(dict(one.partition("=")[::2] for one in at))
    key = PlatformKey.kept_in(data / "platform")
    keys = (settings / KEYS).absolute()
    write_private(keys, key.jwks.read_text())
    write_private(
        settings / SETTINGS,
        _as_shell(asyncio.run(_settings(str(addresses.sandbox), callback, keys.as_uri()))),
    )
    addresses.write(data)


def _addresses(named: Mapping[str, str]) -> Addresses:
    try:
        addresses = Addresses.model_validate(named)
    except ValidationError as error:
        missing = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise BadUsageError(f"--at is missing for {missing}.") from None
    if addresses.sandbox is None:
        raise BadUsageError("--at is missing for sandbox.")
    return addresses


async def _settings(sandbox: str, callback: str, jwks_url: str) -> dict[str, str]:
    try:
        connectors = await connector_settings(sandbox, callback)
    except httpx.HTTPError:
        raise UnreachableError("The sandbox", sandbox) from None
    users = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS_URL": jwks_url}
    return {
        **connectors,
        **{
            f"{service.replace('-', '_').upper()}__USERS__{name}": value
            for service in _CALLED_BY_PEOPLE
            for name, value in users.items()
        },
    }


def _as_shell(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
