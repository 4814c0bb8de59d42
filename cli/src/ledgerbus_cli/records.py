"""`ledgerbus export` and `ledgerbus erase`: all that is kept about one client."""

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from ledgerbus_cli.desk import Desk
from ledgerbus_cli.options import ClientName
from ledgerbus_cli.problems import BadUsageError, LedgerbusError
from ledgerbus_cli.service_calls import Json

_ROUNDS = 10
_PAUSE_S = 2.0  # until a deleted connection has been told to all services


class NotErasedError(LedgerbusError):
    """Something still names the client."""

    code = "NOT_ERASED"


async def export(
    *,
    desk: Desk,
    client: ClientName,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of mode 0600; else standard output.")
    ] = None,
) -> None:
    """All that is kept about a client, a JSON object a line; no secret is among it."""
    kept = await desk.platform.records(client)
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
    if file is None:
        sys.stdout.write(lines)
        return
    _write_new(file, lines)
    desk.output.show({"file": str(file), "records": len(kept)}, f"{len(kept)} records are in {file}.")


async def erase(
    *,
    desk: Desk,
    client: ClientName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a client: credentials, summaries, history; what stays as evidence no longer names it."""
    if not yes:
        if desk.output.as_json or not sys.stdin.isatty():
            raise BadUsageError("Erasing cannot be undone; confirm it with --yes.")
        typer.confirm(f"Erase all that is kept about {client}?", abort=True, err=True)
    counts = await _until_nothing_is_left(desk, client)
    told = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing was kept"
    desk.output.show({"client_id": client, "erased": dict(counts)}, f"{client} is erased: {told}.")


async def _until_nothing_is_left(desk: Desk, client: str) -> Counter[str]:
    """Again until nothing is found: the deletion itself is told to services that keep what they hear."""
    counts: Counter[str] = Counter()
    answers: dict[str, Json] = {}
    for _ in range(_ROUNDS):
        answers = await desk.platform.erase(client)
        found = Counter(
            {
                f"{service} {name}": one
                for service, told in answers.items()
                for name, one in told["records"].items()
            }
        )
        counts += found
        if not found.total() and not _left(answers):
            return counts
        await asyncio.sleep(_PAUSE_S)
    raise NotErasedError(" ".join(_left(answers)) or "Records keep coming; erase again in a minute.")


def _left(answers: dict[str, Json]) -> list[str]:
    return [told["left"] for told in answers.values() if told["left"]]


def _write_new(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadUsageError(f"{file} is there already; name a new file.") from None
    except OSError as error:
        raise BadUsageError(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
