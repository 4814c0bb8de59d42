"""How far consumers are behind, by what they know themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from service_kit.broker import ServiceBroker, Subscriptions, build_broker
from service_kit.consumer_gauges import consumer_gauges
from service_kit.health import Health
from service_kit.metrics import GaugeName, Reading
from service_kit.window import Window
from support.kafka import embedded_kafka

FIRST, SECOND = TopicPartition("jobs", 0), TopicPartition("jobs", 1)
PLACE = {"topic": "jobs", "group": "worker.jobs"}
NOW_S = 1_000.0


@dataclass
class FakeConsumer:
    """Implements what is asked of a consumer; a partition that was not fetched from has no end."""

    ends: dict[TopicPartition, int | None]
    positions: dict[TopicPartition, int]
    owned: set[TopicPartition] = field(default_factory=lambda: {FIRST, SECOND})

    def assignment(self) -> set[TopicPartition]:
        return self.owned

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.ends[partition]

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]


def consuming(consumer: FakeConsumer | None, window: Window) -> ServiceBroker:
    settings = embedded_kafka("127.0.0.1:1")
    broker = build_broker(settings, name="worker", health=Health())

    async def handle(_: object) -> None:
        """Never called."""

    Subscriptions(broker, settings, "worker").windowed(window, {"jobs": bytes})(handle)
    subscriber: Any = broker.subscribers[0]
    subscriber.consumer = consumer
    return broker


async def read(broker: ServiceBroker, name: GaugeName) -> list[Reading]:
    reads: dict[GaugeName, Callable[[], Awaitable[Any]]] = dict(consumer_gauges(broker, lambda: NOW_S))
    return list(await reads[name]())


async def test_lag_is_what_was_not_taken_and_what_is_in_hand() -> None:
    window = Window(slots=10)
    consumer = FakeConsumer(ends={FIRST: 20, SECOND: None}, positions={FIRST: 15})
    broker = consuming(consumer, window)
    window.written_ms = {(FIRST, 12): 990_000, (FIRST, 14): 999_000}

    assert await read(broker, "ledgerbus.consumer.lag") == [(7, PLACE)]
    assert await read(broker, "ledgerbus.consumer.oldest") == [(10.0, PLACE)]


async def test_who_has_done_all_is_not_behind() -> None:
    consumer = FakeConsumer(ends={FIRST: 20, SECOND: 0}, positions={FIRST: 20, SECOND: 0})
    broker = consuming(consumer, Window(slots=10))

    assert await read(broker, "ledgerbus.consumer.lag") == [(0, PLACE)]
    assert await read(broker, "ledgerbus.consumer.oldest") == [(0.0, PLACE)]
    assert await read(broker, "ledgerbus.consumer.stopped") == [(0, PLACE)]


async def test_a_stopped_consumer_says_so_and_knows_no_lag() -> None:
    broker = consuming(None, Window(slots=10))
    subscriber: Any = broker.subscribers[0]
    failures = broker.failures

    failures.stop("jobs", subscriber)
    await asyncio.gather(*failures.stopping.values(), return_exceptions=True)

    assert await read(broker, "ledgerbus.consumer.stopped") == [(1, PLACE)]
    assert await read(broker, "ledgerbus.consumer.lag") == []
