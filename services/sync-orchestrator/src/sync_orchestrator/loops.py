"""The service's own rhythm: releasing, settling and watching, each repeated until the stop."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from service_kit.errors import is_outage
from service_kit.health import Health

from sync_orchestrator.leadership import Leadership

logger = logging.getLogger(__name__)

Round = Callable[[], Awaitable[object]]
_LONGEST_PAUSE_S = 10.0
_LEAST_REST_S = 0.02
_SHARE = 0.1
_MOST_SAVED_S = 0.25


def leading(leadership: Leadership, work: Round) -> Round:
    """The work, done only by the instance that leads."""

    async def when_leading() -> None:
        if await leadership.is_mine():
            await work()

    return when_leading


def every(
    seconds: float, work: Round, *, name: str, health: Health, wake: asyncio.Event | None = None
) -> Callable[[], Awaitable[None]]:
    """A loop that waits out what is away; a bug ends it, and so the process.

    `wake` brings the next round forward.
    """
    woken, rhythm = wake or asyncio.Event(), Rhythm()

    async def loop() -> None:
        pause_s = 0.0
        while True:
            began_s = time.monotonic()
            woken.clear()
            try:
                await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                pause_s = min(max(pause_s * 2, seconds, 1.0), _LONGEST_PAUSE_S)
                health.down(name, type(error).__name__)
                logger.warning("a round was put off", extra={"round": name, "error": type(error).__name__})
                await asyncio.sleep(pause_s)
            else:
                pause_s = 0.0
                health.up(name)
                await _rest(seconds, rhythm.rest_s(time.monotonic() - began_s), woken)

    return loop


class Rhythm:
    """Rounds take a tenth of the time at most; what quiet moments left of it may be spent at once.

    So the few rounds of a small run follow on each other; those of a large one leave the database to others.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._saved_s = _MOST_SAVED_S
        self._last_s = monotonic_s()

    def rest_s(self, round_s: float) -> float:
        """What a round of so many seconds, which has just ended, leaves to others."""
        now_s = self._monotonic_s()
        earned_s = (now_s - self._last_s) * _SHARE
        saved_s = min(_MOST_SAVED_S, self._saved_s + earned_s) - round_s
        self._saved_s = max(saved_s, -round_s)  # a rest is bounded: no round owes for those before it
        self._last_s = now_s
        return max(_LEAST_REST_S, -self._saved_s / _SHARE)


async def _rest(longest_s: float, least_s: float, woken: asyncio.Event) -> None:
    """Until woken, but not before the least time has passed."""
    least_s = min(longest_s, least_s)
    await asyncio.sleep(least_s)
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), longest_s - least_s)
