"""The calendar: finishes what a crash left, asks again where nobody answers, ends what lasts too long."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from sync_contracts.runs import JobEnding

from sync_orchestrator.backlog import Backlog
from sync_orchestrator.cancel_run import CancelRun
from sync_orchestrator.deadlines import Deadline, Silence
from sync_orchestrator.end_run import EndRun
from sync_orchestrator.facts import ended, requeued
from sync_orchestrator.holds import FindHolds
from sync_orchestrator.plan_run import PlanRun
from sync_orchestrator.ports import JobStore, RunStore, Touch
from sync_orchestrator.records import JobRecord, JobState, RunRecord, RunState
from sync_orchestrator.release_jobs import app_key
from sync_orchestrator.request_jobs import RequestJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPatience:
    """How long a run may stay in planning, a cancel without its request, an end unannounced."""

    planning_s: float = 30.0
    cancel_s: float = 600.0
    announce_s: float = 5.0


class WatchTime:
    """One round of the watch; only the leading instance makes them."""

    def __init__(
        self,
        *,
        runs: RunStore,
        jobs: JobStore,
        backlog: Backlog,
        find_holds: FindHolds,
        plan_run: PlanRun,
        cancel_run: CancelRun,
        end_run: EndRun,
        request_jobs: RequestJobs,
        clock: Clock,
        silence: Silence,
        patience: WatchPatience,
        look_at: Touch,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._backlog = backlog
        self._find_holds = find_holds
        self._plan_run = plan_run
        self._cancel_run = cancel_run
        self._end_run = end_run
        self._request_jobs = request_jobs
        self._clock = clock
        self._silence = silence
        self._patience = patience
        self._look_at = look_at

    async def __call__(self) -> None:
        now = self._clock.now()
        await self._finish_planning(now)
        await self._cancel_run.give_up(timedelta(seconds=self._patience.cancel_s))
        await self._end_run.announce_left(timedelta(seconds=self._patience.announce_s))
        states = (RunState.OPEN, RunState.CANCELLING, RunState.EXPIRING)
        runs = {run.run_id: run for run in await self._runs.in_states(*states)}
        outstanding = [job for job in await self._jobs.outstanding() if job.run_id in runs]
        await self._ask_the_silent(outstanding, runs, now)
        paused = (await self._find_holds(now)).still_keys
        at_work = {job.run_id for job in outstanding}
        for run in runs.values():
            if run.state is not RunState.EXPIRING:
                is_still = run.run_id not in at_work and not await self._may_move(run, paused)
                await self._watch(run, now, is_still=is_still)
            self._look_at(run.run_id)

    async def _finish_planning(self, now: datetime) -> None:
        patience = timedelta(seconds=self._patience.planning_s)
        for listed in await self._runs.in_states(RunState.PLANNING):
            if now - listed.accepted_at <= patience or self._plan_run.has_in_hand(listed.run_id):
                continue  # a plan may be long: nobody looks at it without need
            run = await self._runs.get(listed.run_id)
            if run is not None:
                await self._plan_run(run)
                await self._cancel_run.overtaken(run.company_id, run.request_id)

    async def _ask_the_silent(
        self, outstanding: Collection[JobRecord], runs: Mapping[UUID, RunRecord], now: datetime
    ) -> None:
        silent = [job.job_id for job in outstanding if self._judged(job, runs[job.run_id], now)]
        with self._request_jobs.else_doubt():
            changed = await self._jobs.change(silent, lambda job: self._judged(job, runs[job.run_id], now))
            await self._request_jobs([job for job in changed if job.state is JobState.RELEASED], runs)

    def _judged(self, job: JobRecord, run: RunRecord, now: datetime) -> JobRecord | None:
        """What becomes of a job that has been silent for too long; None while it has not."""
        is_dead, is_lost = self._silence.is_dead(job, now), self._is_lost(job, now)
        if run.state is not RunState.OPEN:
            dropped = is_dead or self._silence.is_dropped(job, run, now)
            return ended(job, JobEnding.CANCELLED) if dropped else None
        if is_dead:
            return requeued(job, now=now)
        return job.model_copy(update={"released_at": now}) if is_lost else None

    def _is_lost(self, job: JobRecord, now: datetime) -> bool:
        """Nobody has begun with it, for its message was lost or never sent."""
        unsent = job.state is JobState.RELEASED and self._request_jobs.is_in_doubt(job)
        return unsent or self._silence.is_lost(job, now)

    async def _watch(self, run: RunRecord, now: datetime, *, is_still: bool) -> None:
        seen = Deadline.of(run)
        moved = seen.seen(now, still=is_still)
        if moved != seen:
            await self._runs.move_deadline(run.run_id, seen, moved)
        if moved.has_passed(now):
            await self._runs.begin_expiring(run.run_id)
            reached("run_expiring")

    async def _may_move(self, run: RunRecord, paused: AbstractSet[str]) -> bool:
        """What is at hand is asked first: the store looks through all jobs of the run."""
        if app_key(run) in paused:
            return False
        at_hand = self._backlog.offers(run.run_id, paused)
        return at_hand or await self._jobs.any_to_move(run.run_id, paused)
