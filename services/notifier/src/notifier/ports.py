"""What the use cases need from the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.delivery import Answer, DeathReason, Delivery, DeliveryState
from notifier.destination import Address
from notifier.endpoint import Announcement, DisabledBy, Endpoint
from notifier.receipt import Receipt
from notifier.webhook_event import WebhookEvent, WebhookType


class ReceiptStore(Protocol):
    """Keeps one receipt per run, for any number of processes at once."""

    async def keep_first(self, receipt: Receipt) -> Receipt:
        """The receipt of the run: this one, or the one that was kept earlier."""
        ...

    async def find(self, company_id: str, run_id: UUID) -> Receipt | None:
        """The receipt of a company's run, once there is one."""
        ...

    async def forget(self, stored_before: datetime) -> None:
        """All that are older."""
        ...


class PublishStored(Protocol):
    """Sends bytes and headers as they are, and returns once the broker has them on record."""

    async def __call__(self, topic: str, body: bytes, *, key: str, headers: Mapping[str, str]) -> None: ...


class EndpointStore(Protocol):
    """Companies' endpoints, for any number of processes at once."""

    async def add(self, endpoint: Endpoint) -> None: ...

    async def find(self, company_id: str, endpoint_id: UUID) -> Endpoint | None: ...

    async def of_company(self, company_id: str) -> list[Endpoint]:
        """All of them, the oldest first."""
        ...

    async def change(self, endpoint: Endpoint) -> bool:
        """What people change; False when another change came first."""
        ...

    async def remove(self, company_id: str, endpoint_id: UUID) -> bool: ...

    async def numbered(self, endpoint_id: UUID, sequence: int) -> None:
        """The endpoint has given out this number; a lower one changes nothing."""
        ...

    async def succeeded(self, endpoint_id: UUID, at: datetime) -> None: ...

    async def failed(self, endpoint_id: UUID, at: datetime) -> None:
        """Remembers the first failure after a success, or after days without one (`FORGOTTEN_AFTER`)."""
        ...

    async def disable(
        self,
        endpoint_id: UUID,
        announcement: Announcement,
        by: DisabledBy,
        *,
        failing_before: datetime | None,
    ) -> Endpoint | None:
        """The endpoint, now off; None when it was off, or has not been failing since before the instant."""
        ...

    async def to_announce(self, before: datetime, limit: int) -> list[Endpoint]:
        """Disabled before the instant, and not yet told."""
        ...

    async def announced(self, endpoint_id: UUID, announcement: Announcement) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Events of a company from one instant on and before another."""

    company_id: str
    types: tuple[WebhookType, ...]
    since: datetime
    until: datetime
    client_id: str | None = None


class EventStore(Protocol):
    """Events that had a subscriber, kept longer than any delivery of them lasts."""

    async def keep(self, event: WebhookEvent, *, expires_at: datetime) -> None:
        """The first one of an id stays."""
        ...

    async def find(self, event_id: UUID) -> WebhookEvent | None: ...

    async def matching(self, wanted: EventFilter, *, after: UUID | None, limit: int) -> list[WebhookEvent]:
        """By id, those after the given one."""
        ...


class DeliveryStore(Protocol):
    """Deliveries, shared by any number of processes."""

    async def add(self, event: WebhookEvent, endpoint: Endpoint, *, due_at: datetime) -> int:
        """The delivery's number: the endpoint's next, or the one it has had since it was first added."""
        ...

    async def due(self, now: datetime, *, limit: int, leaving_out: Sequence[UUID] = ()) -> list[Delivery]:
        """The longest due first, without those of the given endpoints."""
        ...

    async def waiting(self) -> int:
        """How many are due, on their way or to be tried again."""
        ...

    async def claim(self, delivery: Delivery, *, claim: UUID, now: datetime, until: datetime) -> bool:
        """Whether it is this process's until then; False when another was first."""
        ...

    async def record(self, delivery: Delivery, *, claim: UUID) -> bool:
        """What became of a claimed delivery; False when the claim has passed to another process.

        A success counts although the delivery has become a dead letter meanwhile, a failure does not.
        """
        ...

    async def forget(self, delivery: Delivery) -> None: ...

    async def forget_all(self, endpoint_id: UUID) -> None: ...

    async def bury_pending(self, endpoint_id: UUID, reason: DeathReason, at: datetime) -> int:
        """All that is pending becomes dead letters."""
        ...

    async def known(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        """Which of them there are."""
        ...

    async def again(
        self, delivery_ids: Sequence[UUID], *, states: Sequence[DeliveryState], due_at: datetime
    ) -> int:
        """Those that ended in one of the states are due with all their attempts; how many."""
        ...

    async def of_endpoint(
        self,
        company_id: str,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None,
        before: int | None,
        limit: int,
    ) -> list[Delivery]:
        """By number, the highest first."""
        ...


class SigningKey(Protocol):
    """Vault's key, which leaves Vault never; `DependencyDownError` while Vault is out of reach."""

    async def mac(self, text: bytes, *, key_version: int | None = None) -> tuple[bytes, int]:
        """The text's HMAC-SHA256 by a version of the key, and which one: the newest if none is given."""
        ...


class SendWebhook(Protocol):
    """One HTTP call, which never raises for what the receiver does."""

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


class ResolveHost(Protocol):
    """The addresses of a host; none when it is not known."""

    async def __call__(self, host: str) -> list[Address]: ...
