"""Parked messages for tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord


def parked_record(
    *,
    topic: str,
    partition: int,
    offset: int,
    written_at: datetime,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = b"{}",
) -> "ConsumerRecord[Any, Any]":
    """A record as it would be read from a `.dead` topic."""
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=int(written_at.timestamp() * 1000),
        timestamp_type=0,
        key=b"key",
        value=body,
        checksum=None,
        serialized_key_size=3,
        serialized_value_size=len(body or b""),
        headers=tuple((name, value.encode()) for name, value in (headers or {}).items()),
    )


async def park(
    send: AIOKafkaProducer, topic: str, body: bytes, *, error: str = "KeyError", offset: int = 0, **more: str
) -> str:
    """What a service would leave on the topic's `.dead`; answers its place."""
    told = {"ce_id": "1", "dead_letter_error": error, "dead_letter_offset": str(offset)}
    headers = told | {"dead_letter_partition": "0", "dead_letter_service": "summary-writer"} | more
    found = await send.send_and_wait(
        f"{topic}.dead",
        body,
        key=b"the key",
        headers=[(name, value.encode()) for name, value in headers.items()],
    )
    return f"{topic}.dead/{found.partition}/{found.offset}"
