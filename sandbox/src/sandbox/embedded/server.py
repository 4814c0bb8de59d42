"""What the three servers have in common: start, wait until ready, prepare, stop, kill, restart."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.ports import is_free
from sandbox.embedded.process import POLL_S, STOP_S, ChildProcess

READY_S = 120.0


class Program(Protocol):
    """What is particular to one of the servers; may raise EmbeddedError."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What it reads from its environment, besides the little that every child inherits."""
        ...

    def command(self) -> Sequence[str]:
        """Write what the program needs on disk; tell how to start it; may block."""
        ...

    def is_ready(self) -> bool:
        """Whether it answers; may block for a second."""
        ...

    async def prepare(self) -> None:
        """Make it usable, after every start; safe to repeat."""
        ...

    def nudge(self) -> None:
        """Help it to notice that it has been asked to stop."""
        ...


class Server:
    """One embedded server; the same address over all its restarts. It is started once at a time."""

    def __init__(self, program: Program, data_dir: Path, *, stop_s: float = STOP_S) -> None:
        self._program = program
        self._child = ChildProcess(program.name, data_dir, stop_s)
        self._starting = asyncio.Lock()
        self.start_s = 0.0

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self._child.log

    async def start(self) -> None:
        """Start it and wait until it can be used; `start_s` tells how long that took."""
        async with self._starting:
            await self._start()

    async def _start(self) -> None:
        if self.pid is not None:
            return
        started = time.monotonic()
        await self._child.end_leftover()
        if not is_free(self._program.port):
            raise EmbeddedError(f"Port {self._program.port} for the embedded {self._program.name} is taken.")
        command = await asyncio.to_thread(self._program.command)
        self._child.spawn(command, self._program.environment)
        try:
            await self._until_ready()
        except BaseException:
            await self._child.kill()
            raise
        self.start_s = time.monotonic() - started

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(READY_S):
                while not await asyncio.to_thread(self._program.is_ready):
                    if self.pid is None:
                        raise self._child.failure("ended while it started")
                    await asyncio.sleep(POLL_S)
                await self._program.prepare()
        except TimeoutError:
            raise self._child.failure(f"was not ready within {READY_S:.0f} s") from None

    async def stop(self) -> None:
        """Stop it in order, also while it starts; nothing happens if it does not run."""
        await self._child.stop(nudge=self._program.nudge)

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would; `start` brings it back."""
        await self._child.kill()

    async def restart(self) -> None:
        """Stop and start it at the same address."""
        await self.stop()
        await self.start()
