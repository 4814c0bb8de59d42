"""`ledgerbus runs`, `watch`, `summaries`, `connections`: what stands where."""

from typing import Annotated
from uuid import UUID

import typer
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from ledgerbus_cli.desk import Desk
from ledgerbus_cli.follow import exit_code, follow
from ledgerbus_cli.options import month_of
from ledgerbus_cli.syncing import RunName
from ledgerbus_cli.tables import (
    connections_table,
    jobs_table,
    receipt_view,
    runs_table,
    summaries_table,
)

ClientFilter = Annotated[
    str | None, typer.Argument(metavar="[CLIENT]", help="Of one client.", show_default=False)
]
ProviderFilter = Annotated[
    Provider | None, typer.Option("--provider", metavar="PROVIDER", help="Of one accounting system.")
]


async def runs(
    *,
    desk: Desk,
    run: Annotated[UUID | None, typer.Argument(metavar="[RUN]", help="One run with its jobs.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="planning, open, cancelling, expiring, ended.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
) -> None:
    """The firm's runs, or one run with each of its jobs."""
    platform = desk.platform
    if run is None:
        found = await platform.runs(states=state or (), size=limit)
        desk.output.show(found, runs_table(found))
        return
    jobs = await platform.jobs(run)
    desk.output.show({**await platform.run(run), "jobs": jobs}, jobs_table(jobs))


async def watch(*, desk: Desk, run: RunName) -> int:
    """Follow a run to its end, with progress and what it waits for."""
    name = (await desk.platform.run(run))["provider"]
    (receipt,) = await follow(desk.platform, {run: name}, desk.output.remarks)
    desk.output.show(receipt.model_dump(mode="json", exclude={"meta"}), receipt_view(receipt))
    return exit_code(receipt)


async def summaries(
    *,
    desk: Desk,
    client: ClientFilter = None,
    provider: ProviderFilter = None,
    first: Annotated[
        Month | None, typer.Option("--from", metavar="YYYY-MM", parser=month_of, help="The first month.")
    ] = None,
    last: Annotated[
        Month | None, typer.Option("--to", metavar="YYYY-MM", parser=month_of, help="The last month.")
    ] = None,
) -> None:
    """What was counted, by client, accounting system and month."""
    found = await desk.platform.summaries(client, provider, first=first, last=last)
    desk.output.show(found, summaries_table(found))


async def connections(*, desk: Desk, client: ClientFilter = None, provider: ProviderFilter = None) -> None:
    """The clients' connections and how well they read."""
    found = await desk.platform.connections(client, provider)
    found.sort(key=lambda one: (one["client_id"], one["provider"]))
    desk.output.show(found, connections_table(found))
