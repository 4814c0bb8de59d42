"""Writes the receipt of a run once, and sends it whenever the run's end is told."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service_kit.crash_points import reached
from service_kit.metrics import count
from sync_contracts.runs import RunFinished, SyncCompleted

from notifier.ports import PublishStored, ReceiptStore
from notifier.receipt import Receipt
from notifier.webhook_event import WebhookEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WriteReceipt:
    """Stored before it is sent: subscribers may get it twice, but never two different ones."""

    store: ReceiptStore
    publish: PublishStored
    tell: Callable[[WebhookEvent], Awaitable[None]]
    source: str

    async def __call__(self, finished: RunFinished) -> None:
        receipt = await self.store.keep_first(Receipt.of(finished, source=self.source))
        reached("receipt_stored")
        await self.publish(SyncCompleted.topic, receipt.body, key=receipt.key, headers=receipt.headers)
        await self.tell(WebhookEvent.of_receipt(receipt, finished))
        count("ledgerbus.receipts.published", ending=finished.ending)
        logger.info(
            "receipt sent",
            extra={
                "company_id": receipt.company_id,
                "run_id": str(receipt.run_id),
                "ending": finished.ending,
            },
        )
