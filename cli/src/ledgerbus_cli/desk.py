"""What the commands that act for the firm's platform have in common: who asks, where, in which form."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from sync_contracts.event import Actor, Role
from sync_contracts.ids import PlatformId

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.identity import PlatformKey
from ledgerbus_cli.options import DATA
from ledgerbus_cli.output import Output
from ledgerbus_cli.platform_client import COMPANY, OWNER, Platform, open_platform
from ledgerbus_cli.problems import BadUsageError

_ID: TypeAdapter[str] = TypeAdapter(PlatformId)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a command works: the platform it acts for and how it answers."""

    platform: Platform
    output: Output


def _options(
    *,
    company: Annotated[str, typer.Option(envvar="LEDGERBUS_COMPANY", help="The accounting firm.")] = COMPANY,
    actor: Annotated[str, typer.Option(envvar="LEDGERBUS_ACTOR", help="Who asks.")] = OWNER.id,
    role: Annotated[
        Role, typer.Option(envvar="LEDGERBUS_ROLE", help="What the asking person is.")
    ] = OWNER.role,
    data: Annotated[
        Path, typer.Option(envvar="LEDGERBUS_DATA", metavar="FOLDER", help="Data of the running system.")
    ] = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
) -> None:
    """Options of every command at the desk."""


def at_desk(work: Callable[..., Awaitable[int | None]]) -> Callable[..., None]:
    """A command from what it does at a desk, with the options of all; it may answer an exit code."""
    own = [one for one in inspect.signature(work).parameters.values() if one.name != "desk"]
    shared = inspect.signature(_options).parameters.values()

    @wraps(work)
    def command(*, company: str, actor: str, role: Role, data: Path, as_json: bool, **arguments: Any) -> None:
        addresses, key = running_system(data)
        asking = Actor(id=_id(actor), role=role)

        async def at_it() -> int | None:
            async with open_platform(addresses, key, company_id=_id(company), actor=asking) as platform:
                return await work(desk=Desk(platform, Output(as_json)), **arguments)

        raise typer.Exit(asyncio.run(at_it()) or 0)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    del command.__wrapped__  # else Typer reads what it wraps
    return command


def running_system(data: Path) -> tuple[Addresses, PlatformKey]:
    """Where the system of a folder is, and the key of its platform."""
    try:
        return Addresses.read(data), PlatformKey.kept_in(data / "platform")
    except FileNotFoundError:
        raise BadUsageError(
            f"No system runs on {data}; start one with `ledgerbus up`, or name its folder with --data."
        ) from None


def _id(text: str) -> str:
    try:
        return _ID.validate_python(text)
    except ValidationError:
        raise BadUsageError("Ids of companies and people are 1 to 64 letters, digits, - and _.") from None
