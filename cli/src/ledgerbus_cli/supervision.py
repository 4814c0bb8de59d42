"""Watches the processes of a system and brings back what has died."""

import asyncio
from collections import Counter
from collections.abc import Callable

from sandbox.embedded import EmbeddedError

from ledgerbus_cli.system import System

_LOOK_EVERY_S = 0.5
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0


async def supervise(
    system: System, tell: Callable[[str], None], *, first_pause_s: float = _FIRST_PAUSE_S
) -> None:
    """Forever: tell of a process that has died and start it again, after a pause that doubles each time."""
    deaths: Counter[str] = Counter()
    while True:
        for name, process in system.processes.items():
            if process.pid is None:
                pause_s = min(first_pause_s * 2 ** deaths[name], _LONGEST_PAUSE_S)
                deaths[name] += 1
                tell(f"{name} has died (see {process.log}); it starts again in {pause_s:g} s.")
                await asyncio.sleep(pause_s)
                await _try_again(system, name, tell)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _try_again(system: System, name: str, tell: Callable[[str], None]) -> None:
    try:
        await system.revive(name)
    except EmbeddedError as error:
        tell(str(error))
    else:
        tell(f"{name} runs again.")
