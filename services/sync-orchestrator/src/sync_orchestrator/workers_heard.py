"""Whether anybody takes what is released: workers are known by what they begin."""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from service_kit.clock import Clock

from sync_orchestrator.ports import JobStore
from sync_orchestrator.records import JobRecord, JobState

# Longer than a worker needs to begin; a rebalance that takes longer is an outage too.
_SILENT_S = 3.0
_LOOK_EVERY_S = 1.0


class WorkersHeard:
    """Remembers the last start that this instance was told of; looks at the jobs only after a silence."""

    def __init__(
        self, *, jobs: JobStore, clock: Clock, slots: int, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._clock = clock
        self._slots = slots
        self._monotonic_s = monotonic_s
        self._heard_s = monotonic_s()
        self._looked_s = self._heard_s
        self._away = False

    def heard(self) -> None:
        """A worker has begun with something."""
        self._heard_s = self._monotonic_s()

    async def are_away(self) -> bool:
        """Released jobs stay where they are, although there is room and time enough to begin with them."""
        now_s = self._monotonic_s()
        if now_s - self._heard_s < _SILENT_S:
            self._away = False
        elif now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            self._away = self._nobody_begins(await self._jobs.outstanding(), self._clock.now())
        return self._away

    def _nobody_begins(self, outstanding: Collection[JobRecord], now: datetime) -> bool:
        running = {(job.run_id, job.client_id) for job in outstanding if job.state is JobState.STARTED}
        if len(running) >= self._slots:
            return False
        begun_by = now - timedelta(seconds=_SILENT_S)
        released = [job.released_at for job in outstanding if job.state is JobState.RELEASED]
        return any(at is not None and at <= begun_by for at in released)
