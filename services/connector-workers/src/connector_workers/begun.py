"""What this process has begun, so that a request which comes twice is read once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from sync_contracts.jobs import JobRequested

# A request repeated although it was only late comes within this time; later, a result has been lost.
_REMEMBERED_S = 600.0


class Begun:
    """Attempts by job, and when they were begun."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._began_s: OrderedDict[tuple[UUID, int], float] = OrderedDict()
        self._monotonic_s = monotonic_s

    def begin(self, request: JobRequested) -> JobRequested | None:
        """The request without the attempts that were begun before; None when nothing is left."""
        now_s = self._monotonic_s()
        while self._began_s and next(iter(self._began_s.values())) < now_s - _REMEMBERED_S:
            self._began_s.popitem(last=False)
        jobs = tuple(due for due in request.jobs if (due.job_id, due.attempt) not in self._began_s)
        for due in jobs:
            self._began_s[due.job_id, due.attempt] = now_s
        if len(jobs) == len(request.jobs):
            return request
        return request.model_copy(update={"jobs": jobs}) if jobs else None

    def forget(self, request: JobRequested) -> None:
        """It was stopped or failed without a result: who asks again gets one."""
        for due in request.jobs:
            self._began_s.pop((due.job_id, due.attempt), None)
