"""Switches off an endpoint that is gone or has failed for days, and tells it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from service_kit.clock import Clock
from service_kit.metrics import count
from service_kit.publishing import Publish
from sync_contracts.event import Meta
from sync_contracts.webhooks import DisableReason, WebhookDisabled

from notifier.delivery import DeathReason
from notifier.endpoint import Announcement, DisabledBy, Endpoint
from notifier.ports import DeliveryStore, EndpointStore

logger = logging.getLogger(__name__)

FAILING_FOR = timedelta(days=5)
_LEFT_AFTER = timedelta(seconds=60)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableWebhook:
    """State first, then the dead letters, then the message; what a kill leaves open is done later."""

    endpoints: EndpointStore
    deliveries: DeliveryStore
    publish: Publish
    clock: Clock

    async def because_gone(self, endpoint_id: UUID, cause: UUID) -> None:
        """It answered 410."""
        await self._disable(endpoint_id, cause, DisableReason.GONE, DisabledBy.GONE, failing_before=None)

    async def if_failing(self, endpoint_id: UUID, cause: UUID) -> None:
        """Nothing has succeeded since a failure five days ago."""
        cutoff = self.clock.now() - FAILING_FOR
        await self._disable(
            endpoint_id, cause, DisableReason.FAILING, DisabledBy.FAILING, failing_before=cutoff
        )

    async def finish_left_open(self) -> None:
        """What another process has begun, and not finished within a minute."""
        for endpoint in await self.endpoints.to_announce(self.clock.now() - _LEFT_AFTER, _AT_ONCE):
            await self._finish(endpoint)

    async def _disable(
        self,
        endpoint_id: UUID,
        cause: UUID,
        reason: DisableReason,
        by: DisabledBy,
        *,
        failing_before: datetime | None,
    ) -> None:
        announcement = Announcement(reason=reason, at=self.clock.now(), cause=cause)
        endpoint = await self.endpoints.disable(endpoint_id, announcement, by, failing_before=failing_before)
        if endpoint is not None:
            await self._finish(endpoint)

    async def _finish(self, endpoint: Endpoint) -> None:
        told = endpoint.announcement
        if told is None:
            return
        buried = await self.deliveries.bury_pending(
            endpoint.endpoint_id, DeathReason.ENDPOINT_DISABLED, told.at
        )
        await self.publish(_message(endpoint, told))
        await self.endpoints.announced(endpoint.endpoint_id, told)
        count("ledgerbus.webhooks.disabled", reason=told.reason)
        count("ledgerbus.webhooks.dead_letters", buried, reason=DeathReason.ENDPOINT_DISABLED)
        logger.warning(
            "webhook disabled",
            extra={
                "company_id": endpoint.company_id,
                "endpoint_id": str(endpoint.endpoint_id),
                "reason": told.reason,
                "dead_letters": buried,
            },
        )


def _message(endpoint: Endpoint, told: Announcement) -> WebhookDisabled:
    return WebhookDisabled(
        meta=Meta(
            event_id=uuid5(endpoint.endpoint_id, f"{WebhookDisabled.topic}/{told.at.isoformat()}"),
            occurred_at=told.at,
            company_id=endpoint.company_id,
            correlation_id=str(endpoint.endpoint_id),
            causation_id=told.cause,
            actor=endpoint.created_by,
        ),
        endpoint_id=endpoint.endpoint_id,
        description=endpoint.description,
        reason=told.reason,
        failing_since=endpoint.failing_since,
        disabled_at=told.at,
    )
