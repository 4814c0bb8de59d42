"""Turns at something that serves one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class LeastFirst:
    """Lets one through at a time: of those who wait, who has least to do; of equals, the first."""

    def __init__(self) -> None:
        self._is_taken = False
        self._numbers = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, amount: int) -> AsyncIterator[None]:
        """The block has the turn to itself."""
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (amount, next(self._numbers), turn))
        self._pass_on()
        try:
            await turn
            yield
        finally:
            if not turn.cancelled():  # else it was given up before it came
                self._is_taken = False
                self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and not self._is_taken:
            _, _, turn = heappop(self._waiting)
            if not turn.cancelled():
                turn.set_result(None)
                self._is_taken = True
