"""Hears everything that is said on Kafka, over restarts of the broker, and can say some of it again."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from sync_contracts.event import Event
from sync_contracts.topics import EVENTS, dead_letter_topic

from ledgerbus_cli.system import PARTITIONS

_KINDS = {event.topic: event for event in EVENTS}
_DEAD = frozenset(dead_letter_topic(topic) for topic in _KINDS)
_POLL_MS = 200
_REOPEN_S = 0.5
_SHUFFLED_S = (0.3, 6.0)
_CATCH_UP_S = 20.0
_LAST_WORDS_S = 1.0
E = TypeVar("E", bound=Event)


class Place(NamedTuple):
    """Where a message stands; a broker that forgets begins a new life."""

    life: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, as it came."""

    place: Place
    at: datetime
    event: Event
    ce_id: str
    source: str
    body: bytes = field(repr=False)


class Observer:
    """Belongs to no group; what it sends again has the same key, headers and body, and it knows which."""

    def __init__(
        self, bootstrap_servers: str, *, seed: int, share: float, partitions: int = PARTITIONS
    ) -> None:
        self._servers = bootstrap_servers
        self._partitions = partitions
        self._chance = random.Random(seed)  # noqa: S311 (which messages come twice, not a secret)
        self._share = share
        self.life = 0
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._reading: asyncio.Task[None] | None = None
        self._repeats: set[asyncio.Task[None]] = set()
        self._copies: set[Place] = set()
        self._heard: dict[Place, Heard] = {}
        self._of: dict[type[Event], list[Event]] = defaultdict(list)
        self.parked: dict[Place, str] = {}
        self.repeated = 0
        self.ends: dict[TopicPartition, int] = {}

    @property
    def heard(self) -> list[Heard]:
        """All but our own copies, in the order of their times."""
        own = (one for place, one in self._heard.items() if place not in self._copies)
        return sorted(own, key=lambda one: (one.at, one.place))

    def of(self, kind: type[E]) -> list[E]:
        """All messages of one type so far, repeated ones as often as they came."""
        return [one for one in self._of[kind] if isinstance(one, kind)]

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def stand_back(self) -> None:
        """The broker will forget everything, and must not be asked before it has its topics again."""
        await self.catch_up(_LAST_WORDS_S)
        await self._close()

    async def begin_anew(self) -> None:
        """The broker has forgotten everything."""
        self.life += 1
        self.ends = {}
        await self._open()

    def stop_repeating(self) -> None:
        self._share = 0.0
        for task in self._repeats:
            task.cancel()

    async def catch_up(self, within_s: float = _CATCH_UP_S) -> None:
        """Hear what has been said up to now, as far as the broker still tells."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                before = -1
                while len(self._heard) != before:
                    before = len(self._heard)
                    await asyncio.sleep(3 * _POLL_MS / 1000)

    async def _open(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers, acks="all")
        await self._consumer.start()
        await self._producer.start()
        numbers = range(self._partitions)
        partitions = [TopicPartition(topic, number) for topic in (*_KINDS, *_DEAD) for number in numbers]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        self._reading = asyncio.create_task(self._read(self._consumer))

    async def _close(self) -> None:
        tasks = [*self._repeats, *([self._reading] if self._reading else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._repeats.clear()
        for client in (self._consumer, self._producer):
            if client:
                with suppress(KafkaError, TimeoutError):
                    async with asyncio.timeout(5):
                        await client.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                batches = await consumer.getmany(timeout_ms=_POLL_MS)
            except KafkaError:
                await asyncio.sleep(_REOPEN_S)
                continue
            for partition, records in batches.items():
                self.ends[partition] = records[-1].offset + 1
                for record in records:
                    self._take(record)

    def _take(self, record: "ConsumerRecord[Any, Any]") -> None:
        place = Place(self.life, record.topic, record.partition, record.offset)
        if record.topic in _DEAD:
            self.parked[place] = record.topic
            return
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        try:
            event = _KINDS[record.topic].model_validate_json(record.value)
        except ValidationError:
            self.parked[place] = f"{record.topic}, unreadable"
            return
        self._of[type(event)].append(event)
        self._heard[place] = Heard(
            place=place,
            at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            event=event,
            ce_id=headers.get("ce_id", ""),
            source=headers.get("ce_source", "").rpartition("/")[2],
            body=record.value,
        )
        if place not in self._copies and self._chance.random() < self._share:
            task = asyncio.create_task(self._repeat(record, place, self._chance.uniform(*_SHUFFLED_S)))
            self._repeats.add(task)
            task.add_done_callback(self._repeats.discard)

    async def _repeat(self, record: "ConsumerRecord[Any, Any]", place: Place, after_s: float) -> None:
        """A little later, so that others have overtaken it."""
        await asyncio.sleep(after_s)
        if self._producer is None or place in self._copies:
            return
        with suppress(KafkaError):
            sent = await self._producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers)
            )
            self._copies.add(Place(place.life, sent.topic, sent.partition, sent.offset))
            self.repeated += 1
