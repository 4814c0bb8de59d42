"""`/v1/runs`: runs, their lines and jobs, for the company of the caller's token."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from service_kit.problems import problem_answers
from service_kit.tokens import User

from sync_orchestrator.read_runs import JobView, LinesPage, ReadRuns, RunDetail, RunView
from sync_orchestrator.records import JobState, RunState

Page = Annotated[int, Query(ge=1, le=1_000_000)]
Size = Annotated[int, Query(ge=1, le=1_000)]


def build_router(read: ReadRuns, current_user: Callable[[Request], Awaitable[User]]) -> APIRouter:
    """Any role may look."""
    router = APIRouter(prefix="/v1/runs", tags=["runs"], responses=problem_answers(401, 404, 422))
    Caller = Annotated[User, Depends(current_user)]  # noqa: N806 (a type)

    @router.get("", summary="The company's runs, newest first")
    async def list_runs(
        user: Caller,
        state: Annotated[list[RunState] | None, Query()] = None,
        page: Page = 1,
        size: Size = 50,
    ) -> list[RunView]:
        return await read.all(user.company_id, state or [], page, size)

    @router.get("/{run_id}", summary="One run with its progress")
    async def get_run(user: Caller, run_id: UUID) -> RunDetail:
        return await read.one(user.company_id, run_id)

    @router.get("/{run_id}/lines", summary="One line per client: its worst ending, and what to do")
    async def get_lines(user: Caller, run_id: UUID, page: Page = 1, size: Size = 200) -> LinesPage:
        return await read.lines(user.company_id, run_id, page, size)

    @router.get("/{run_id}/jobs", summary="The months of the run's clients, by client and month")
    async def list_jobs(
        user: Caller,
        run_id: UUID,
        state: Annotated[list[JobState] | None, Query()] = None,
        page: Page = 1,
        size: Size = 200,
    ) -> list[JobView]:
        return await read.jobs(user.company_id, run_id, state or [], page, size)

    return router
