"""Tells in time that a connection's credentials end."""

from service_kit.clock import Clock

from credentials.change_connection import change
from credentials.connection import Connection
from credentials.finish_change import FinishChange
from credentials.ports import ConnectionStore


class WarnOfExpiry:
    """Each threshold once per save, whichever process comes first."""

    def __init__(self, *, store: ConnectionStore, finish: FinishChange, clock: Clock) -> None:
        self._store = store
        self._finish = finish
        self._clock = clock

    async def __call__(self, connection: Connection) -> None:
        now = self._clock.now()
        warned = await change(self._store, connection.place, lambda found: found.warned(now=now))
        await self._finish.send(warned)
