"""What the use cases need from the outside."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from notifier.receipt import Receipt


class ReceiptStore(Protocol):
    """Keeps one receipt per run, for any number of processes at once."""

    async def keep_first(self, receipt: Receipt) -> Receipt:
        """The receipt of the run: this one, or the one that was kept earlier."""
        ...

    async def find(self, company_id: str, run_id: UUID) -> Receipt | None:
        """The receipt of a company's run, once there is one."""
        ...


class PublishStored(Protocol):
    """Sends bytes and headers as they are, and returns once the broker has them on record."""

    async def __call__(self, topic: str, body: bytes, *, key: str, headers: Mapping[str, str]) -> None: ...
