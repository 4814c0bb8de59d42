"""`ledgerbus demo`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ledgerbus_cli import demo_report
from ledgerbus_cli.demo import run_demo, run_demo_on
from ledgerbus_cli.desk import running_system
from ledgerbus_cli.options import DATA, AsJson, Documents, OnKafka, Seed, broker_of
from ledgerbus_cli.output import Output
from ledgerbus_cli.signals import run_until_told
from ledgerbus_cli.system import SandboxOptions, System

_INTERRUPTED = 130


def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the data here; else in a folder that goes again."),
    ] = None,
    clients: Annotated[int, typer.Option(min=10, help="Clients of each accounting system.")] = 12,
    documents: Documents = 20,
    seed: Seed = 1,
    kafka: OnKafka = False,
    running: Annotated[
        bool, typer.Option("--running", help="On the system that runs on --data; it knows no client yet.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sync clients of every accounting system on this machine, and compare each value with the truth.

    Ends with 1 when a value differs or a run does not end.
    """
    output, options = Output(as_json), SandboxOptions(seed=seed, clients=clients, documents=documents)
    with TemporaryDirectory(prefix="ledgerbus-demo-") as temporary:
        if running:
            work = run_demo_on(*running_system(data or DATA), output.remarks)
        else:
            system = System(data or Path(temporary), options, broker=broker_of(kafka=kafka))
            work = run_demo(system, output.remarks)
        findings = run_until_told(work, then_exit=_INTERRUPTED)
    output.show(demo_report.as_json(findings), demo_report.as_text(findings))
    raise typer.Exit(0 if findings.ok else 1)
