"""Kafka's requests as aiokafka writes them and its answers as aiokafka reads them, without their length."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from aiokafka.protocol import fetch as fetches
from aiokafka.protocol import offset as offsets
from aiokafka.protocol import produce as produces
from aiokafka.record.default_records import DefaultRecordBatchBuilder

CORRELATION_ID = 41
WAIT_MS = 500


def frame(request: Any) -> bytes:
    header = request.build_request_header(correlation_id=CORRELATION_ID, client_id="ledgerbus")
    return bytes(header.encode() + request.encode())


def produce_request(version: int, topics: Sequence[tuple[str, Any]], *, acks: int = -1) -> bytes:
    """`topics` with pairs of partition and batch."""
    return frame(getattr(produces, f"ProduceRequest_v{version}")(None, acks, 30_000, topics))


def fetch_request(
    version: int, places: Mapping[str, Sequence[int]], *, wait_ms: int = WAIT_MS, offset: int = 0
) -> bytes:
    """For what comes from this offset of the partitions on."""

    def partition(number: int) -> tuple[int, ...]:
        leader_epoch = (-1,) if version >= 9 else ()
        log_start = (-1,) if version >= 5 else ()
        return (number, *leader_epoch, offset, *log_start, 1_048_576)

    session = (0, -1) if version >= 7 else ()
    forgotten: tuple[Any, ...] = ([],) if version >= 7 else ()
    rack = ("",) if version >= 11 else ()
    topics = [(topic, [partition(number) for number in numbers]) for topic, numbers in places.items()]
    kind = getattr(fetches, f"FetchRequest_v{version}")
    return frame(kind(-1, wait_ms, 1, 52_428_800, 1, *session, topics, *forgotten, *rack))


def list_offsets_request(version: int, places: Mapping[str, Mapping[int, int]]) -> bytes:
    """For the first message of each partition since a time."""
    topics = [(topic, list(parts.items())) for topic, parts in places.items()]
    isolation = (0,) if version >= 2 else ()
    return frame(getattr(offsets, f"OffsetRequest_v{version}")(-1, *isolation, topics))


def read_answer(kind: Any, answer: bytes) -> Any:
    """By aiokafka, whole and with the id of our request."""
    assert int.from_bytes(answer[:4], "big") == CORRELATION_ID
    rest = BytesIO(answer[4:])
    read = kind.decode(rest)
    assert rest.read() == b""
    return read


def record_batch(*messages: tuple[int, bytes]) -> bytes:
    """As a producer packs it, from times in ms and values."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1_000_000)
    for number, (time_ms, value) in enumerate(messages):
        assert builder.append(number, timestamp=time_ms, key=None, value=value, headers=[])
    return bytes(builder.build())
