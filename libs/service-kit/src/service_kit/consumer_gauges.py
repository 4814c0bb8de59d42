"""How far a broker's consumers are behind, from what they know themselves: no request is made."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import LogicSubscriber

from service_kit.broker import ServiceBroker
from service_kit.gauges import Read
from service_kit.metrics import GaugeName, Reading
from service_kit.window import Window

Place: TypeAlias = tuple[str, str]
"""Topic and group; a consumer that every process has is of no group."""

Subscriber: TypeAlias = LogicSubscriber[Any]


def consumer_gauges(broker: ServiceBroker, wall_s: Callable[[], float] = time.time) -> dict[GaugeName, Read]:
    """What they are called, and how each is read."""

    async def lag() -> Sequence[Reading]:
        behind: Counter[Place] = Counter()
        for subscriber, consumer in _running(broker):
            for partition in consumer.assignment():
                behind[partition.topic, _group(subscriber)] += await _not_taken(consumer, partition)
            for topic, written_ms in _in_hand(subscriber).items():
                behind[topic, _group(subscriber)] += len(written_ms)
        return _readings(behind)

    async def oldest() -> Sequence[Reading]:
        ages: dict[Place, float] = {}
        for subscriber, _ in _running(broker):
            ages |= dict.fromkeys(_places(subscriber), 0.0)
            for topic, written_ms in _in_hand(subscriber).items():
                ages[topic, _group(subscriber)] = max(0.0, wall_s() - min(written_ms) / 1000)
        return _readings(ages)

    async def stopped() -> Sequence[Reading]:
        stopping = broker.failures.stopping
        return _readings(
            {place: int(id(one) in stopping) for one in _subscribers(broker) for place in _places(one)}
        )

    return {
        "ledgerbus.consumer.lag": lag,
        "ledgerbus.consumer.oldest": oldest,
        "ledgerbus.consumer.stopped": stopped,
    }


def _subscribers(broker: KafkaBroker) -> Iterator[Subscriber]:
    return (each for each in broker.subscribers if isinstance(each, LogicSubscriber))


def _running(broker: KafkaBroker) -> Iterator[tuple[Subscriber, AIOKafkaConsumer]]:
    for subscriber in _subscribers(broker):
        if subscriber.consumer is not None:
            yield subscriber, subscriber.consumer


async def _not_taken(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """As of the last fetch; what has not been fetched yet from is not known, and moved ones are another's."""
    if partition not in consumer.assignment():
        return 0
    end = consumer.highwater(partition)
    return 0 if end is None else max(0, int(end) - int(await consumer.position(partition)))


def _in_hand(subscriber: Subscriber) -> dict[str, list[int]]:
    """By topic, when the messages were written that a window has taken and not finished."""
    window = subscriber._listener  # noqa: SLF001  # FastStream keeps what it was given to itself
    taken: dict[str, list[int]] = {}
    if isinstance(window, Window):
        for (partition, _), written_ms in window.written_ms.items():
            taken.setdefault(partition.topic, []).append(written_ms)
    return taken


def _places(subscriber: Subscriber) -> list[Place]:
    return [(topic, _group(subscriber)) for topic in subscriber.topic_names_for_subscribe]


def _group(subscriber: Subscriber) -> str:
    return subscriber.group_id or "none"


def _readings(found: "Counter[Place] | dict[Place, float] | dict[Place, int]") -> list[Reading]:
    return [(value, {"topic": topic, "group": group}) for (topic, group), value in found.items()]
