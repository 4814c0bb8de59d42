"""A record's way to its handler, a quarter as long as FastStream's own pipeline.

Parse as the topic asks, trace, wait out what is away, park what cannot be handled.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord
from faststream.kafka.subscriber.usecase import LogicSubscriber
from sync_contracts.event import Event

from service_kit.failures import FailureHandling
from service_kit.span_ids import name_current_span
from service_kit.telemetry import processing_span

Parser: TypeAlias = Callable[[bytes], object]
Handler: TypeAlias = Callable[[Any], Awaitable[object]]


def by_topic(*events: type[Event]) -> dict[str, Parser]:
    """How the messages of each event's topic are read."""
    return {event.topic: event.model_validate_json for event in events}


@dataclass(frozen=True, slots=True)
class Direct:
    """The handler of some topics, and how a message of each is read."""

    parsers: Mapping[str, Parser]
    handle: Handler
    failures: FailureHandling

    async def __call__(self, record: "ConsumerRecord[Any, Any]", subscriber: LogicSubscriber[Any]) -> None:
        """Raises an outage that lasts, and everything once too many messages in a row were parked."""
        with processing_span(record.topic, _traceparent(record)):
            try:
                message = self.parsers[record.topic](record.value or b"")
                name_current_span(message)
                await self.failures.wait_out(lambda: self.handle(message))
            except Exception as error:
                await self.failures.give_up(record, error, subscriber)
            else:
                self.failures.succeeded(record.topic)


def _traceparent(record: "ConsumerRecord[Any, Any]") -> str | None:
    for name, value in record.headers:
        if name == "traceparent" and value:
            return str(value.decode("ascii", "replace"))
    return None
