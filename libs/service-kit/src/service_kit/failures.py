"""What happens when a handler fails: outages are waited out, everything else is parked."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import MessageSizeTooLargeError
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import LogicSubscriber
from opentelemetry import trace
from pydantic import ValidationError
from sync_contracts.dead_letters import DeadLetterHeader
from sync_contracts.topics import dead_letter_topic

from service_kit.errors import is_outage
from service_kit.health import Health
from service_kit.metrics import count
from service_kit.publishing import confirmed

logger = logging.getLogger(__name__)

BUGS_IN_A_ROW = 20
# Below Kafka's poll interval (300 s): then the message is handed back and comes again.
_PATIENCE_S = 120.0
_LONGEST_PAUSE_S = 10.0


@dataclass(slots=True)
class FailureHandling:
    """Shared by all subscribers of a broker: parks what cannot be handled, waits for what is away."""

    broker: KafkaBroker
    health: Health
    service: str
    # In a row, by topic: the successes of one consumer say nothing about another.
    bugs: Counter[str] = field(default_factory=Counter)
    stopping: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def succeeded(self, topic: str) -> None:
        self.bugs.pop(topic, None)

    async def wait_out(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Repeat the work while something it needs is away; raises the outage after two minutes."""
        began, pause_s = time.monotonic(), 0.2
        while True:
            try:
                result = await work()
            except Exception as error:
                if not is_outage(error) or time.monotonic() - began > _PATIENCE_S:
                    raise
                self.health.down("dependency", f"{type(error).__name__}")
                logger.warning(
                    "paused: something we need is out of reach", extra={"error": type(error).__name__}
                )
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                self.health.up("dependency")
                return result

    async def park(self, record: ConsumerRecord[bytes, bytes], error: BaseException) -> bool:
        """The message goes to `<topic>.dead` as it came, with the reason; False when it is one too many.

        Counted before it is sent, since hundreds may fail at the same time; raises when it cannot be sent.
        """
        if self.bugs[record.topic] >= BUGS_IN_A_ROW:
            return False
        self.bugs[record.topic] += 1
        try:
            await self.wait_out(lambda: self._send(record, error))
        except BaseException:
            self.bugs[record.topic] = max(0, self.bugs[record.topic] - 1)
            raise
        return True

    async def give_up(
        self, record: ConsumerRecord[bytes, bytes], error: Exception, subscriber: LogicSubscriber[Any]
    ) -> None:
        """Park what cannot be handled; raises an outage, and anything once there were too many in a row."""
        if is_outage(error):
            raise error
        if not await self.park(record, error):
            self.stop(record.topic, subscriber)
            raise error

    def stop(self, topic: str, subscriber: LogicSubscriber[Any]) -> None:
        """A bad deployment must not empty a topic into `.dead`.

        In a task of its own: a consumer that stops from inside its own loop would cancel its stopping.
        """
        self.health.down(topic, f"{BUGS_IN_A_ROW} messages in a row could not be handled: stopped")
        if id(subscriber) not in self.stopping:
            logger.error("too many messages in a row could not be handled", extra={"topic": topic})
            self.stopping[id(subscriber)] = asyncio.create_task(subscriber.stop())

    async def _send(self, record: ConsumerRecord[bytes, bytes], error: BaseException) -> None:
        reason: dict[str, str] = {
            DeadLetterHeader.ERROR: type(error).__name__,
            DeadLetterHeader.DETAIL: describe(error),
            DeadLetterHeader.SERVICE: self.service,
            DeadLetterHeader.PARTITION: str(record.partition),
            DeadLetterHeader.OFFSET: str(record.offset),
        }
        original = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        body = record.value or b""
        try:
            await self._publish(record.topic, body, record.key, {**original, **reason})
        except MessageSizeTooLargeError:
            reason[DeadLetterHeader.LEFT_OUT] = str(len(body))
            await self._publish(record.topic, b"", None, reason)
        trace.get_current_span().set_status(trace.StatusCode.ERROR, type(error).__name__)
        count("ledgerbus.dead_letters", topic=record.topic, error=type(error).__name__)
        logger.error(
            "message parked",
            extra={"topic": record.topic, "offset": record.offset} | reason,
            exc_info=_bug(error),
        )

    async def _publish(self, topic: str, body: bytes, key: bytes | None, headers: Mapping[str, str]) -> None:
        plain = {str(name): value for name, value in headers.items()}
        await confirmed(self.broker.publish(body, topic=dead_letter_topic(topic), key=key, headers=plain))


def describe(error: BaseException) -> str:
    """What went wrong without quoting the input, which may be anything."""
    if isinstance(error, ValidationError):
        found = {
            f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in error.errors(include_input=False)
        }
        return "; ".join(sorted(found))[:500]
    return type(error).__name__


def _bug(error: BaseException) -> BaseException | None:
    return None if isinstance(error, (ValidationError, UnicodeDecodeError, ValueError)) else error
