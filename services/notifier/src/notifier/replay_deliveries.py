"""Delivers again what a time, a client or a type selects; safe to repeat, for the ids stay the same."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service_kit.clock import Clock

from notifier.delivery import DeliveryState, delivery_id
from notifier.endpoint import Endpoint
from notifier.ports import DeliveryStore, EndpointStore, EventFilter, EventStore
from notifier.refusals import WebhookOffError
from notifier.webhook_event import WebhookEvent

_PAGE = 500
_ENDED = (DeliveryState.DELIVERED, DeliveryState.DEAD)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many deliveries are due again, and how many the endpoint had never had."""

    again: int
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDeliveries:
    """Goes by the events, so that an endpoint also gets what was told while it was disabled."""

    endpoints: EndpointStore
    events: EventStore
    deliveries: DeliveryStore
    clock: Clock
    wake: Callable[[], None]

    async def __call__(self, endpoint: Endpoint, wanted: EventFilter, *, dead_only: bool) -> Replayed:
        """WebhookOffError where nothing would be delivered."""
        if not endpoint.is_enabled:
            raise WebhookOffError
        again = added = 0
        after = None
        while page := await self.events.matching(wanted, after=after, limit=_PAGE):
            now, after = self.clock.now(), page[-1].event_id
            ids = [delivery_id(endpoint.endpoint_id, event.event_id) for event in page]
            states = (DeliveryState.DEAD,) if dead_only else _ENDED
            again += await self.deliveries.again(ids, states=states, due_at=now)
            if not dead_only:
                added += await self._add_missing(endpoint, page, now)
            self.wake()
        return Replayed(again, added)

    async def _add_missing(self, endpoint: Endpoint, page: list[WebhookEvent], now: datetime) -> int:
        known = await self.deliveries.known(
            [delivery_id(endpoint.endpoint_id, event.event_id) for event in page]
        )
        missing = [event for event in page if delivery_id(endpoint.endpoint_id, event.event_id) not in known]
        for event in sorted(missing, key=lambda event: event.occurred_at):
            sequence = await self.deliveries.add(event, endpoint, due_at=now)
            await self.endpoints.numbered(endpoint.endpoint_id, sequence)
        return len(missing)
