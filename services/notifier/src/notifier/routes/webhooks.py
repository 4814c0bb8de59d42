"""A company's webhooks: entering, changing, switching, rotating, testing, looking, replaying."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from service_kit.problems import problem_answers
from service_kit.tokens import User
from sync_contracts.event import Actor

from notifier.delivery import DeliveryState
from notifier.routes.people import CurrentUser, administrator
from notifier.routes.views import (
    AddBody,
    AnswerView,
    ChangeBody,
    DeliveriesView,
    DeliveryView,
    ReplayBody,
    ReplayView,
    RotateBody,
    SecretView,
    WebhooksView,
    WebhookView,
)
from notifier.webhooks import Webhooks

# Nothing but an id, so that an id with a verb behind it is another address.
_ONE = "/{webhook_id:uuid}"


def build_router(webhooks: Webhooks, current_user: CurrentUser) -> APIRouter:
    """For owners and admins, who see those of their own company."""
    router = APIRouter(
        prefix="/v1/webhooks", tags=["webhooks"], responses=problem_answers(401, 403, 404, 409, 422, 503)
    )
    asking = Depends(administrator(current_user))
    _entering(router, webhooks, asking)
    _changing(router, webhooks, asking)
    _delivering(router, webhooks, asking)
    return router


def _entering(router: APIRouter, webhooks: Webhooks, asking: object) -> None:
    manage = webhooks.manage

    @router.post("", status_code=201, summary="Enter an endpoint; answers its secret, this once")
    async def add_webhook(body: AddBody, user: Annotated[User, asking]) -> SecretView:
        by = Actor(id=user.id, role=user.role)
        endpoint, secret = await manage.add(
            user.company_id, by, url=body.url, types=body.types, description=body.description
        )
        return SecretView.made(endpoint, secret)

    @router.get("", summary="The company's endpoints, the oldest first")
    async def list_webhooks(user: Annotated[User, asking]) -> WebhooksView:
        found = await webhooks.endpoints.of_company(user.company_id)
        return WebhooksView(webhooks=[WebhookView.of(endpoint) for endpoint in found])

    @router.get(_ONE, summary="One endpoint")
    async def get_webhook(webhook_id: UUID, user: Annotated[User, asking]) -> WebhookView:
        return WebhookView.of(await manage.find(user.company_id, webhook_id))

    @router.delete(_ONE, status_code=204, summary="Remove an endpoint and its deliveries")
    async def remove_webhook(webhook_id: UUID, user: Annotated[User, asking]) -> None:
        await manage.remove(user.company_id, webhook_id)


def _changing(router: APIRouter, webhooks: Webhooks, asking: object) -> None:
    manage = webhooks.manage

    @router.patch(_ONE, summary="Change address, types or description")
    async def change_webhook(
        webhook_id: UUID, body: ChangeBody, user: Annotated[User, asking]
    ) -> WebhookView:
        changed = await manage.change(
            user.company_id, webhook_id, url=body.url, types=body.types, description=body.description
        )
        return WebhookView.of(changed)

    @router.put(_ONE + ":enabled", summary="Enable an endpoint")
    async def enable_webhook(webhook_id: UUID, user: Annotated[User, asking]) -> WebhookView:
        return WebhookView.of(await manage.switch(user.company_id, webhook_id, on=True))

    @router.delete(_ONE + ":enabled", summary="Disable an endpoint; what is due becomes dead letters")
    async def disable_webhook(webhook_id: UUID, user: Annotated[User, asking]) -> WebhookView:
        return WebhookView.of(await manage.switch(user.company_id, webhook_id, on=False))

    @router.post(_ONE + ":rotate", summary="A new secret, answered this once; the old one signs on beside it")
    async def rotate_secret(webhook_id: UUID, body: RotateBody, user: Annotated[User, asking]) -> SecretView:
        overlap = timedelta(hours=body.overlap_hours)
        return SecretView.made(*await manage.rotate(user.company_id, webhook_id, overlap))


def _delivering(router: APIRouter, webhooks: Webhooks, asking: object) -> None:
    @router.post(_ONE + ":test", summary="Send a test event now, and tell what came of it")
    async def test_webhook(webhook_id: UUID, user: Annotated[User, asking]) -> AnswerView:
        endpoint = await webhooks.manage.find(user.company_id, webhook_id)
        answer = await webhooks.try_webhook(endpoint)
        return AnswerView(ok=answer.is_good, outcome=answer.outcome, status=answer.status)

    @router.get(_ONE + "/deliveries", summary="Deliveries, the newest first; `state=dead`: dead letters")
    async def list_deliveries(
        webhook_id: UUID,
        user: Annotated[User, asking],
        state: DeliveryState | None = None,
        after: Annotated[int | None, Query(ge=1, description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> DeliveriesView:
        await webhooks.manage.find(user.company_id, webhook_id)
        found = await webhooks.deliveries.of_endpoint(
            user.company_id, webhook_id, state=state, before=after, limit=limit
        )
        following = found[-1].sequence if len(found) == limit and found[-1].sequence > 1 else None
        return DeliveriesView(deliveries=[DeliveryView.of(each) for each in found], next=following)

    @router.post(_ONE + ":replay", summary="Deliver events again, under their ids")
    async def replay(webhook_id: UUID, body: ReplayBody, user: Annotated[User, asking]) -> ReplayView:
        endpoint = await webhooks.manage.find(user.company_id, webhook_id)
        wanted = body.of(endpoint, webhooks.clock.now())
        done = await webhooks.replay(endpoint, wanted, dead_only=body.dead_only)
        return ReplayView(again=done.again, added=done.added)
