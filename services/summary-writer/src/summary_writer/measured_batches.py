"""How many results are written together, and how long that takes."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from service_kit.metrics import record

from summary_writer.summary import Outcome, Reading

WriteAll: TypeAlias = Callable[[Sequence[Reading]], Awaitable[Sequence[Outcome]]]


def measured(write: WriteAll) -> WriteAll:
    """The same; one that fails is measured too."""

    async def measuring(readings: Sequence[Reading]) -> Sequence[Outcome]:
        began_s = time.perf_counter()
        try:
            return await write(readings)
        finally:
            record("ledgerbus.writer.batch.size", len(readings))
            record("ledgerbus.writer.batch.duration", time.perf_counter() - began_s)

    return measuring
