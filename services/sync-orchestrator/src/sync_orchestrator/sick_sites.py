"""Learns from readings which of the providers' servers do not answer, so that nobody waits at a dead one."""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime

from service_kit.clock import Clock
from service_kit.metrics import count
from sync_contracts.runs import JobEnding

from sync_orchestrator.breakers import BreakerRules, Sites, after_failure
from sync_orchestrator.ports import BreakerStore, JobStore
from sync_orchestrator.records import Breaker, JobRecord

logger = logging.getLogger(__name__)

_ANSWERED = frozenset({JobEnding.WRITTEN, JobEnding.UNCHANGED})


class SickSites:
    """One breaker for each site; it stands in the store, so that all instances know the same."""

    def __init__(
        self,
        *,
        breakers: BreakerStore,
        jobs: JobStore,
        clock: Clock,
        rules: BreakerRules,
        look_every_s: float = 1.0,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._breakers = breakers
        self._jobs = jobs
        self._clock = clock
        self._rules = rules
        self._look_every_s = look_every_s
        self._monotonic_s = monotonic_s
        self._looked_s: float | None = None
        self._known: set[str] = set()

    async def failed(self, job: JobRecord) -> datetime | None:
        """A reading got no answer; until when nobody is to ask its site, if it counts as down."""
        now, account_key, site_key = self._clock.now(), job.keys[0], job.site_key

        def decide(known: Breaker | None) -> Breaker:
            return after_failure(known, site_key, account_key, now=now, rules=self._rules)

        before, after = await self._breakers.change(site_key, decide)
        self._known.add(site_key)
        if after.openings > (before.openings if before else 0):
            count("ledgerbus.sites.closed", provider=job.provider)
            logger.warning("a site does not answer: nobody asks it for a while", extra=_told(after))
        return after.until

    async def heard(self, changed: Collection[JobRecord]) -> None:
        """Of jobs that have just changed: a site that answers is well."""
        answered = {job.site_key for job in changed if job.ending in _ANSWERED}
        for site_key in answered & await self._troubled() if answered else ():
            self._known.discard(site_key)
            dropped = await self._breakers.drop(site_key)
            if dropped is not None and dropped.is_open:
                logger.info("a site answers again", extra=_told(dropped))

    async def standing(self) -> Sites:
        """What may be asked now."""
        opened = [breaker for breaker in await self._breakers.all() if breaker.is_open]
        busy = {job.site_key for job in await self._jobs.outstanding()} if opened else set()
        return Sites.of(opened, busy, self._clock.now())

    async def _troubled(self) -> set[str]:
        """Another instance may have heard of trouble; asking for every answer would cost too much."""
        now_s = self._monotonic_s()
        if self._looked_s is None or now_s - self._looked_s >= self._look_every_s:
            self._looked_s = now_s
            self._known = {breaker.site_key for breaker in await self._breakers.all()}
        return self._known


def _told(breaker: Breaker) -> dict[str, object]:
    until = breaker.until.isoformat() if breaker.until else None
    return {"site": breaker.site_key, "openings": breaker.openings, "until": until}
