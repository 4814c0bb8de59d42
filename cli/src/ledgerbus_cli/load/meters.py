"""What processes have cost: CPU time and memory, as the operating system counts them."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import psutil

SAMPLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process: seconds since the start, CPU seconds so far, resident bytes."""

    at_s: float
    cpu_s: float
    rss_bytes: int


@dataclass(slots=True)
class Meter:
    """Samples of one process while a phase lasts."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def cpu_s(self) -> float:
        """CPU seconds between the first and the last look."""
        return self.samples[-1].cpu_s - self.samples[0].cpu_s if self.samples else 0.0

    def rss_mb_at(self, share: float) -> float:
        """Resident megabytes when so much of the phase had passed."""
        place = round(share * (len(self.samples) - 1))
        return self.samples[place].rss_bytes / 1e6 if self.samples else 0.0

    @property
    def peak_mb(self) -> float:
        return max((sample.rss_bytes for sample in self.samples), default=0) / 1e6


class Meters:
    """Looks at named processes, each with its children of the start, once a second while the block lasts."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.of = {name: Meter() for name in pids}
        self._processes = {name: _family(pid) for name, pid in pids.items()}
        self._began_s = 0.0
        self._sampling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._began_s = time.monotonic()
        self._look()
        self._sampling = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sampling is not None:
            self._sampling.cancel()
            with suppress(asyncio.CancelledError):
                await self._sampling
        self._look()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            self._look()

    def _look(self) -> None:
        at_s = time.monotonic() - self._began_s
        for name, family in self._processes.items():
            with suppress(psutil.NoSuchProcess):
                times = [process.cpu_times() for process in family]
                cpu_s = sum(one.user + one.system for one in times)
                rss_bytes = sum(process.memory_info().rss for process in family)
                self.of[name].samples.append(Sample(at_s, cpu_s, rss_bytes))


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]
