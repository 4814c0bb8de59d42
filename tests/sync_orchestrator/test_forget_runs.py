"""Runs that ended long ago go with their jobs; nothing else does."""

from datetime import timedelta

from support.fakes import FakeClock
from support.orchestration import ASKED_AT, run_record
from sync_contracts.month import Month
from sync_orchestrator.forget_runs import ForgetRuns
from sync_orchestrator.plan_run import jobs_of
from sync_orchestrator.receipts import finished_of
from sync_orchestrator.records import PlannedClient, RunRecord, RunState
from sync_orchestrator.use_cases import Stores

KEPT = timedelta(days=400)
CLIENT = PlannedClient(client_id="client-1", months=(Month(2026, 4),))


async def stored(stores: Stores, request_id: str) -> RunRecord:
    run = run_record(request_id=request_id, plan=(CLIENT,))
    await stores.runs.insert(run)
    await stores.jobs.insert(jobs_of(run))
    await stores.runs.open_run(run.run_id)
    return run


async def test_only_runs_that_ended_before_the_time_are_forgotten(stores: Stores) -> None:
    old, young, open_run = [await stored(stores, name) for name in ("req-1", "req-2", "req-3")]
    for run, age in ((old, KEPT), (young, KEPT - timedelta(days=1))):
        finished = finished_of(run, [], now=ASKED_AT - age, lines_url="http://runs/lines")
        assert await stores.runs.end(run.run_id, RunState.OPEN, finished)
    clock = FakeClock(ASKED_AT + timedelta(seconds=1))
    forget = ForgetRuns(runs=stores.runs, jobs=stores.jobs, clock=clock, kept=KEPT)

    for _ in range(2):
        await forget()

    assert await stores.runs.get(old.run_id) is None
    assert await stores.jobs.of_run(old.run_id) == []
    for run in (young, open_run):
        assert await stores.runs.get(run.run_id) is not None
        assert len(await stores.jobs.of_run(run.run_id)) == 1
