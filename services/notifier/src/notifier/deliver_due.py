"""The loop that delivers: what is due, a few at a time for each endpoint."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from service_kit.clock import Clock
from service_kit.errors import DependencyDownError, is_outage
from service_kit.health import Health

from notifier.deliver_webhook import DeliverWebhook
from notifier.delivery import Delivery
from notifier.disable_webhook import DisableWebhook
from notifier.ports import DeliveryStore

logger = logging.getLogger(__name__)

_AT_ONCE = 100
_DRAIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many at once, how often to look, and how long a claim lasts beyond an attempt."""

    in_flight: int = 200
    per_endpoint: int = 4
    poll_every_s: float = 1.0
    claim: timedelta = timedelta(seconds=30)


class DeliverDue:
    """Every process runs one; a claim decides which of them delivers."""

    def __init__(
        self,
        *,
        deliveries: DeliveryStore,
        deliver: DeliverWebhook,
        disable: DisableWebhook,
        health: Health,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._deliveries = deliveries
        self._deliver = deliver
        self._disable = disable
        self._health = health
        self._clock = clock
        self._pace = pace
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: Counter[UUID] = Counter()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be due now."""
        self._woken.set()

    async def run(self) -> None:
        """For ever; an outage only delays it. At the stop what is on its way may arrive."""
        try:
            while True:
                await self._round()
                await self._rest()
        finally:
            await self._drain()

    async def once(self) -> None:
        """Start what is due and has room; finish what a killed process left open."""
        self._woken.clear()
        await self._start_due()
        await self._disable.finish_left_open()

    async def idle(self) -> None:
        """Returns when nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _start_due(self) -> None:
        while (room := self._pace.in_flight - len(self._tasks)) > 0:
            # An endpoint that hangs fills its own places, and is then passed over.
            limit, busy = min(room, _AT_ONCE), [each for each in self._in_flight if self._is_full(each)]
            found = await self._deliveries.due(self._clock.now(), limit=limit, leaving_out=busy)
            for delivery in found:
                if not self._is_full(delivery.endpoint_id):
                    await self._start(delivery)
            if len(found) < limit:
                return

    async def _start(self, delivery: Delivery) -> None:
        claim, now = uuid4(), self._clock.now()
        if await self._deliveries.claim(delivery, claim=claim, now=now, until=now + self._pace.claim):
            self._in_flight[delivery.endpoint_id] += 1
            task = asyncio.create_task(self._one(delivery, claim))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, delivery: Delivery, claim: UUID) -> None:
        try:
            await self._deliver(delivery, claim)
        except Exception as error:
            self._put_off(error, "a delivery waits for its claim to lapse")
        finally:
            self._in_flight[delivery.endpoint_id] -= 1
            if not self._in_flight[delivery.endpoint_id]:
                del self._in_flight[delivery.endpoint_id]
            self.wake()

    async def _round(self) -> None:
        try:
            await self.once()
        except Exception as error:
            self._put_off(error, "a round of deliveries is put off")
            await asyncio.sleep(self._pace.poll_every_s)
        else:
            self._health.up("mongo")

    def _put_off(self, error: Exception, sentence: str) -> None:
        if not is_outage(error):
            logger.error(sentence, exc_info=error)
            return
        if not isinstance(error, DependencyDownError):
            self._health.down("mongo", type(error).__name__)
        logger.warning(sentence, extra={"error": type(error).__name__})

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.poll_every_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_S)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _is_full(self, endpoint_id: UUID) -> bool:
        return self._in_flight[endpoint_id] >= self._pace.per_endpoint
