"""The command `ledgerbus`, put together."""

import typer

from ledgerbus_cli import connecting, dead_letters, looking, records, running, setting_up, syncing, webhooks
from ledgerbus_cli.chaos.command import chaos
from ledgerbus_cli.demo_command import demo
from ledgerbus_cli.desk import at_desk
from ledgerbus_cli.doctor.command import doctor
from ledgerbus_cli.imitating import imitate
from ledgerbus_cli.load.command import load
from ledgerbus_cli.output import Commands
from ledgerbus_cli.probing import probe_command
from ledgerbus_cli.unsealing import unseal

AT_DESK = (
    connecting.providers,
    connecting.enable,
    connecting.disable,
    connecting.connect,
    connecting.delete,
    looking.connections,
    syncing.reload,
    syncing.bulk,
    syncing.cancel,
    syncing.retry,
    looking.runs,
    looking.watch,
    looking.summaries,
    records.export,
    records.erase,
)

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Event-driven accounting sync: run it, look into it, drive it by hand.",
)
app.command()(running.up)
app.command()(running.sandbox)
app.command()(setting_up.setup)
app.command()(doctor)
app.command()(unseal)
app.command()(imitate)
app.command()(demo)
app.command()(load)
app.command()(chaos)
app.command("probe")(probe_command)
app.command("test")(at_desk(connecting.try_fields))
for work in AT_DESK:
    app.command(work.__name__)(at_desk(work))
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(dead_letters.app, name="dead-letters")
