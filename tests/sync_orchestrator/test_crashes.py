"""Whatever step is the last before a crash, a restart brings the run to the same end."""

from dataclasses import dataclass, field, fields
from typing import Any, cast

from support.fakes import RecordingPublisher
from support.orchestration import bulk, cancel, started, updated
from support.orchestrator_stores import memory_stores
from support.orchestrator_world import World
from sync_contracts.jobs import JobRequested
from sync_contracts.requests import SyncBulk
from sync_contracts.runs import RunAccepted, RunEnding, RunFinished
from sync_orchestrator.records import RunState
from sync_orchestrator.use_cases import Stores

READS = {"get", "of", "before", "in_states", "open_among", "unannounced", "page", "due", "outstanding"}
READS |= {"all", "due_behind", "any_outstanding", "any_moving", "queued_of", "tally", "of_run", "active"}


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


@dataclass
class FusedPublisher(RecordingPublisher):
    """A broker that takes each message, and then perhaps nobody lives to know it."""

    fuse: Fuse = field(default_factory=lambda: Fuse(0))

    async def __call__(self, event: Any, *, traceparent: str | None = None) -> None:
        await super().__call__(event, traceparent=traceparent)
        self.fuse.step()


def fused_world(steps: int) -> World:
    fuse = Fuse(steps)
    plain = memory_stores()
    fused = {each.name: Fused(getattr(plain, each.name), fuse) for each in fields(Stores)}
    return World(stores=Stores(**cast(Any, fused)), publish=FusedPublisher(fuse=fuse))


def has_crashed(world: World) -> bool:
    return cast(FusedPublisher, world.publish).fuse.has_blown


async def until_ended(world: World, request: SyncBulk, *, cancelled: bool) -> None:
    """Kafka delivers again what was not finished; workers answer every request they get."""
    cancelling, heard = cancel(target=request.request_id), 0
    for _ in range(20):
        try:
            await world.cases.accept.bulk(request)
            if cancelled:
                await world.cases.cancel(cancelling)
            if await world.cases.leadership.is_mine():
                await world.cases.watch()
                await world.cases.release()
            while heard < len(world.requested):
                await read(world, world.requested[heard])
                heard += 1
            await world.cases.settle()
        except CrashError:
            world.restart()
        world.clock.forward(minutes=6)
        run = await world.stores.runs.get(world.accepted.run_id) if world.publish.sent else None
        if (
            run is not None
            and run.state is RunState.ENDED
            and not await world.stores.runs.unannounced(world.clock.now())
        ):
            return
    raise AssertionError("the run did not end")


async def read(world: World, message: JobRequested) -> None:
    await world.cases.track.started(started(message))
    for due in message.jobs:
        job = await world.stores.jobs.get(due.job_id)
        assert job is not None
        await world.cases.track.updated(updated(job, due.attempt))


async def test_a_crash_after_any_step_is_healed_by_a_restart() -> None:
    steps, crashes = 1, 0
    while True:
        world, request = fused_world(steps), bulk(clients=3)

        await until_ended(world, request, cancelled=False)

        finished = world.publish.of(RunFinished)
        assert len({event.model_dump_json() for event in finished}) == 1
        assert (finished[0].ending, finished[0].counts.written) == (RunEnding.COMPLETED, 3)
        assert len({event.run_id for event in world.publish.of(RunAccepted)}) == 1
        assert len(await world.jobs()) == 3
        if not has_crashed(world):
            break
        steps, crashes = steps + 1, crashes + 1
    assert crashes > 15


async def test_a_crash_after_any_step_of_a_cancelled_run_is_healed_too() -> None:
    steps = 1
    while True:
        world, request = fused_world(steps), bulk(clients=3)

        await until_ended(world, request, cancelled=True)

        finished = world.publish.of(RunFinished)
        assert len({event.model_dump_json() for event in finished}) == 1
        assert finished[0].ending is RunEnding.CANCELLED
        assert finished[0].counts.total == 3
        if not has_crashed(world):
            break
        steps += 1
    assert steps > 10
