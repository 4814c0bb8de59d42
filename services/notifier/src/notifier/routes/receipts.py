"""What people may look up: the receipt of a run, as it was sent."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from service_kit.problems import ProblemError, problem_answers
from service_kit.tokens import User
from sync_contracts.runs import SyncCompleted

from notifier.ports import ReceiptStore


def build_router(store: ReceiptStore, current_user: Callable[[Request], Awaitable[User]]) -> APIRouter:
    """Routes of the receipts; a caller sees those of its own company."""
    router = APIRouter(
        prefix="/v1/receipts", tags=["receipts"], responses=problem_answers(401, 404, 422, 503)
    )

    @router.get("/{run_id}", summary="The receipt of a run", responses={200: {"model": SyncCompleted}})
    async def receipt(run_id: UUID, user: Annotated[User, Depends(current_user)]) -> Response:
        found = await store.find(user.company_id, run_id)
        if found is None:
            raise ProblemError(
                404, "RECEIPT_NOT_FOUND", "The run has not ended yet, or there is none; check the id."
            )
        return Response(found.body, media_type="application/json", headers={"ce-id": found.headers["ce_id"]})

    return router
