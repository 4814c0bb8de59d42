"""Follows runs to their ends, with a progress bar each."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from sync_contracts.codes import sentence
from sync_contracts.runs import Progress, RunEnding, RunProgress, SyncCompleted

from ledgerbus_cli.platform_client import Platform

LONGEST_S = 48 * 3600.0
_REFRESH_S = 0.2


async def follow(
    platform: Platform, runs: Mapping[UUID, str], console: Console, *, within_s: float = LONGEST_S
) -> list[SyncCompleted]:
    """The receipts of the runs, in their order; bars are drawn on `console` while they last."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Bars(*columns, console=console) as bars:
        tasks = {run: bars.add_task(name, total=None, state="") for run, name in runs.items()}
        for run, task in tasks.items():
            found = (await platform.run(run))["progress"]
            _draw(bars, task, Progress.model_validate(found))
        drawing = asyncio.create_task(_keep_drawing(platform, bars, tasks))
        ends = (_end(platform, run, bars, task, within_s) for run, task in tasks.items())
        try:
            return await asyncio.gather(*ends)
        finally:
            drawing.cancel()


async def _end(platform: Platform, run: UUID, bars: Bars, task: TaskID, within_s: float) -> SyncCompleted:
    receipt = await platform.receipt(run, within_s=within_s)
    total = receipt.counts.total
    bars.update(task, completed=total, total=total, state=receipt.ending.value.replace("_", " "))
    return receipt


async def _keep_drawing(platform: Platform, bars: Bars, tasks: Mapping[UUID, TaskID]) -> None:
    seen = 0
    while True:
        await asyncio.sleep(_REFRESH_S)
        news, seen = platform.inbox.received[seen:], len(platform.inbox.received)
        for one in news:
            if isinstance(one.event, RunProgress) and one.event.run_id in tasks:
                task = tasks[one.event.run_id]
                if not bars.tasks[task].finished:
                    _draw(bars, task, one.event.progress)


def _draw(bars: Bars, task: TaskID, progress: Progress) -> None:
    waits = [f"{jobs} {sentence(reason)}" for reason, jobs in progress.waiting.items() if jobs]
    state = ", ".join([*([f"{progress.running} running"] if progress.running else []), *waits])
    bars.update(task, completed=progress.ended.total, total=progress.jobs, state=state)


def exit_code(*receipts: SyncCompleted) -> int:
    """0 when everything was read."""
    return int(any(receipt.ending is not RunEnding.COMPLETED for receipt in receipts))
