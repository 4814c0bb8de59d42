"""The Kafka broker object of a service, with every setting that keeps messages from being lost."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, TestKafkaBroker
from faststream.kafka.schemas import Topic
from faststream.kafka.subscriber.usecase import LogicSubscriber

from service_kit.direct import Direct, Handler, Parser, by_topic
from service_kit.failures import FailureHandling
from service_kit.health import Health
from service_kit.kafka_access import security_of
from service_kit.settings import KafkaSettings
from service_kit.window import Window, WindowedSubscriber, run_in_window

__all__ = ["ServiceBroker", "Subscriptions", "TestKafkaBroker", "build_broker", "by_topic", "start_broker"]

# A pause throws away what was fetched ahead.
_PREFETCH_BYTES = 65_536
_CATCH_UP_S, _LOOK_AGAIN_S = 10.0, 0.02

logger = logging.getLogger(__name__)


class ServiceBroker(KafkaBroker):
    """A broker, and what becomes of messages that cannot be handled."""

    failures: FailureHandling


def build_broker(settings: KafkaSettings, *, name: str, health: Health) -> ServiceBroker:
    """Waits out outages and parks what cannot be handled; connects on start."""
    broker = ServiceBroker(
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
        logger=None,
    )
    broker.failures = FailureHandling(broker, health, name)
    return broker


async def start_broker(broker: KafkaBroker) -> None:
    """Consumers join their groups at once; FastStream's own lets each wait.

    Those outside any group hear all that is on record first: what stops work is known before it is taken.
    """
    await broker.connect()
    subscribers = [each for each in broker.subscribers if isinstance(each, LogicSubscriber)]
    outside = [each for each in subscribers if each.group_id is None]
    await asyncio.gather(*(each.start() for each in outside))
    await _caught_up(outside)
    await asyncio.gather(*(each.start() for each in subscribers if each.group_id is not None))
    for publisher in broker.publishers:
        await publisher.start()
    broker.running = True


async def _caught_up(subscribers: Sequence[LogicSubscriber[Any]]) -> None:
    """Work is not held up for longer: what comes late is heard late, as in a process that runs."""
    try:
        async with asyncio.timeout(_CATCH_UP_S):
            for each in subscribers:
                while await _is_behind(each):  # noqa: ASYNC110 (nothing tells of it)
                    await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        logger.warning("work is taken before everything older was heard")


async def _is_behind(subscriber: LogicSubscriber[Any]) -> bool:
    """A partition's end is known from its first fetch on; what was taken from it may still be in hand."""
    consumer: AIOKafkaConsumer | None = subscriber.consumer
    if consumer is None:
        return False
    for partition in consumer.assignment():
        end = consumer.highwater(partition)
        if end is None or await consumer.position(partition) < end:
            return True
    return isinstance(subscriber, WindowedSubscriber) and subscriber.in_flight > 0


class Subscriptions:
    """Binds handlers to topics: `@on.windowed(Window(slots=400), by_topic(JobCounted))`."""

    def __init__(self, broker: ServiceBroker, settings: KafkaSettings, group: str) -> None:
        self._broker = broker
        self._settings = settings
        self._group = group

    def windowed(
        self, window: Window, parsers: Mapping[str, Parser], *, every_process: bool = False
    ) -> Callable[[Handler], object]:
        """Hundreds of messages at a time, each committed once it and all before it are finished.

        `every_process`: each process gets all that the topics hold, older messages included, and commits
        nothing; such consumers start before the others.
        """
        subscriber = self._broker.subscriber(
            *(Topic(topic, declare=False) for topic in parsers),
            listener=window,
            max_partition_fetch_bytes=_PREFETCH_BYTES,
            **self.options(None if every_process else f"{self._group}.{next(iter(parsers))}"),
        )

        def bind(handler: Handler) -> object:
            direct = Direct(parsers, handler, self._broker.failures)
            return run_in_window(subscriber, window, direct)(handler)

        return bind

    def options(self, group: str | None) -> dict[str, Any]:
        """Consumer settings that every subscriber must have."""
        return {
            "group_id": group,
            "ack_policy": AckPolicy.MANUAL,  # the window commits
            "auto_offset_reset": "earliest",
            "partition_assignment_strategy": (RangePartitionAssignor,),
            "session_timeout_ms": self._settings.session_timeout_ms,
            "heartbeat_interval_ms": self._settings.heartbeat_interval_ms,
            "fetch_max_wait_ms": self._settings.fetch_max_wait_ms,
            "max_poll_interval_ms": 300_000,
            "rebalance_timeout_ms": 60_000,
            "no_reply": True,
        }
