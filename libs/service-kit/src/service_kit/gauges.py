"""Gauges are read in the event loop every few seconds; the exporter's thread sees what stood last."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from service_kit.metrics import GaugeName, Reading, observe

logger = logging.getLogger(__name__)

Read: TypeAlias = Callable[[], Awaitable[Sequence[Reading]]]

_EVERY_S = 5.0
_LEAST_SHARE = 20.0


class Gauges:
    """Reads all of them until it is cancelled; from then on there is nothing to see."""

    def __init__(self, reads: Mapping[GaugeName, Read], *, every_s: float = _EVERY_S) -> None:
        self._reads = reads
        self._every_s = every_s
        self._standing: dict[GaugeName, Sequence[Reading]] = {}

    async def run(self) -> None:
        for name in self._reads:
            observe(name, lambda name=name: self._standing.get(name, ()))  # type: ignore[misc]  # bound now
        try:
            while True:
                await asyncio.gather(*(self._read(name, read) for name, read in self._reads.items()))
                await asyncio.sleep(self._every_s)
        finally:
            self._standing.clear()

    async def _read(self, name: GaugeName, read: Read) -> None:
        """One that cannot be read says nothing, rather than what is no longer true."""
        try:
            self._standing[name] = await read()
        except Exception as error:
            self._standing.pop(name, None)
            logger.warning("a gauge was not read", extra={"gauge": name, "error": type(error).__name__})


def seldom(least_s: float, read: Read, monotonic_s: Callable[[], float] = time.monotonic) -> Read:
    """Asks at most so often, and at most a twentieth of the time; between two answers the last one stands."""
    last: Sequence[Reading] = ()
    not_before_s = 0.0

    async def rested() -> Sequence[Reading]:
        nonlocal last, not_before_s
        began_s = monotonic_s()
        if began_s >= not_before_s:
            last = ()  # should it fail
            last = await read()
            not_before_s = began_s + max(least_s, (monotonic_s() - began_s) * _LEAST_SHARE)
        return last

    return rested
