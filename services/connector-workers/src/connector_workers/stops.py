"""What must not start, and what must stop."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sync_contracts.jobs import JobRequested

# More than can be under way at once; what is older has long left the topic.
_REMEMBERED = 20_000


class Stops:
    """Cancelled runs and deleted connections that this process has heard of."""

    def __init__(self) -> None:
        self._cancelled: OrderedDict[UUID, None] = OrderedDict()
        self._deleted: OrderedDict[UUID, int] = OrderedDict()
        self._running: dict[asyncio.Timeout, JobRequested] = {}

    def cancel_run(self, run_id: UUID) -> None:
        """Nothing of the run starts from now on; what runs may finish."""
        self._cancelled[run_id] = None
        _forget_oldest(self._cancelled)

    def delete_connection(self, connection_id: UUID, generation: int) -> None:
        """Nothing is read with this or an older generation of the connection any longer."""
        self._deleted[connection_id] = max(generation, self._deleted.get(connection_id, 0))
        _forget_oldest(self._deleted)
        now = asyncio.get_running_loop().time()
        for limit, request in self._running.items():
            if self.is_deleted(request) and not limit.expired():
                limit.reschedule(now)

    @property
    def running(self) -> int:
        """How many readings are under way."""
        return len(self._running)

    def is_deleted(self, request: JobRequested) -> bool:
        return request.generation <= self._deleted.get(request.connection_id, 0)

    def forbids(self, request: JobRequested) -> bool:
        """Whether the request must not be started."""
        return request.run_id in self._cancelled or self.is_deleted(request)

    @asynccontextmanager
    async def limit(self, request: JobRequested, budget_s: float) -> AsyncIterator[None]:
        """TimeoutError when the budget is spent, or as soon as the connection is deleted."""
        limit = asyncio.timeout(budget_s)
        async with limit:
            self._running[limit] = request
            try:
                yield
            finally:
                del self._running[limit]


def _forget_oldest(known: "OrderedDict[UUID, int] | OrderedDict[UUID, None]") -> None:
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
