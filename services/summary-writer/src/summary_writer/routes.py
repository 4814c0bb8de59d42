"""What people may look up: summaries, and how one came to be what it is."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from service_kit.problems import ProblemError, problem_answers
from service_kit.tokens import User
from sync_contracts.ids import PlatformId
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from summary_writer.ports import SummaryFilter, SummaryStore
from summary_writer.summary import SummaryKey
from summary_writer.views import HistoryPage, HistoryView, SummaryPage, SummaryView

_MONTH = r"20\d{2}-(0[1-9]|1[0-2])"
_PLACE = rf"^[A-Za-z0-9_-]{{1,64}}/[a-z-]{{1,32}}/{_MONTH}$"

MonthText = Annotated[str, Field(pattern=f"^{_MONTH}$", examples=["2026-04"])]
Limit = Annotated[int, Field(ge=1, le=500, description="Items a page.")]


class ListQuery(BaseModel):
    """Which summaries, and which page of them."""

    client_id: PlatformId | None = None
    provider: Provider | None = None
    first: MonthText | None = Field(None, alias="from", description="The first month.")
    last: MonthText | None = Field(None, alias="to", description="The last month.")
    after: str | None = Field(None, pattern=_PLACE, description="`next` of the page before.")
    limit: Limit = 100

    def of_company(self, company_id: str) -> SummaryFilter:
        return SummaryFilter(
            company_id=company_id,
            client_id=self.client_id,
            provider=self.provider,
            first=Month.parse(self.first) if self.first else None,
            last=Month.parse(self.last) if self.last else None,
        )


class HistoryQuery(BaseModel):
    """Which page of the changes."""

    before: int | None = Field(None, ge=1, description="`next` of the page before.")
    limit: Limit = 100


def build_router(store: SummaryStore, current_user: Callable[[Request], Awaitable[User]]) -> APIRouter:
    """Routes of the summaries; a caller sees those of its own company."""
    router = APIRouter(prefix="/v1/summaries", tags=["summaries"], responses=problem_answers(401, 422, 503))
    Caller = Annotated[User, Depends(current_user)]  # noqa: N806 (a type)

    async def named_key(
        user: Caller, client_id: PlatformId, provider: Provider, month: MonthText
    ) -> SummaryKey:
        return SummaryKey(user.company_id, client_id, provider, Month.parse(month))

    @router.get("", summary="The company's summaries, by client, provider and month")
    async def list_summaries(user: Caller, query: Annotated[ListQuery, Query()]) -> SummaryPage:
        place = tuple(query.after.split("/")) if query.after else ()
        wanted = query.of_company(user.company_id)
        found = await store.find(wanted, after=place, limit=query.limit + 1)
        page = [SummaryView.of(summary) for summary in found[: query.limit]]
        return SummaryPage(items=page, next=page[-1].place if len(found) > query.limit else None)

    @router.get(
        "/{client_id}/{provider}/{month}/history",
        summary="What a summary replaced, newest first",
        responses=problem_answers(404),
    )
    async def summary_history(
        key: Annotated[SummaryKey, Depends(named_key)], query: Annotated[HistoryQuery, Query()]
    ) -> HistoryPage:
        changes = await store.history(key)
        if not changes:
            raise ProblemError(
                404, "SUMMARY_NOT_FOUND", "This month has not been read yet; reload the client."
            )
        found = [change for change in changes if query.before is None or change.version < query.before]
        page = [HistoryView.of(change) for change in found[: query.limit]]
        return HistoryPage(items=page, next=page[-1].version if len(found) > query.limit else None)

    return router
