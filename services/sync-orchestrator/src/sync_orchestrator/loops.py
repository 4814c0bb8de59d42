"""The service's own rhythm: releasing, settling and watching, each repeated until the stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from service_kit.errors import is_outage
from service_kit.health import Health

from sync_orchestrator.leadership import Leadership

logger = logging.getLogger(__name__)

Round = Callable[[], Awaitable[object]]
_LONGEST_PAUSE_S = 10.0


def leading(leadership: Leadership, work: Round) -> Round:
    """The work, done only by the instance that leads."""

    async def when_leading() -> None:
        if await leadership.is_mine():
            await work()

    return when_leading


def every(seconds: float, work: Round, *, name: str, health: Health) -> Callable[[], Awaitable[None]]:
    """A loop that waits out what is away; a bug ends it, and so the process."""

    async def loop() -> None:
        pause_s = seconds
        while True:
            try:
                await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                pause_s = min(max(pause_s * 2, 1.0), _LONGEST_PAUSE_S)
                health.down(name, type(error).__name__)
                logger.warning("a round was put off", extra={"round": name, "error": type(error).__name__})
            else:
                pause_s = seconds
                health.up(name)
            await asyncio.sleep(pause_s)

    return loop
