"""Kafka's requests as aiokafka writes them, without their length."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.protocol import fetch as fetches


def frame(request: Any) -> bytes:
    header = request.build_request_header(correlation_id=41, client_id="ledgerbus")
    return bytes(header.encode() + request.encode())


def fetch_request(version: int, places: Mapping[str, Sequence[int]], *, wait_ms: int) -> bytes:
    """For what comes after offset 0 of the partitions."""

    def partition(number: int) -> tuple[int, ...]:
        leader_epoch = (-1,) if version >= 9 else ()
        log_start = (-1,) if version >= 5 else ()
        return (number, *leader_epoch, 0, *log_start, 1_048_576)

    session = (0, -1) if version >= 7 else ()
    forgotten: tuple[Any, ...] = ([],) if version >= 7 else ()
    rack = ("",) if version >= 11 else ()
    topics = [(topic, [partition(number) for number in numbers]) for topic, numbers in places.items()]
    kind = getattr(fetches, f"FetchRequest_v{version}")
    return frame(kind(-1, wait_ms, 1, 52_428_800, 1, *session, topics, *forgotten, *rack))
