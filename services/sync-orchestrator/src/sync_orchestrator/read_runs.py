"""What people may look at: a company's runs, their lines and jobs."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from service_kit.clock import Clock
from service_kit.problems import ProblemError
from sync_contracts.codes import ProblemCode, RefusalCode, WaitReason, sentence
from sync_contracts.event import Actor
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, Progress, ReceiptLine, RunEnding, RunKind

from sync_orchestrator.holds import FindHolds
from sync_orchestrator.ports import JobStore, RunStore
from sync_orchestrator.progress import TellProgress, reason_of
from sync_orchestrator.receipts import lines_of
from sync_orchestrator.records import JobRecord, JobState, RunRecord, RunState, StoredMonth


class RunView(BaseModel):
    """A run as it stands; `ending` once it has ended."""

    run_id: UUID
    request_id: str
    kind: RunKind
    provider: Provider
    months: tuple[StoredMonth, ...]
    clients: int
    state: RunState
    ending: RunEnding | None = None
    requested_by: Actor
    requested_at: AwareDatetime
    accepted_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    deadline_at: AwareDatetime
    retry_of: UUID | None = None


class RunDetail(RunView):
    """A run with its progress: endings, what runs, and what the rest waits for."""

    progress: Progress


class JobView(BaseModel):
    """One month of one client; while it is not running, the reason and when it is tried again."""

    job_id: UUID
    client_id: str
    month: StoredMonth
    state: JobState
    attempt: int
    reason: WaitReason | None = None
    retry_at: AwareDatetime | None = None
    ending: JobEnding | None = None
    code: ProblemCode | None = None
    message: str | None = Field(default=None, description="What to do, or what it waits for.")
    started_at: AwareDatetime | None = None


class LinesPage(BaseModel):
    """Lines of a run's receipt, clients with trouble first."""

    run_id: UUID
    page: int
    size: int
    total: int
    lines: list[ReceiptLine]


class ReadRuns:
    """Answers for one company at a time; another company's run does not exist."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        find_holds: FindHolds,
        tell_progress: TellProgress,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._find_holds = find_holds
        self._tell_progress = tell_progress
        self._clock = clock

    async def all(self, company_id: str, states: list[RunState], page: int, size: int) -> list[RunView]:
        wanted = states or list(RunState)
        found = await self._runs.page(company_id, wanted, (page - 1) * size, size)
        return [RunView.model_validate(_fields(run)) for run in found]

    async def one(self, company_id: str, run_id: UUID) -> RunDetail:
        run = await self._own(company_id, run_id)
        return RunDetail.model_validate(_fields(run) | {"progress": await self._tell_progress(run)})

    async def lines(self, company_id: str, run_id: UUID, page: int, size: int) -> LinesPage:
        await self._own(company_id, run_id)
        lines = lines_of(await self._jobs.of_run(run_id))
        part = lines[(page - 1) * size : page * size]
        return LinesPage(run_id=run_id, page=page, size=size, total=len(lines), lines=part)

    async def jobs(
        self, company_id: str, run_id: UUID, states: list[JobState], page: int, size: int
    ) -> list[JobView]:
        run = await self._own(company_id, run_id)
        wanted = states or list(JobState)
        found = await self._jobs.page(run_id, wanted, (page - 1) * size, size)
        now = self._clock.now()
        holds = await self._find_holds(now)
        return [_job(job, *reason_of(job, run, holds, now)) for job in found]

    async def _own(self, company_id: str, run_id: UUID) -> RunRecord:
        run = await self._runs.get(run_id)
        if run is None or run.company_id != company_id:
            code = RefusalCode.RUN_NOT_FOUND
            raise ProblemError(404, code, sentence(code))
        return run


def _fields(run: RunRecord) -> dict[str, object]:
    return run.model_dump() | {
        "ending": run.finished.ending if run.finished else None,
        "requested_by": run.meta.actor,
        "requested_at": run.meta.occurred_at,
    }


def _job(job: JobRecord, reason: WaitReason | None, retry_at: datetime | None) -> JobView:
    told = job.code or reason
    return JobView(
        job_id=job.job_id,
        client_id=job.client_id,
        month=job.month,
        state=job.state,
        attempt=job.attempt,
        reason=reason,
        retry_at=retry_at,
        ending=job.ending,
        code=job.code,
        message=sentence(told) if told else None,
        started_at=job.started_at,
    )
