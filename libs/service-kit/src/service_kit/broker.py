"""The Kafka broker object of a service, with every setting that keeps messages from being lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, TestKafkaBroker
from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware
from faststream.kafka.schemas import Topic
from faststream.message import StreamMessage
from sync_contracts.event import Event

from service_kit.direct import Direct, Handler, Parser, by_topic
from service_kit.failures import FailureHandling
from service_kit.health import Health
from service_kit.kafka_access import security_of
from service_kit.settings import KafkaSettings
from service_kit.telemetry import Telemetry
from service_kit.window import Window, run_in_window

__all__ = ["Subscriptions", "TestKafkaBroker", "build_broker", "by_topic", "start_broker"]

Binding: TypeAlias = Callable[[Callable[..., Awaitable[None]]], object]

# A pause throws away what was fetched ahead.
_PREFETCH_BYTES = 65_536


def build_broker(
    settings: KafkaSettings, *, name: str, telemetry: Telemetry | None = None, health: Health
) -> KafkaBroker:
    """A broker that traces, waits out outages and parks what cannot be handled; connects on start."""
    broker = KafkaBroker(
        settings.bootstrap_servers,
        client_id=name,
        security=security_of(settings),
        acks="all",
        enable_idempotence=settings.idempotent,
        linger_ms=2,
        compression_type="zstd",
        max_batch_size=262_144,
        max_request_size=4_194_304,
        graceful_timeout=20.0,
        parser=tolerant_parser,
        logger=None,
    )
    if telemetry is None:
        broker.add_middleware(KafkaTelemetryMiddleware())
    else:
        broker.add_middleware(
            KafkaTelemetryMiddleware(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
        )
    broker.add_middleware(FailureHandling(broker, health, name))
    return broker


async def start_broker(broker: KafkaBroker) -> None:
    """Consumers join their groups at once, those outside any group first; FastStream's own lets each wait."""
    await broker.connect()
    for in_group in (False, True):
        wave = [each for each in broker.subscribers if bool(getattr(each, "group_id", None)) is in_group]
        await asyncio.gather(*(subscriber.start() for subscriber in wave))
    for publisher in broker.publishers:
        await publisher.start()
    broker.running = True


async def tolerant_parser(
    record: ConsumerRecord[Any, Any], original: Callable[..., Awaitable[StreamMessage[Any]]]
) -> StreamMessage[Any]:
    """Reads a good body in spite of a header that is empty or not UTF-8."""
    if isinstance(record, ConsumerRecord):
        readable = [
            (name, (value or b"").decode("utf-8", "replace").encode()) for name, value in record.headers
        ]
        object.__setattr__(record, "headers", readable)
    return await original(record)


def failure_handling_of(broker: KafkaBroker) -> FailureHandling:
    """What `build_broker` gave the broker for whatever fails."""
    return next(one for one in broker.middlewares if isinstance(one, FailureHandling))


class Subscriptions:
    """Binds handlers to message types: `@on(JobCounted)`."""

    def __init__(self, broker: KafkaBroker, settings: KafkaSettings, group: str) -> None:
        self._broker = broker
        self._settings = settings
        self._group = group

    def __call__(
        self, event: type[Event] | str, *, every_process: bool = False, decoder: Any = None
    ) -> Binding:
        """One message at a time, committed after its handler.

        `every_process`: each process gets all that the topic holds, older messages included, and commits
        nothing; such consumers start before the others.
        """
        topic = event if isinstance(event, str) else event.topic
        options = self.options(f"{self._group}.{topic}")
        if every_process:
            options |= {"group_id": None, "ack_policy": AckPolicy.ACK_FIRST}
        subscriber: Binding = self._broker.subscriber(Topic(topic, declare=False), decoder=decoder, **options)
        return subscriber

    def windowed(self, window: Window, parsers: Mapping[str, Parser]) -> Binding:
        """Hundreds of messages at a time, each committed once it and all before it are finished."""
        subscriber = self._broker.subscriber(
            *(Topic(topic, declare=False) for topic in parsers),
            listener=window,
            max_partition_fetch_bytes=_PREFETCH_BYTES,
            **self.options(f"{self._group}.{next(iter(parsers))}", ack_policy=AckPolicy.MANUAL),
        )

        def bind(handler: Handler) -> object:
            direct = Direct(parsers, handler, failure_handling_of(self._broker))
            return run_in_window(subscriber, window, direct)(handler)

        return bind

    def options(self, group: str, *, ack_policy: AckPolicy = AckPolicy.NACK_ON_ERROR) -> dict[str, Any]:
        """Consumer settings that every subscriber must have."""
        return {
            "group_id": group,
            "ack_policy": ack_policy,
            "auto_offset_reset": "earliest",
            "partition_assignment_strategy": (RangePartitionAssignor,),
            "session_timeout_ms": self._settings.session_timeout_ms,
            "heartbeat_interval_ms": self._settings.heartbeat_interval_ms,
            "fetch_max_wait_ms": self._settings.fetch_max_wait_ms,
            "max_poll_interval_ms": 300_000,
            "rebalance_timeout_ms": 60_000,
            "no_reply": True,
        }
