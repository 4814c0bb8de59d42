"""The `.dead` topics of a broker: read them to their end, send a letter where it came from."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from sync_contracts.dead_letters import DeadLetterHeader

from ledgerbus_cli.dead_letter import (
    DEAD,
    DeadLetter,
    Place,
    ReplayNote,
    headers_of_replay,
    read,
    with_replays,
)
from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.problems import LedgerbusError, UnreachableError

_SILENCE_S = 15.0
_MOST_BYTES = 8_388_608  # a parked message has more headers than it came with


class BrokerRefusedError(LedgerbusError):
    """The broker answers, but does not do what it was asked."""

    code = "BROKER_REFUSED"


@dataclass(frozen=True, slots=True)
class DeadLetterTopics:
    """Belongs to no group, so that looking changes nothing."""

    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer
    producer: AIOKafkaProducer

    async def letters(self, topics: Collection[str]) -> list[DeadLetter]:
        """All letters of these topics so far, the oldest first, with their replays."""
        partitions = await self._partitions(topics)
        if not partitions:
            return []
        self.consumer.assign(partitions)
        await self.consumer.seek_to_beginning(*partitions)
        ends = await self.consumer.end_offsets(partitions)
        found: list[DeadLetter | ReplayNote] = []
        left, heard = set(partitions), time.monotonic()
        while left:
            batches = await self.consumer.getmany(timeout_ms=200)
            found += [read(record) for records in batches.values() for record in records]
            before = len(left)
            left = {each for each in left if await self.consumer.position(each) < ends[each]}
            if batches or len(left) < before:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENCE_S:
                raise TimeoutError
        return with_replays(found)

    async def record(self, place: Place) -> ConsumerRecord[Any, Any]:
        """The record at a place where one was seen."""
        partition = TopicPartition(place.topic, place.partition)
        self.consumer.assign([partition])
        self.consumer.seek(partition, place.offset)
        async with asyncio.timeout(_SILENCE_S):
            return await self.consumer.getone(partition)

    async def replay(self, letter: DeadLetter) -> None:
        """The message as it came to its own topic, then the note; without a note it would be sent again."""
        place, record = letter.place, await self.record(letter.place)
        headers = headers_of_replay(record.headers, place)
        await self.producer.send_and_wait(
            place.topic.removesuffix(DEAD), record.value or b"", key=record.key, headers=headers
        )
        body = json.dumps({DeadLetterHeader.REPLAYED: str(place)}).encode()
        note = [(DeadLetterHeader.REPLAYED.value, str(place).encode())]
        await self.producer.send_and_wait(place.topic, body, partition=place.partition, headers=note)

    async def _partitions(self, topics: Collection[str]) -> list[TopicPartition]:
        # Only what exists is described: some brokers make the topics they are asked about.
        existing = sorted(set(topics) & set(await self.admin.list_topics()))
        if not existing:
            return []
        described = await self.admin.describe_topics(existing)
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]


@asynccontextmanager
async def dead_letter_topics(bootstrap_servers: str) -> AsyncIterator[DeadLetterTopics]:
    """Connected to a broker; UnreachableError where it does not answer, at whichever step."""
    options = kafka_options(bootstrap_servers)
    topics = DeadLetterTopics(
        AIOKafkaAdminClient(**options),
        AIOKafkaConsumer(**options, enable_auto_commit=False, auto_offset_reset="earliest"),
        AIOKafkaProducer(**options, acks="all", compression_type="zstd", max_request_size=_MOST_BYTES),
    )
    try:
        await topics.admin.start()
        await topics.consumer.start()
        await topics.producer.start()
        yield topics
    except (KafkaConnectionError, KafkaTimeoutError, TimeoutError):
        raise UnreachableError("The broker", bootstrap_servers) from None
    except KafkaError as error:
        raise BrokerRefusedError(f"The broker refused it: {type(error).__name__}.") from None
    finally:
        await topics.producer.stop()
        await topics.consumer.stop()
        await topics.admin.close()
