"""`ledgerbus probe`: the connector alone."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from connectors.protocol import SignedIn
from connectors.registry import connector_for
from rich.table import Table
from sync_contracts.month import Month, Months

from ledgerbus_cli.credentials_file import read_fields, write_private
from ledgerbus_cli.options import AsJson, ProviderName, endpoint_of, month_of
from ledgerbus_cli.output import Output
from ledgerbus_cli.probe import Probe, probe

MAX_MONTHS = 36


def probe_command(
    *,
    provider: ProviderName,
    credentials: Annotated[
        Path, typer.Option(metavar="FILE.json", help="The credential form's fields, and tokens where needed.")
    ],
    month: Annotated[Month, typer.Option(metavar="YYYY-MM", parser=month_of, help="The last month.")],
    months: Annotated[int, typer.Option(min=1, max=MAX_MONTHS, metavar="K", help="How many months.")] = 1,
    endpoint: Annotated[
        list[str] | None, typer.Option(metavar="NAME=URL", help="Another address of a named host.")
    ] = None,
    save_tokens: Annotated[
        bool, typer.Option("--save-tokens", help="Write new tokens back into FILE.json.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read months with the connector alone: no broker, vault or database.

    Exit codes: 0 ok, 2 bad usage, 3 credentials refused, 4 rate limited beyond the budget, 5 provider down,
    6 answer unreadable, 7 forbidden by plan or rights.
    """
    output, fields = Output(as_json), read_fields(credentials)
    keeper = TokenKeeper(credentials, fields, output, in_place=save_tokens)
    found = asyncio.run(
        probe(
            connector_for(provider),
            fields,
            Months.ending(month, months),
            endpoints=dict(map(endpoint_of, endpoint or ())),
            on_signed_in=keeper.keep,
        )
    )
    output.show(found.as_json(), _table(found))
    for failed, trouble in found.troubles.items():
        output.remark(f"ledgerbus: {failed}: {trouble['message']} ({trouble['code']})")
    raise typer.Exit(found.exit_code)


class TokenKeeper:
    """Keeps a refresh token that has replaced the file's, which may not work again."""

    def __init__(self, file: Path, fields: Mapping[str, str], output: Output, *, in_place: bool) -> None:
        self._file = file
        self._fields = fields
        self._output = output
        self._in_place = in_place

    def keep(self, signed_in: SignedIn) -> None:
        rotated = signed_in.grant.values.get("refresh_token")
        if rotated is None or rotated == self._fields.get("refresh_token"):
            return
        access = signed_in.access
        new = {**self._fields, **access.values, "refresh_token": rotated}
        if access.expires_at is not None:
            new["expires_at"] = access.expires_at.isoformat()
        if self._in_place:
            write_private(self._file, new)
            self._output.remark(f"The refresh token was replaced; {self._file} holds the new one.")
            return
        aside = self._file.with_name(f"{self._file.name}.new")
        write_private(aside, new)
        self._output.remark(
            f"The refresh token was replaced, and the old one ends soon: the new one is in {aside}. "
            "With --save-tokens it is written back."
        )


def _table(found: Probe) -> Table:
    told = found.as_json()
    books, months = told["books"], told["months"]
    calls = (
        f"{told['calls']} calls, {told['sign_in_calls']} to sign in, {told['identity_calls']} for identity"
    )
    table = Table(
        "metric", *months, title=f"{books['name'] or 'books'} {books['external_id'] or ''}", caption=calls
    )
    metrics = {name: value["unit"] for month in months.values() for name, value in month["values"].items()}
    for metric, unit in metrics.items():
        values = [month["values"].get(metric, {}).get("value", "") for month in months.values()]
        table.add_row(f"{metric} ({unit})", *values)
    return table
