"""Stores of webhooks in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from notifier.delivery import DeathReason, Delivery, DeliveryState, delivery_id
from notifier.endpoint import FORGOTTEN_AFTER, Announcement, DisabledBy, Endpoint
from notifier.ports import EventFilter
from notifier.webhook_event import WebhookEvent


@dataclass
class MemoryEndpoints:
    """Implements `EndpointStore`."""

    endpoints: dict[UUID, Endpoint] = field(default_factory=dict)

    async def add(self, endpoint: Endpoint) -> None:
        self.endpoints[endpoint.endpoint_id] = endpoint

    async def find(self, company_id: str, endpoint_id: UUID) -> Endpoint | None:
        found = self.endpoints.get(endpoint_id)
        return found if found and found.company_id == company_id else None

    async def of_company(self, company_id: str) -> list[Endpoint]:
        found = [each for each in self.endpoints.values() if each.company_id == company_id]
        return sorted(found, key=lambda each: each.created_at)

    async def change(self, endpoint: Endpoint) -> bool:
        stored = self.endpoints.get(endpoint.endpoint_id)
        if stored is None or stored.revision != endpoint.revision:
            return False
        kept = {"last_sequence": stored.last_sequence, "last_success_at": stored.last_success_at}
        told = None if endpoint.is_enabled else stored.announcement
        changes = kept | {"announcement": told, "revision": stored.revision + 1}
        self.endpoints[endpoint.endpoint_id] = endpoint.model_copy(update=changes)
        return True

    async def remove(self, company_id: str, endpoint_id: UUID) -> bool:
        found = await self.find(company_id, endpoint_id)
        return found is not None and self.endpoints.pop(endpoint_id) is found

    async def numbered(self, endpoint_id: UUID, sequence: int) -> None:
        highest = max(sequence, self.endpoints[endpoint_id].last_sequence)
        self._set(endpoint_id, last_sequence=highest)

    async def succeeded(self, endpoint_id: UUID, at: datetime) -> None:
        before = self.endpoints[endpoint_id].last_success_at
        self._set(endpoint_id, last_success_at=max(at, before or at), failing_since=None)

    async def failed(self, endpoint_id: UUID, at: datetime) -> None:
        known = self.endpoints[endpoint_id]
        last = known.last_failure_at or at
        since = known.failing_since if last >= at - FORGOTTEN_AFTER else None
        self._set(endpoint_id, failing_since=since or at, last_failure_at=max(last, at))

    async def disable(
        self,
        endpoint_id: UUID,
        announcement: Announcement,
        by: DisabledBy,
        *,
        failing_before: datetime | None,
    ) -> Endpoint | None:
        found = self.endpoints.get(endpoint_id)
        if found is None or not found.is_enabled:
            return None
        if failing_before is not None and not (
            found.failing_since is not None and found.failing_since <= failing_before
        ):
            return None
        self._set(
            endpoint_id,
            is_enabled=False,
            disabled_by=by,
            disabled_at=announcement.at,
            announcement=announcement,
            revision=found.revision + 1,
        )
        return self.endpoints[endpoint_id]

    async def to_announce(self, before: datetime, limit: int) -> list[Endpoint]:
        left = [
            each for each in self.endpoints.values() if each.announcement and each.announcement.at < before
        ]
        return left[:limit]

    async def announced(self, endpoint_id: UUID, announcement: Announcement) -> None:
        if self.endpoints[endpoint_id].announcement == announcement:
            self._set(endpoint_id, announcement=None)

    def _set(self, endpoint_id: UUID, **changes: Any) -> None:
        self.endpoints[endpoint_id] = self.endpoints[endpoint_id].model_copy(update=changes)


@dataclass
class MemoryEvents:
    """Implements `EventStore`."""

    events: dict[UUID, WebhookEvent] = field(default_factory=dict)

    async def keep(self, event: WebhookEvent, *, expires_at: datetime) -> None:  # noqa: ARG002
        self.events.setdefault(event.event_id, event)

    async def find(self, event_id: UUID) -> WebhookEvent | None:
        return self.events.get(event_id)

    async def matching(self, wanted: EventFilter, *, after: UUID | None, limit: int) -> list[WebhookEvent]:
        found = [
            event
            for event in self.events.values()
            if event.company_id == wanted.company_id
            and event.type in wanted.types
            and wanted.since <= event.occurred_at < wanted.until
            and (wanted.client_id is None or event.is_about_all or wanted.client_id in event.client_ids)
            and (after is None or event.event_id.bytes > after.bytes)
        ]
        return sorted(found, key=lambda event: event.event_id.bytes)[:limit]


@dataclass
class MemoryDeliveries:
    """Implements `DeliveryStore`."""

    deliveries: dict[UUID, Delivery] = field(default_factory=dict)
    claims: dict[UUID, UUID] = field(default_factory=dict)

    async def add(self, event: WebhookEvent, endpoint: Endpoint, *, due_at: datetime) -> int:
        known = self.deliveries.get(delivery_id(endpoint.endpoint_id, event.event_id))
        if known is not None:
            return known.sequence
        numbers = [each.sequence for each in self._of(endpoint.endpoint_id)]
        sequence = max(endpoint.last_sequence, *numbers, 0) + 1
        added = Delivery.of(event, endpoint.endpoint_id, sequence=sequence, due_at=due_at)
        self.deliveries[added.delivery_id] = added
        return sequence

    async def due(self, now: datetime, *, limit: int, leaving_out: Sequence[UUID] = ()) -> list[Delivery]:
        found = [
            (each.due_at, each)
            for each in self.deliveries.values()
            if each.due_at is not None and each.due_at <= now and each.endpoint_id not in leaving_out
        ]
        return [each for _, each in sorted(found, key=lambda pair: pair[0])][:limit]

    async def waiting(self) -> int:
        return sum(one.state is DeliveryState.PENDING for one in self.deliveries.values())

    async def claim(self, delivery: Delivery, *, claim: UUID, now: datetime, until: datetime) -> bool:
        stored = self.deliveries.get(delivery.delivery_id)
        if stored is None or stored.due_at is None or stored.due_at > now:
            return False
        self.deliveries[delivery.delivery_id] = stored.due(until)
        self.claims[delivery.delivery_id] = claim
        return True

    async def record(self, delivery: Delivery, *, claim: UUID) -> bool:
        stored = self.deliveries.get(delivery.delivery_id)
        if stored is None or self.claims.get(delivery.delivery_id) != claim:
            return False
        if delivery.state is not DeliveryState.DELIVERED and stored.state is not DeliveryState.PENDING:
            return False
        self.deliveries[delivery.delivery_id] = delivery
        del self.claims[delivery.delivery_id]
        return True

    async def forget(self, delivery: Delivery) -> None:
        self.deliveries.pop(delivery.delivery_id, None)

    async def forget_all(self, endpoint_id: UUID) -> None:
        for each in self._of(endpoint_id):
            del self.deliveries[each.delivery_id]

    async def bury_pending(self, endpoint_id: UUID, reason: DeathReason, at: datetime) -> int:
        pending = [each for each in self._of(endpoint_id) if each.state is DeliveryState.PENDING]
        for each in pending:
            self.deliveries[each.delivery_id] = each.ended(DeliveryState.DEAD, at, reason)
        return len(pending)

    async def known(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        return set(delivery_ids) & self.deliveries.keys()

    async def again(
        self, delivery_ids: Sequence[UUID], *, states: Sequence[DeliveryState], due_at: datetime
    ) -> int:
        found = [self.deliveries[each] for each in await self.known(delivery_ids)]
        ended = [each for each in found if each.state in states]
        for each in ended:
            fresh = {"state": DeliveryState.PENDING, "attempts": 0, "due_at": due_at}
            gone = dict.fromkeys(("ended_at", "expires_at", "death_reason"))
            self.deliveries[each.delivery_id] = each.model_copy(update=fresh | gone)
            self.claims.pop(each.delivery_id, None)
        return len(ended)

    async def of_endpoint(
        self,
        company_id: str,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None,
        before: int | None,
        limit: int,
    ) -> list[Delivery]:
        found = [
            each
            for each in self._of(endpoint_id)
            if each.company_id == company_id
            and (state is None or each.state is state)
            and (before is None or each.sequence < before)
        ]
        return sorted(found, key=lambda each: -each.sequence)[:limit]

    def _of(self, endpoint_id: UUID) -> list[Delivery]:
        return [each for each in self.deliveries.values() if each.endpoint_id == endpoint_id]
