"""Forgets receipts that nobody asks for any more."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from service_kit.clock import Clock
from service_kit.errors import is_outage

from notifier.ports import ReceiptStore

logger = logging.getLogger(__name__)

_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class ForgetReceipts:
    """Every process does; what two of them do at once is done once."""

    store: ReceiptStore
    clock: Clock
    kept: timedelta

    async def run(self) -> None:
        """For ever; an outage only delays it."""
        while True:
            try:
                await self.once()
            except Exception as error:
                if not is_outage(error):
                    raise
                logger.warning("forgetting is put off", extra={"error": type(error).__name__})
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        await self.store.forget(self.clock.now() - self.kept)
