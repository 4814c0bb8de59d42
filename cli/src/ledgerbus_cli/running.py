"""`ledgerbus up` and `ledgerbus sandbox`: run things until they are told to stop."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sandbox.app import build_app
from sandbox.serving import serve

from ledgerbus_cli.options import DATA, Clients, DataFolder, Documents, OnKafka, Seed, broker_of
from ledgerbus_cli.output import Output
from ledgerbus_cli.problems import BadUsageError
from ledgerbus_cli.signals import run_until_told
from ledgerbus_cli.supervision import supervise
from ledgerbus_cli.system import PROCESSES, SandboxOptions, System
from ledgerbus_cli.tables import plain_table


def up(
    *,
    embedded: Annotated[  # noqa: ARG001 (the one way there is; said for clarity)
        bool, typer.Option("--embedded", help="With the servers that come along: the default.")
    ] = True,
    data: DataFolder = DATA,
    port: Annotated[
        int | None, typer.Option(min=1024, max=32000, help="First of nine ports in a row; else free ones.")
    ] = None,
    clients: Clients = 10,
    documents: Documents = 20,
    seed: Seed = 1,
    kafka: OnKafka = False,
) -> None:
    """Run everything on this machine until Ctrl-C: broker, vault, database, sandbox and the five services."""
    system = System(
        data,
        SandboxOptions(seed=seed, clients=clients, documents=documents),
        ports={} if port is None else {name: port + offset for offset, name in enumerate(PROCESSES)},
        broker=broker_of(kafka=kafka),
    )
    run_until_told(_run(system, Output(as_json=False)), then_exit=0)


def sandbox(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8700,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    seed: Seed = 1,
    clients: Clients = 10,
    documents: Documents = 20,
) -> None:
    """Run the imitations of the accounting systems alone."""
    try:
        serve(
            build_app(seed, clients, documents), port, host, partial(print, "The sandbox is at", flush=True)
        )
    except OSError as error:
        raise BadUsageError(f"It cannot listen on {host}:{port}: {error.strerror}.") from None


async def _run(system: System, output: Output) -> None:
    output.remark("Starting…")
    try:
        async with system:
            output.show(None, _places(system))
            output.remark("Ctrl-C stops everything.")
            await supervise(system, output.remark)
    finally:
        output.remark("Stopped.")


def _places(system: System) -> Table:
    table = plain_table("what", "where", "log")
    addresses = system.addresses
    where = {
        "broker": addresses.kafka,
        "vault": addresses.vault,
        "database": f"127.0.0.1:{system.ports['database']}",
        "sandbox": addresses.sandbox,
        "credentials": f"{addresses.credentials}/docs",
        "sync-orchestrator": f"{addresses.orchestrator}/docs",
        "connector-workers": addresses.workers,
        "summary-writer": f"{addresses.summaries}/docs",
        "notifier": f"{addresses.notifier}/docs",
    }
    for name, process in system.processes.items():
        table.add_row(name, where[name], _near(process.log))
    return table


def _near(path: Path) -> str:
    with suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
