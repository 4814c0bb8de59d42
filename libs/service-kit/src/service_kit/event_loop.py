"""How late the event loop is: what computes too long makes everything else in the process wait."""

import asyncio

from service_kit.metrics import record

_PAUSE_S = 0.5


async def watch_event_loop(pause_s: float = _PAUSE_S) -> None:
    """Until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + pause_s
        await asyncio.sleep(pause_s)
        record("ledgerbus.event_loop.lag", max(0.0, loop.time() - due_s))
