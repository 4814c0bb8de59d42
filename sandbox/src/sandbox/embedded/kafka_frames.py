"""As much of Kafka's protocol as keeping messages takes; layouts from Kafka's protocol guide.

A frame is what follows its length of four bytes: a request begins with kind, version and correlation id, its
answer with that id. Only versions without tagged fields are read; `offering_only_what_is_read` tells clients.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from io import BytesIO
from itertools import groupby
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from aiokafka.protocol.metadata import MetadataRequest_v5, MetadataResponse_v5

Place: TypeAlias = tuple[bytes, int]  # a topic and one of its partitions

_HEAD = Struct(">hhi")
_CORRELATION = slice(4, 8)
_INT16, _INT32, _INT64 = Struct(">h"), Struct(">i"), Struct(">q")
_VERSIONS = Struct(">hhh")
_PARTITION = Struct(">ihqq")  # its number, how it went, and two of what is told of it
_NEVER = -1  # a time, an offset or a leader's epoch that is not told
_NO_TEXT = _INT16.pack(-1)
_NONE = _INT32.pack(0)  # milliseconds of throttling, or the elements of an empty list


class Kind(IntEnum):
    """What a request asks for."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    API_VERSIONS = 18
    DELETE_TOPICS = 20


class Code(IntEnum):
    """How a partition's part of it ended."""

    NONE = 0
    OFFSET_OUT_OF_RANGE = 1
    CORRUPT_MESSAGE = 2
    UNKNOWN_TOPIC_OR_PARTITION = 3


READ: Mapping[int, range] = MappingProxyType(
    {
        Kind.PRODUCE: range(3, 9),
        Kind.FETCH: range(4, 12),
        Kind.LIST_OFFSETS: range(1, 4),
        Kind.DELETE_TOPICS: range(4),
    }
)


class _Cursor:
    def __init__(self, frame: bytes, at: int = 0) -> None:
        self.frame = frame
        self.at = at

    def skip(self, size: int) -> None:
        self.at += size

    def int16(self) -> int:
        return int(self._number(_INT16))

    def int32(self) -> int:
        return int(self._number(_INT32))

    def int64(self) -> int:
        return int(self._number(_INT64))

    def text(self) -> bytes:
        """An absent one is empty."""
        return self._taken(self.int16())

    def data(self) -> bytes:
        """Absent ones are empty."""
        return self._taken(self.int32())

    def places(self) -> Iterator[Place]:
        """Each partition that comes next; what is told of it is for the caller to read."""
        for _ in range(self.int32()):
            topic = self.text()
            for _ in range(self.int32()):
                yield topic, self.int32()

    def _number(self, layout: Struct) -> int:
        (value,) = layout.unpack_from(self.frame, self.at)
        self.at += layout.size
        return int(value)

    def _taken(self, size: int) -> bytes:
        self.at += max(0, size)
        return self.frame[self.at - max(0, size) : self.at]


def kind_of(request: bytes) -> tuple[int, int]:
    """Its kind and its version."""
    kind, version, _ = _HEAD.unpack_from(request)
    return kind, version


def _body_of(request: bytes) -> _Cursor:
    cursor = _Cursor(request, _HEAD.size)
    cursor.text()  # the client's name
    return cursor


def _by_topic(parts: Mapping[Place, bytes]) -> bytes:
    """The list of topics, each with the list of its partitions, that is the heart of every answer."""
    topics = [(topic, list(places)) for topic, places in groupby(parts, key=lambda place: place[0])]
    told = [_INT32.pack(len(topics))]
    for topic, places in topics:
        told += [_INT16.pack(len(topic)), topic, _INT32.pack(len(places))]
        told += [parts[place] for place in places]
    return b"".join(told)


class Produce:
    """Messages on their way: `batches` by where they go."""

    def __init__(self, request: bytes) -> None:
        _, self._version = kind_of(request)
        self._correlation = request[_CORRELATION]
        cursor = _body_of(request)
        cursor.text()  # the transaction
        self.is_answered = cursor.int16() != 0
        cursor.skip(4)  # the timeout
        self.batches = {place: cursor.data() for place in cursor.places()}

    def answer(self, outcomes: Mapping[Place, tuple[Code, int]]) -> bytes:
        """How it went, and the offset of each batch's first message."""
        tail = _INT64.pack(0) if self._version >= 5 else b""  # the log's first offset
        if self._version >= 8:
            tail += _NONE + _NO_TEXT  # errors of single messages, and one of all
        parts = {
            place: _PARTITION.pack(place[1], code, offset, _NEVER) + tail
            for place, (code, offset) in outcomes.items()
        }
        return self._correlation + _by_topic(parts) + _NONE


class Found(NamedTuple):
    """What a partition holds: `end` is the offset of its next message, `batches` what was asked for."""

    end: int
    batches: bytes = b""
    code: Code = Code.NONE


class Fetch:
    """A request for messages: `wanted` tells the first offset and the most bytes of each place."""

    def __init__(self, request: bytes) -> None:
        _, self._version = kind_of(request)
        self._correlation = request[_CORRELATION]
        cursor = _body_of(request)
        cursor.skip(4)  # the replica
        self.wait_s = cursor.int32() / 1000
        self.fewest_bytes, self.most_bytes = cursor.int32(), cursor.int32()
        cursor.skip(1)  # isolation
        if self._version >= 7:
            cursor.skip(4 + 4)  # session
        self.wanted = {place: self._place(cursor) for place in cursor.places()}

    def _place(self, cursor: _Cursor) -> tuple[int, int]:
        cursor.skip(4 if self._version >= 9 else 0)  # the leader's epoch
        offset = cursor.int64()
        cursor.skip(8 if self._version >= 5 else 0)  # the log's first offset
        return offset, cursor.int32()

    def answer(self, found: Mapping[Place, Found]) -> bytes:
        """Told of each place."""
        first = _INT64.pack(0) if self._version >= 5 else b""
        first += _NONE  # transactions that were broken off
        if self._version >= 11:
            first += _INT32.pack(_NEVER)  # a nearer replica
        parts = {
            place: b"".join(
                (
                    _PARTITION.pack(place[1], one.code, one.end, one.end),
                    first,
                    _INT32.pack(len(one.batches)),
                    one.batches,
                )
            )
            for place, one in found.items()
        }
        session = _INT16.pack(Code.NONE) + _NONE if self._version >= 7 else b""
        return self._correlation + _NONE + session + _by_topic(parts)


class ListOffsets:
    """Asks for each place's first message from a time on: `wanted`, in ms; -1 the end, -2 the first."""

    def __init__(self, request: bytes) -> None:
        _, self._version = kind_of(request)
        self._correlation = request[_CORRELATION]
        cursor = _body_of(request)
        cursor.skip(4 + (1 if self._version >= 2 else 0))  # the replica, isolation
        self.wanted = {place: cursor.int64() for place in cursor.places()}

    def answer(self, found: Mapping[Place, tuple[Code, int, int]]) -> bytes:
        """Time and offset of each place's message, both -1 if there is none."""
        parts = {place: _PARTITION.pack(place[1], *one) for place, one in found.items()}
        return self._correlation + (_NONE if self._version >= 2 else b"") + _by_topic(parts)


def partitions_request(topic: bytes) -> bytes:
    """Asks the broker for a topic's partitions without making it."""
    request = MetadataRequest_v5([topic.decode()], False)
    header = request.build_request_header(correlation_id=0, client_id=None)
    return bytes(header.encode() + request.encode())


def partitions_in(answer: bytes) -> int:
    """How many it told of; none for a topic that is not there."""
    ((_, _, _, partitions),) = MetadataResponse_v5.decode(BytesIO(answer[_CORRELATION.start :])).topics
    return len(partitions)


def deleted_topics(request: bytes) -> list[bytes]:
    """Their names."""
    cursor = _body_of(request)
    return [cursor.text() for _ in range(cursor.int32())]


def offering_only_what_is_read(answer: bytes, version: int) -> bytes:
    """A broker's answer to which versions it speaks, without those that are not read here."""
    offered, cursor = bytearray(answer), _Cursor(answer, 4)
    if version >= 3 and not cursor.int16():
        count, step = answer[cursor.at] - 1, _VERSIONS.size + 1  # each with its tagged fields: none
        cursor.skip(1)
    else:
        cursor.at = 4 + 2
        count, step = cursor.int32(), _VERSIONS.size
    for at in range(cursor.at, cursor.at + count * step, step):
        kind, lowest, highest = _VERSIONS.unpack_from(offered, at)
        if read := READ.get(kind):
            _VERSIONS.pack_into(offered, at, kind, max(lowest, read[0]), min(highest, read[-1]))
    return bytes(offered)
