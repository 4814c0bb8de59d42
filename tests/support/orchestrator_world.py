"""An orchestrator with everything around it, for tests of what it does."""

from dataclasses import dataclass, field
from uuid import UUID

from support.fakes import FakeClock, RecordingPublisher
from support.orchestration import FakeCredentials, updated, use_cases
from support.orchestrator_stores import memory_stores
from sync_contracts.jobs import JobRequested
from sync_contracts.runs import RunAccepted, RunFinished, RunRejected
from sync_orchestrator.records import JobRecord, JobState, RunRecord
from sync_orchestrator.use_cases import Rules, Stores, UseCases


@dataclass
class World:
    """One instance on stores in memory; `another` makes a second one on the same stores."""

    stores: Stores = field(default_factory=memory_stores)
    clock: FakeClock = field(default_factory=FakeClock)
    publish: RecordingPublisher = field(default_factory=RecordingPublisher)
    credentials: FakeCredentials = field(default_factory=FakeCredentials)
    # A pass ends when it is done, however slow the machine is.
    rules: Rules = field(
        default_factory=lambda: Rules(ask_again_s=0.0, progress_every_s=0.0, longest_pass_s=60.0)
    )
    cases: UseCases = field(init=False)

    def __post_init__(self) -> None:
        self.cases = self.another()

    def another(self) -> UseCases:
        return use_cases(
            self.stores,
            self.publish,
            clock=self.clock,
            credentials=self.credentials,
            rules=self.rules,
        )

    def restart(self) -> None:
        """What the process had in memory is gone."""
        self.cases = self.another()

    @property
    def accepted(self) -> RunAccepted:
        return self.publish.of(RunAccepted)[-1]

    @property
    def rejected(self) -> RunRejected:
        return self.publish.of(RunRejected)[-1]

    @property
    def finished(self) -> RunFinished:
        [finished] = self.publish.of(RunFinished)
        return finished

    @property
    def requested(self) -> list[JobRequested]:
        return self.publish.of(JobRequested)

    async def run(self, run_id: UUID | None = None) -> RunRecord:
        run = await self.stores.runs.get(run_id or self.accepted.run_id)
        assert run is not None
        return run

    async def jobs(self, *states: JobState, run_id: UUID | None = None) -> list[JobRecord]:
        """By client and month."""
        run_id = run_id or self.accepted.run_id
        return await self.stores.jobs.page(run_id, states or list(JobState), 0, 10_000)

    async def all_written(self) -> None:
        """Workers and writer do what has been released, until nothing is left."""
        await self.cases.release()
        while outstanding := await self.stores.jobs.outstanding():
            for job in outstanding:
                await self.cases.track.updated(updated(job))
            await self.cases.release()
        await self.cases.settle()
