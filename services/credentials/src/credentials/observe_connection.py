"""Keeps a connection's health up to date with what readings find out."""

from uuid import UUID

from service_kit.clock import Clock

from credentials.change_connection import change
from credentials.connection import Connection
from credentials.finish_change import FinishChange
from credentials.ports import ConnectionStore
from credentials.refusals import ConnectionNotFoundError
from credentials.terms import Observation


class ObserveConnection:
    """Tells each trouble once per cause, and its end."""

    def __init__(self, *, store: ConnectionStore, finish: FinishChange, clock: Clock) -> None:
        self._store = store
        self._finish = finish
        self._clock = clock

    async def __call__(
        self, company_id: str, connection_id: UUID, generation: int, seen: Observation
    ) -> None:
        """An observation of an older generation changes nothing; raises ConnectionNotFoundError."""
        connection = await self._store.by_id(company_id, connection_id)
        if connection is None or not connection.is_usable:
            raise ConnectionNotFoundError
        now = self._clock.now()

        def observe(found: Connection) -> Connection:
            is_about_it = found.is_usable and found.generation == generation
            return found.observed(seen, now=now) if is_about_it else found

        await self._finish.send(await change(self._store, connection.place, observe))
