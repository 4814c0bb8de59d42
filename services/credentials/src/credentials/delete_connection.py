"""Deletes a connection: nothing is leased from that moment on, then its secret is destroyed."""

from service_kit.clock import Clock

from credentials.change_connection import change
from credentials.connection import Connection, Stage
from credentials.finish_change import FinishChange
from credentials.ports import ConnectionStore
from credentials.refusals import ConnectionNotFoundError
from credentials.terms import Click, Place


class DeleteConnection:
    """Deleting twice is the same as once."""

    def __init__(self, *, store: ConnectionStore, finish: FinishChange, clock: Clock) -> None:
        self._store = store
        self._finish = finish
        self._clock = clock

    async def __call__(self, place: Place, click: Click) -> bool:
        """True when it is gone with its secret, False when the sweeper finishes it."""
        now = self._clock.now()

        def begin(found: Connection) -> Connection:
            if found.stage is Stage.NEW and found.saving is None:
                raise LookupError  # its first save was undone
            is_over = found.stage is Stage.DELETING or (found.stage is Stage.DELETED and not found.saving)
            return found if is_over else found.begin_delete(click, now=now)

        try:
            deleting = await change(self._store, place, begin)
        except LookupError:
            raise ConnectionNotFoundError from None
        return not (await self._finish(deleting)).is_open
