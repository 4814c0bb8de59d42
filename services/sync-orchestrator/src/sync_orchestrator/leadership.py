"""One instance at a time leads: it releases jobs and watches the time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from service_kit.clock import Clock
from service_kit.errors import is_outage

from sync_orchestrator.ports import LeaseStore

_LEASE = "leader"


class Leadership:
    """A lease in the store, renewed when a third of it has gone; other instances take over when it runs out.

    Losing it unseen does no harm: every write is conditional on the state it expects. `taken_over` is called
    when this instance begins to lead: whoever led before may have left something half done.
    """

    def __init__(
        self, *, leases: LeaseStore, clock: Clock, taken_over: Callable[[], None], lease_s: float = 10.0
    ) -> None:
        self._leases = leases
        self._clock = clock
        self._taken_over = taken_over
        self._lease = timedelta(seconds=lease_s)
        self._holder = str(uuid4())
        self._epoch: int | None = None
        self._until: datetime | None = None

    @property
    def holds_now(self) -> bool:
        """As of the last time it was asked for."""
        return self._until is not None and self._clock.now() < self._until

    async def is_mine(self) -> bool:
        now = self._clock.now()
        if self._until is None or self._until - now < self._lease * 2 / 3:
            until = now + self._lease
            epoch = await self._leases.hold(_LEASE, self._holder, now, until)
            self._until = until if epoch is not None else None
            if epoch not in {None, self._epoch}:
                self._taken_over()
            self._epoch = epoch
        return self._epoch is not None

    async def give_up(self) -> None:
        """At a clean stop the next instance need not wait."""
        self._until = None
        try:
            await self._leases.give_up(_LEASE, self._holder)
        except Exception as error:
            if not is_outage(error):
                raise
