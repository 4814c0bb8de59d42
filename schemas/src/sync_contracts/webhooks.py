"""What happens to a company's webhooks that nobody asked for."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from sync_contracts.event import Event


class DisableReason(StrEnum):
    """Why an endpoint was switched off without anybody's doing."""

    FAILING = "failing"
    GONE = "gone"


class WebhookDisabled(Event):
    """An endpoint gets nothing more until somebody enables it: it failed for days, or answered 410."""

    topic: ClassVar[str] = "webhook.disabled.v1"

    endpoint_id: UUID
    description: str = Field(max_length=200, description="What the firm calls the endpoint.")
    reason: DisableReason
    failing_since: AwareDatetime | None = Field(
        default=None, description="The first failure after the last success."
    )
    disabled_at: AwareDatetime

    @property
    def subject(self) -> str:
        return str(self.endpoint_id)
