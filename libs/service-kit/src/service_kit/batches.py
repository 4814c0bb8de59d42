"""Many callers, few calls: what comes together is written together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Generic, TypeVar

from service_kit.errors import is_outage

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batches(Generic[Item, Result]):
    """Gives each caller its own result or error; one batch at a time, the next is collected meanwhile."""

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        size: int = 200,
        linger_s: float = 0.005,
    ) -> None:
        self._write = write
        self._size = size
        self._linger_s = linger_s
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._full = asyncio.Event()

    async def __call__(self, item: Item) -> Result:
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._writing is None:
            # An empty context: a batch belongs to no caller's trace.
            self._writing = Context().run(asyncio.create_task, self._write_all())
        if len(self._waiting) >= self._size:
            self._full.set()
        return await result

    async def _write_all(self) -> None:
        """Until nobody waits: who comes while a batch is written is in the next one."""
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self._linger_s)
            while self._waiting:
                batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
                self._full.clear()
                await self._run(batch)
        finally:
            self._writing = None

    async def _run(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._write([item for item, _ in batch])
        except BaseException as error:
            if isinstance(error, Exception) and len(batch) > 1 and not is_outage(error):
                for one in batch:  # One item that cannot be written must not fail its neighbours.
                    await self._run([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
