"""The command `ledgerbus`, put together."""

import typer

from ledgerbus_cli.output import Commands
from ledgerbus_cli.probing import probe_command

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Event-driven accounting sync: run it, look into it, drive it by hand.",
)
app.command("probe")(probe_command)


@app.callback()
def root() -> None:
    """Event-driven accounting sync: run it, look into it, drive it by hand."""
