"""A company's address for webhooks, and what is known about it."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from sync_contracts.event import Actor
from sync_contracts.webhooks import DisableReason

from notifier.webhook_event import WebhookType

MAX_PER_COMPANY = 20
# Longer than any gap between two attempts: a failure after it is the first of something new.
FORGOTTEN_AFTER = timedelta(hours=48)


class DisabledBy(StrEnum):
    """Who or what switched an endpoint off."""

    PERSON = "person"
    FAILING = "failing"
    GONE = "gone"


class Announcement(BaseModel):
    """A disabling that has still to be told."""

    model_config = ConfigDict(frozen=True)

    reason: DisableReason
    at: datetime
    cause: UUID


class SecretName(BaseModel):
    """Which secret: the how-manieth of the endpoint, made by which version of Vault's key."""

    model_config = ConfigDict(frozen=True)

    number: int
    key_version: int


class Endpoint(BaseModel):
    """Holds no secret, only names of them: Vault's key makes the secret of a name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoint_id: UUID
    company_id: str
    url: str
    types: tuple[WebhookType, ...]
    description: str = ""
    created_at: datetime
    created_by: Actor
    changed_at: datetime
    is_enabled: bool = True
    disabled_by: DisabledBy | None = None
    disabled_at: datetime | None = None
    salt: str
    secret: SecretName
    previous: SecretName | None = None
    previous_until: datetime | None = None
    last_sequence: int = 0
    failing_since: datetime | None = None
    last_failure_at: datetime | None = None
    last_success_at: datetime | None = None
    announcement: Announcement | None = None
    revision: int = 0

    @classmethod
    def made(
        cls,
        company_id: str,
        *,
        url: str,
        types: tuple[WebhookType, ...],
        description: str,
        key_version: int,
        by: Actor,
        now: datetime,
    ) -> Self:
        return cls(
            endpoint_id=uuid4(),
            company_id=company_id,
            url=url,
            types=types,
            description=description,
            created_at=now,
            created_by=by,
            changed_at=now,
            salt=secrets.token_hex(16),
            secret=SecretName(number=1, key_version=key_version),
        )

    def rotated(self, key_version: int, *, previous_until: datetime) -> Self:
        """A new secret; until then the one before signs beside it."""
        changes = {
            "secret": SecretName(number=self.secret.number + 1, key_version=key_version),
            "previous": self.secret,
            "previous_until": previous_until,
        }
        return self.model_copy(update=changes)

    def secrets_at(self, now: datetime) -> tuple[SecretName, ...]:
        """Those that sign, the newest first."""
        if self.previous is None or self.previous_until is None or now >= self.previous_until:
            return (self.secret,)
        return (self.secret, self.previous)

    def switched(self, *, on: bool, now: datetime) -> Self:
        """By a person; switching on begins with a clean slate."""
        by, at = (None, None) if on else (DisabledBy.PERSON, now)
        changes = {"is_enabled": on, "disabled_by": by, "disabled_at": at, "failing_since": None}
        return self.model_copy(update=changes)
