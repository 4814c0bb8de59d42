"""All the service does, put together from its ports; the entry point and the tests build the same."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from service_kit.clock import Clock
from service_kit.publishing import Publish

from sync_orchestrator.accept_run import AcceptRun, Lifetime
from sync_orchestrator.answer_malformed import AnswerMalformed
from sync_orchestrator.answer_once import AnswerOnce
from sync_orchestrator.backlog import Backlog
from sync_orchestrator.breakers import BreakerRules
from sync_orchestrator.cancel_run import CancelRun
from sync_orchestrator.deadlines import Silence
from sync_orchestrator.end_run import EndRun
from sync_orchestrator.facts import OutagePatience
from sync_orchestrator.fairness import Credit
from sync_orchestrator.follow_connections import FollowConnections
from sync_orchestrator.forget_runs import ForgetRuns
from sync_orchestrator.gauges import CountOpen
from sync_orchestrator.holds import FindHolds
from sync_orchestrator.leadership import Leadership
from sync_orchestrator.parked import EndParked
from sync_orchestrator.plan_run import PlanRun
from sync_orchestrator.ports import (
    BreakerStore,
    CancelStore,
    ConnectionFacts,
    ConnectionLookup,
    JobStore,
    LeaseStore,
    PauseStore,
    RequestStore,
    RunStore,
)
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.read_runs import ReadRuns
from sync_orchestrator.release_jobs import ReleaseJobs
from sync_orchestrator.request_jobs import RequestJobs
from sync_orchestrator.settle_runs import SettleRuns
from sync_orchestrator.sick_sites import SickSites
from sync_orchestrator.track_run import TrackRun
from sync_orchestrator.watch_time import WatchPatience, WatchTime
from sync_orchestrator.workers_heard import WorkersHeard


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything durable."""

    requests: RequestStore
    cancels: CancelStore
    runs: RunStore
    jobs: JobStore
    facts: ConnectionFacts
    pauses: PauseStore
    breakers: BreakerStore
    leases: LeaseStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The numbers that decide."""

    credit: Credit = field(default_factory=lambda: Credit(slots=200))
    lifetime: Lifetime = field(default_factory=Lifetime)
    outages: OutagePatience = field(default_factory=OutagePatience)
    breakers: BreakerRules = field(default_factory=BreakerRules)
    silence: Silence = field(default_factory=Silence)
    watch: WatchPatience = field(default_factory=WatchPatience)
    lease_s: float = 10.0
    ask_again_s: float = 1.0
    longest_pass_s: float = 0.5
    progress_every_s: float = 1.0
    kept: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class News:
    """Set when something of a run has changed: there may be something to release, and to settle."""

    to_release: asyncio.Event = field(default_factory=asyncio.Event)
    to_settle: asyncio.Event = field(default_factory=asyncio.Event)

    def come(self) -> None:
        self.to_release.set()
        self.to_settle.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """One object per thing the service does."""

    accept: AcceptRun
    cancel: CancelRun
    answer_malformed: AnswerMalformed
    track: TrackRun
    end_parked: EndParked
    follow: FollowConnections
    release: ReleaseJobs
    settle: SettleRuns
    watch: WatchTime
    forget: ForgetRuns
    leadership: Leadership
    read: ReadRuns
    count_open: CountOpen
    news: News


def build_use_cases(
    stores: Stores,
    *,
    lookup: ConnectionLookup,
    publish: Publish,
    clock: Clock,
    rules: Rules,
    public_url: str,
) -> UseCases:
    """What must be the same for all of them is made here once."""
    runs, jobs = stores.runs, stores.jobs
    find_holds = FindHolds(pauses=stores.pauses, breakers=stores.breakers)
    tell_progress = TellProgress(jobs=jobs, find_holds=find_holds, clock=clock)
    backlog = Backlog(jobs, ask_again_s=rules.ask_again_s)
    request_jobs = RequestJobs(publish, clock)
    workers = WorkersHeard(jobs=jobs, clock=clock, slots=rules.credit.slots)
    sick_sites = SickSites(breakers=stores.breakers, jobs=jobs, clock=clock, rules=rules.breakers)
    end_run = EndRun(runs=runs, jobs=jobs, publish=publish, clock=clock, public_url=public_url)
    settle = SettleRuns(
        runs=runs,
        jobs=jobs,
        end_run=end_run,
        tell_progress=tell_progress,
        publish=publish,
        clock=clock,
        progress_every_s=rules.progress_every_s,
    )
    news = News()

    def touch(run_id: UUID) -> None:
        settle.touch(run_id)
        news.come()

    answer_once = AnswerOnce(requests=stores.requests, publish=publish, clock=clock)
    plan_run = PlanRun(runs=runs, jobs=jobs, touch=touch)
    cancel = CancelRun(
        answer_once=answer_once,
        requests=stores.requests,
        cancels=stores.cancels,
        runs=runs,
        tell_progress=tell_progress,
        clock=clock,
        touch=touch,
    )
    track = TrackRun(
        runs=runs,
        jobs=jobs,
        pauses=stores.pauses,
        lookup=lookup,
        sick_sites=sick_sites,
        workers=workers,
        clock=clock,
        patience=rules.outages,
        touch=touch,
    )
    return UseCases(
        accept=AcceptRun(
            answer_once=answer_once,
            runs=runs,
            jobs=jobs,
            lookup=lookup,
            plan_run=plan_run,
            tell_progress=tell_progress,
            cancel_run=cancel,
            clock=clock,
            lifetime=rules.lifetime,
        ),
        cancel=cancel,
        answer_malformed=AnswerMalformed(publish=publish, clock=clock),
        track=track,
        end_parked=EndParked(track),
        follow=FollowConnections(facts=stores.facts, runs=runs, jobs=jobs, lookup=lookup, touch=touch),
        release=ReleaseJobs(
            runs=runs,
            jobs=jobs,
            facts=stores.facts,
            pauses=stores.pauses,
            sick_sites=sick_sites,
            workers=workers,
            backlog=backlog,
            request_jobs=request_jobs,
            clock=clock,
            credit=rules.credit,
            touch=touch,
            longest_pass_s=rules.longest_pass_s,
        ),
        settle=settle,
        watch=WatchTime(
            runs=runs,
            jobs=jobs,
            backlog=backlog,
            find_holds=find_holds,
            plan_run=plan_run,
            cancel_run=cancel,
            end_run=end_run,
            request_jobs=request_jobs,
            clock=clock,
            silence=rules.silence,
            patience=rules.watch,
            look_at=settle.look_at,
        ),
        forget=ForgetRuns(runs=runs, jobs=jobs, clock=clock, kept=rules.kept),
        leadership=Leadership(
            leases=stores.leases, clock=clock, lease_s=rules.lease_s, taken_over=request_jobs.doubt
        ),
        read=ReadRuns(runs=runs, jobs=jobs, find_holds=find_holds, tell_progress=tell_progress, clock=clock),
        count_open=CountOpen(runs=runs, settle=settle, tell_progress=tell_progress, clock=clock),
        news=news,
    )
