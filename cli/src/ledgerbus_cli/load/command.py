"""`ledgerbus load`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from sync_contracts.providers import Provider

from ledgerbus_cli.load import report
from ledgerbus_cli.load.load import Wish, measure
from ledgerbus_cli.options import AsJson, Documents, OnKafka, Seed, broker_of
from ledgerbus_cli.output import Output
from ledgerbus_cli.signals import run_until_told
from ledgerbus_cli.system import SandboxOptions, System

_INTERRUPTED = 130


def load(
    *,
    clients: Annotated[
        int, typer.Option(min=1, max=10_000, help="Clients, each with its own books.")
    ] = 1_000,
    months: Annotated[int, typer.Option(min=1, max=12, help="Months, each a bulk of all clients.")] = 1,
    provider: Annotated[Provider, typer.Option(help="Whose books.")] = Provider.MERIT_AKTIVA,
    call_ms: Annotated[float, typer.Option(min=0, help="How long the provider takes for a call.")] = 0.0,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that read.")] = 1,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1, max=1_000, help="Readings at once, twice as many are released; else the orchestrator's."
        ),
    ] = None,
    singles: Annotated[int, typer.Option(min=0, help="Runs of one client afterwards, one by one.")] = 20,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the data here; else in a folder that goes again."),
    ] = None,
    documents: Documents = 4,
    seed: Seed = 1,
    kafka: OnKafka = False,
    as_json: AsJson = False,
) -> None:
    """Measure throughput, CPU and memory of each process, and how long one client's run takes.

    Ends with 1 when a run does not end as completed.
    """
    wish = Wish(
        provider=provider,
        clients=clients,
        months=months,
        call_ms=call_ms,
        workers=workers,
        slots=slots,
        singles=singles,
        broker=broker_of(kafka=kafka),
    )
    output, options = Output(as_json), SandboxOptions(seed=seed, clients=clients, documents=documents)
    environment = {"SYNC_ORCHESTRATOR__SLOTS": str(slots)} if slots else {}
    with TemporaryDirectory(prefix="ledgerbus-load-") as temporary:
        system = System(data or Path(temporary), options, environment, broker=wish.broker)
        work = measure(system, wish, output.remarks)
        measured = run_until_told(work, then_exit=_INTERRUPTED)
    output.show(report.as_json(measured), report.as_text(measured))
    raise typer.Exit(1 if measured.faults else 0)
