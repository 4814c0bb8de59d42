"""What happens when a handler fails: outages are waited out, everything else is parked."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiokafka import ConsumerRecord
from faststream import BaseMiddleware, ContextRepo
from faststream.exceptions import IgnoredException
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import LogicSubscriber
from faststream.message import StreamMessage
from pydantic import ValidationError
from sync_contracts.topics import dead_letter_topic

from service_kit.errors import is_outage
from service_kit.health import Health
from service_kit.publishing import confirmed
from service_kit.telemetry import count

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
    bugs: int = 0
    stopping: asyncio.Task[None] | None = None

    def __call__(self, msg: Any, /, *, context: ContextRepo) -> "_FailureMiddleware":
        return _FailureMiddleware(msg, context=context, handling=self)

    def succeeded(self) -> None:
        self.bugs = 0

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

    async def park(self, record: ConsumerRecord[bytes, bytes], error: BaseException) -> None:
        """Send the message as it came to `<topic>.dead` with the reason; raises when that fails."""
        reason = {
            "dead_letter_error": type(error).__name__,
            "dead_letter_detail": describe(error),
            "dead_letter_partition": str(record.partition),
            "dead_letter_offset": str(record.offset),
        }
        original = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        await confirmed(
            self.broker.publish(
                record.value or b"",
                topic=dead_letter_topic(record.topic),
                key=record.key,
                headers={**original, **reason},
            )
        )
        self.bugs += 1
        count("ledgerbus.dead_letters", topic=record.topic, error=type(error).__name__)
        logger.error(
            "message parked",
            extra={"topic": record.topic, "offset": record.offset} | reason,
            exc_info=_bug(error),
        )

    async def give_up(
        self, record: ConsumerRecord[bytes, bytes], error: Exception, subscriber: LogicSubscriber[Any]
    ) -> None:
        """Park what cannot be handled; raises an outage, and anything once there were too many in a row."""
        if is_outage(error):
            raise error
        if self.too_many:
            self.stop(subscriber)
            raise error
        await self.wait_out(lambda: self.park(record, error))

    def stop(self, subscriber: LogicSubscriber[Any]) -> None:
        """In a task of its own: a consumer that stops from inside its own loop would cancel its stopping."""
        if self.stopping is None:
            self.stopping = asyncio.create_task(subscriber.stop())

    @property
    def too_many(self) -> bool:
        """A bad deployment must not empty a topic into `.dead`."""
        if self.bugs < BUGS_IN_A_ROW:
            return False
        self.health.down("handlers", f"{self.bugs} messages in a row could not be handled")
        return True


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


class _FailureMiddleware(BaseMiddleware):
    """One message's way through `FailureHandling`."""

    def __init__(self, msg: Any, /, *, context: ContextRepo, handling: FailureHandling) -> None:
        super().__init__(msg, context=context)
        self._handling = handling

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        return await self._handling.wait_out(lambda: call_next(msg))

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 (FastStream's signature)
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> bool | None:
        handling = self._handling
        if exc_val is None:
            handling.succeeded()
            return False
        unfit = not isinstance(exc_val, Exception) or isinstance(exc_val, IgnoredException)
        if unfit or is_outage(exc_val) or not isinstance(self.msg, ConsumerRecord):
            return False
        if handling.too_many:
            handling.stop(self.context.get_local("handler_"))
            return False
        await handling.wait_out(lambda: handling.park(self.msg, exc_val))
        return True
