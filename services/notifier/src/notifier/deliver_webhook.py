"""One attempt to deliver, and what follows from its answer."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.metrics import count
from service_kit.telemetry import CurrentSpan, within

from notifier.delivery import Answer, DeathReason, Delivery, DeliveryState, Outcome
from notifier.disable_webhook import DisableWebhook
from notifier.endpoint import Endpoint
from notifier.ports import DeliveryStore, EndpointStore, EventStore, SendWebhook
from notifier.retry_schedule import RetrySchedule
from notifier.signing import signed_headers
from notifier.webhook_event import WebhookEvent
from notifier.webhook_secrets import WebhookSecrets

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverWebhook:
    """Of a delivery that this process has claimed; a kill costs at most a repeat under the same id."""

    endpoints: EndpointStore
    events: EventStore
    deliveries: DeliveryStore
    secrets: WebhookSecrets
    send: SendWebhook
    disable: DisableWebhook
    clock: Clock
    schedule: RetrySchedule = field(default_factory=RetrySchedule)
    chance: Callable[[], float] = random.random

    async def __call__(self, delivery: Delivery, claim: UUID) -> None:
        endpoint = await self.endpoints.find(delivery.company_id, delivery.endpoint_id)
        event = await self.events.find(delivery.event_id)
        if endpoint is None or event is None:
            await self.deliveries.forget(delivery)
        elif not endpoint.is_enabled:
            await self._bury(delivery, claim, DeathReason.ENDPOINT_DISABLED)
        else:
            await self._attempt(delivery, claim, endpoint, event)

    async def _attempt(
        self, delivery: Delivery, claim: UUID, endpoint: Endpoint, event: WebhookEvent
    ) -> None:
        with CurrentSpan("webhook delivery", context=within(event.traceparent)) as span:
            body = event.body(delivery.sequence)
            secrets = await self.secrets.signing(endpoint, self.clock.now())
            headers = signed_headers(delivery.webhook_id, body, secrets, now=self.clock.now())
            answer = await self.send(endpoint.url, body, headers)
            span.set_attributes({"outcome": answer.outcome.value, "attempt": delivery.attempts + 1})
            span.set_attribute("ledgerbus.company_id", delivery.company_id)
        reached("webhook_answered")
        count("ledgerbus.webhooks.deliveries", outcome=answer.outcome)
        attempted = delivery.attempted(answer, self.clock.now())
        _log(attempted)
        if answer.is_good:
            await self._succeeded(attempted, claim)
        else:
            await self._failed(attempted, claim, answer)

    async def _succeeded(self, delivery: Delivery, claim: UUID) -> None:
        now = self.clock.now()
        await self.deliveries.record(delivery.ended(DeliveryState.DELIVERED, now), claim=claim)
        await self.endpoints.succeeded(delivery.endpoint_id, now)

    async def _failed(self, delivery: Delivery, claim: UUID, answer: Answer) -> None:
        wait = self.schedule.wait(delivery.attempts, chance=self.chance(), asked_s=answer.retry_after_s)
        if wait is None:
            await self._bury(delivery, claim, DeathReason.ATTEMPTS_USED_UP)
        else:
            await self.deliveries.record(delivery.due(self.clock.now() + wait), claim=claim)
        await self.endpoints.failed(delivery.endpoint_id, self.clock.now())
        if answer.outcome is Outcome.GONE:
            await self.disable.because_gone(delivery.endpoint_id, delivery.event_id)
        else:
            await self.disable.if_failing(delivery.endpoint_id, delivery.event_id)

    async def _bury(self, delivery: Delivery, claim: UUID, reason: DeathReason) -> None:
        if await self.deliveries.record(
            delivery.ended(DeliveryState.DEAD, self.clock.now(), reason), claim=claim
        ):
            count("ledgerbus.webhooks.dead_letters", reason=reason)


def _log(delivery: Delivery) -> None:
    logger.info(
        "webhook attempted",
        extra={
            "company_id": delivery.company_id,
            "endpoint_id": str(delivery.endpoint_id),
            "delivery_id": str(delivery.delivery_id),
            "type": delivery.type,
            "attempt": delivery.attempts,
            "outcome": delivery.last_outcome,
            "status": delivery.last_status,
        },
    )
