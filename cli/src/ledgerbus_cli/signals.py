"""Runs work that stops in order when somebody presses Ctrl-C or sends SIGTERM."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
from sandbox.embedded import EmbeddedError

from ledgerbus_cli.problems import LedgerbusError

T = TypeVar("T")


class StartError(LedgerbusError):
    """A part of the system did not start; its own words say why."""

    code = "NOT_STARTED"


def run_until_told(work: Coroutine[Any, Any, T], *, then_exit: int) -> T:
    """Run it; the first signal stops it, more change nothing, and the command ends with this code."""
    told = False

    async def main() -> T:
        task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

        def stop() -> None:
            nonlocal told
            if not told:
                told = True
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not told:
            raise
        raise typer.Exit(then_exit) from None
    except EmbeddedError as error:
        raise StartError(str(error)) from None
