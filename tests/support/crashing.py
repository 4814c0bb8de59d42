"""An orchestrator that dies right after one of its writes or sendings, whichever a test asks for.

Of a call that writes many jobs each is a write of its own: a server may die in the middle of them.
"""

from dataclasses import dataclass, field, fields
from typing import Any, cast
from uuid import UUID

from support.fakes import RecordingPublisher
from support.orchestrator_stores import MemoryJobs, memory_stores
from support.orchestrator_world import World
from sync_orchestrator.records import JobRecord
from sync_orchestrator.use_cases import Rules, Stores

READS = {
    "get",
    "of",
    "before",
    "in_states",
    "open_among",
    "states_of",
    "unannounced",
    "page",
    "all",
    "active",
}


class CrashError(BaseException):
    """The process is gone; nothing in it may catch this."""


@dataclass
class Fuse:
    """Blows right after so many writes or sendings, once."""

    steps: int
    has_blown: bool = False

    def step(self) -> None:
        self.steps -= 1
        if self.steps == 0:
            self.has_blown = True
            raise CrashError


@dataclass
class Fused:
    """A store whose writes burn the fuse."""

    store: Any
    fuse: Fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if name in READS:
            return method

        async def step(*args: Any, **kwargs: Any) -> Any:
            result = await method(*args, **kwargs)
            self.fuse.step()
            return result

        return step


class FusedDocuments(dict[UUID, JobRecord]):
    """Jobs that burn the fuse one by one, also where one call writes many."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    def __setitem__(self, job_id: UUID, job: JobRecord) -> None:
        super().__setitem__(job_id, job)
        self._fuse.step()

    def setdefault(self, job_id: UUID, job: JobRecord) -> JobRecord:
        if job_id not in self:
            self[job_id] = job
        return self[job_id]


@dataclass
class FusedPublisher(RecordingPublisher):
    """A broker that takes each message, and then perhaps nobody lives to know it."""

    fuse: Fuse = field(default_factory=lambda: Fuse(0))

    async def __call__(self, event: Any, *, traceparent: str | None = None) -> None:
        await super().__call__(event, traceparent=traceparent)
        self.fuse.step()


def fused_world(steps: int, rules: Rules | None = None) -> World:
    """Its orchestrator dies after so many steps, once."""
    fuse = Fuse(steps)
    plain = memory_stores()
    fused: dict[str, Any] = {
        each.name: Fused(getattr(plain, each.name), fuse) for each in fields(Stores) if each.name != "jobs"
    }
    fused["jobs"] = MemoryJobs(FusedDocuments(fuse))
    return World(
        stores=Stores(**cast(Any, fused)),
        publish=FusedPublisher(fuse=fuse),
        rules=rules or Rules(ask_again_s=0.0, progress_every_s=0.0),
    )


def has_crashed(world: World) -> bool:
    """False when the world had fewer steps."""
    return cast(FusedPublisher, world.publish).fuse.has_blown
