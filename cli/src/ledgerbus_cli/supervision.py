"""Watches the processes of a system and brings back what has died."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.embedded import EmbeddedError

from ledgerbus_cli.system import System

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a process that has died stays down: twice as long each time, up to an end."""

    first_s: float = 1.0
    longest_s: float = 30.0

    def pause_s(self, deaths: int) -> float:
        return min(self.first_s * 2.0**deaths, self.longest_s)


async def supervise(
    system: System,
    tell: Callable[[str], None],
    *,
    patience: Patience = Patience(),
    revived: Callable[[str], None] = lambda _: None,
) -> None:
    """Forever: tell of processes that have died and start them again; none waits for another."""
    async with asyncio.TaskGroup() as watching:
        for name in system.processes:
            watching.create_task(_watch(system, name, tell, patience, revived))


async def _watch(
    system: System,
    name: str,
    tell: Callable[[str], None],
    patience: Patience,
    revived: Callable[[str], None],
) -> None:
    for deaths in itertools.count():
        while (process := system.processes[name]).pid is not None:  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(_LOOK_EVERY_S)
        pause_s = patience.pause_s(deaths)
        tell(f"{name} has died (see {process.log}); it starts again in {pause_s:g} s.")
        await asyncio.sleep(pause_s)
        if await _is_back(system, name, tell):
            revived(name)


async def _is_back(system: System, name: str, tell: Callable[[str], None]) -> bool:
    try:
        await system.revive(name)
    except EmbeddedError as error:
        tell(str(error))
        return False
    except Exception as error:  # it died again while it was made ready, or what it needs did
        tell(f"{name} did not start: {type(error).__name__}.")
        return False
    tell(f"{name} runs again.")
    return True
