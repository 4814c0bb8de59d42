"""`ledgerbus chaos`."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markdown import Markdown

from ledgerbus_cli.chaos import report
from ledgerbus_cli.chaos.conduct import DOUBLED, ENVIRONMENT, Outcome, conduct, open_chaos
from ledgerbus_cli.chaos.schedule import finale, schedule
from ledgerbus_cli.options import AsJson, Documents, OnKafka, broker_of
from ledgerbus_cli.output import Output
from ledgerbus_cli.signals import run_until_told
from ledgerbus_cli.system import SandboxOptions, System

_INTERRUPTED = 130
_USUAL_MS = 10_000


def chaos(
    *,
    minutes: Annotated[float, typer.Option(min=0.5, max=600, help="How long things are disturbed.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Same seed, same disturbances at the same times.")] = 1,
    clients: Annotated[int, typer.Option(min=2, help="Clients of each accounting system.")] = 4,
    documents: Documents = 6,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the data and logs here; else in a folder that goes again."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the report there, as Markdown.")
    ] = None,
    kafka: OnKafka = False,
    as_json: AsJson = False,
) -> None:
    """Kill, pause, restart and confuse everything while it works; then compare everything with the truth.

    Ends with 1 when anything was lost, doubled, wrong or stuck.
    """
    output = Output(as_json)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it complains of what was killed on purpose
    with TemporaryDirectory(prefix="ledgerbus-chaos-") as temporary:
        system = System(
            data or Path(temporary),
            SandboxOptions(seed=seed, clients=clients, documents=documents),
            environment=ENVIRONMENT,
            broker=broker_of(kafka=kafka),
        )
        outcome = run_until_told(_run(system, output, seed, minutes), then_exit=_INTERRUPTED)
    text = report.as_markdown(outcome)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    output.show(report.as_json(outcome), Markdown(text))
    raise typer.Exit(1 if outcome.findings else 0)


async def _run(system: System, output: Output, seed: int, minutes: float) -> Outcome:
    session_timeout_ms = int(system.stack.settings.kafka_clients.get("session_timeout_ms", _USUAL_MS))
    blows = schedule(seed, minutes, session_timeout_s=session_timeout_ms / 1000)
    async with open_chaos(system, seed=seed, tell=output.remark, doubled=DOUBLED) as chaos:
        return await conduct(chaos, blows, finale(seed), seed=seed, minutes=minutes)
