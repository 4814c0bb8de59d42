"""Does in the background what no request waits for: what was left open, probes, renewals, warnings."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from service_kit.clock import Clock
from service_kit.errors import DependencyDownError, is_outage
from service_kit.health import Health
from service_kit.problems import ProblemError

from credentials.connection import Connection
from credentials.finish_change import FinishChange
from credentials.keep_alive import KeepAlive
from credentials.ports import ConnectionStore
from credentials.probe_rights import ProbeRights
from credentials.run_consent import RunConsent
from credentials.save_connection import SaveConnection
from credentials.warn_of_expiry import WarnOfExpiry

logger = logging.getLogger(__name__)

_AT_ONCE = 100


class Sweep:
    """Every process sweeps; what two of them do at once they may do twice."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        save: SaveConnection,
        finish: FinishChange,
        consents: RunConsent,
        probe: ProbeRights,
        keep_alive: KeepAlive,
        warn: WarnOfExpiry,
        health: Health,
        clock: Clock,
        left_open_after_s: float,
        every_s: float,
    ) -> None:
        self._store = store
        self._save = save
        self._finish = finish
        self._consents = consents
        self._probe = probe
        self._keep_alive = keep_alive
        self._warn = warn
        self._health = health
        self._clock = clock
        self._left_open_after = timedelta(seconds=left_open_after_s)
        self._every_s = every_s

    async def run(self) -> None:
        """For ever; an outage only delays it."""
        while True:
            await self._patiently(self.once)
            await asyncio.sleep(self._every_s)

    async def once(self) -> None:
        """One round over everything that is due."""
        for connection in await self._store.left_open(self._clock.now() - self._left_open_after, _AT_ONCE):
            await self._patiently(partial(self._finish_one, connection))
        await self._consents.let_go_of_expired()
        for connection in await self._store.to_probe(self._clock.now(), _AT_ONCE):
            await self._patiently(partial(self._probe, connection))
        for connection in await self._store.to_renew(self._clock.now(), _AT_ONCE):
            await self._patiently(partial(self._keep_alive, connection))
        for connection in await self._store.to_warn(self._clock.now(), _AT_ONCE):
            await self._patiently(partial(self._warn, connection))
        self._health.up("mongo")

    async def _finish_one(self, connection: Connection) -> None:
        await self._finish(await self._save.finish_left_open(connection))

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except ProblemError as error:
            logger.info("left for the next sweep", extra={"code": error.code})
        except Exception as error:
            if not is_outage(error):
                logger.exception("a bug keeps the sweeper from something")
                return
            if not isinstance(error, DependencyDownError):
                self._health.down("mongo", type(error).__name__)
            logger.warning("a sweep is put off", extra={"error": type(error).__name__})
