"""What keeps due jobs back besides their turn: limits that are used up, sites that do not answer."""

from collections.abc import Iterable
from datetime import datetime

from sync_contracts.codes import WaitReason

from sync_orchestrator.deadlines import STILL_REASONS
from sync_orchestrator.ports import BreakerStore, PauseStore
from sync_orchestrator.records import JobRecord, Pause


class Holds:
    """As it stands at an instant; a key's job waits for the latest of what holds it."""

    def __init__(self, pauses: Iterable[Pause] = ()) -> None:
        self._by_key: dict[str, Pause] = {}
        for pause in sorted(pauses, key=lambda each: each.until):
            self._by_key[pause.key] = pause

    @property
    def keys(self) -> set[str]:
        return set(self._by_key)

    @property
    def still_keys(self) -> set[str]:
        """Of what a run's deadline stands still for."""
        return {key for key, pause in self._by_key.items() if pause.reason in STILL_REASONS}

    def get(self, key: str) -> Pause | None:
        return self._by_key.get(key)

    def of(self, job: JobRecord) -> Pause | None:
        """What holds the job."""
        held = [self._by_key[key] for key in job.keys if key in self._by_key]
        return max(held, key=lambda pause: pause.until, default=None)


class FindHolds:
    """Asks the stores; a site on trial still holds its jobs."""

    def __init__(self, *, pauses: PauseStore, breakers: BreakerStore) -> None:
        self._pauses = pauses
        self._breakers = breakers

    async def __call__(self, now: datetime) -> Holds:
        opened = [
            Pause(key=each.site_key, reason=WaitReason.PROVIDER_DOWN, until=each.until)
            for each in await self._breakers.all()
            if each.until is not None
        ]
        return Holds([*await self._pauses.active(now), *opened])
