"""Stores an event and a delivery of it for each subscribed endpoint; delivering is the loop's work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from service_kit.clock import Clock
from service_kit.telemetry import current_traceparent
from sync_contracts.connections import ConnectionEvent

from notifier.ports import DeliveryStore, EndpointStore, EventStore
from notifier.webhook_event import WebhookEvent

# Longer than ten attempts and the time a dead letter is kept together.
EVENT_KEPT = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellSubscribers:
    """Safe to repeat: an event has one delivery, with one number, for each endpoint."""

    endpoints: EndpointStore
    events: EventStore
    deliveries: DeliveryStore
    clock: Clock
    wake: Callable[[], None]

    async def connection(self, message: ConnectionEvent) -> None:
        await self(WebhookEvent.of_connection(message))

    async def __call__(self, event: WebhookEvent) -> None:
        endpoints = await self.endpoints.of_company(event.company_id)
        subscribed = [each for each in endpoints if event.type in each.types]
        if not subscribed:
            return
        now = self.clock.now()
        # Also for a disabled endpoint: it may be enabled again and ask for what it missed.
        traced = event.model_copy(update={"traceparent": current_traceparent()})
        await self.events.keep(traced, expires_at=now + EVENT_KEPT)
        for endpoint in subscribed:
            if endpoint.is_enabled:
                sequence = await self.deliveries.add(event, endpoint, due_at=now)
                await self.endpoints.numbered(endpoint.endpoint_id, sequence)
        self.wake()
