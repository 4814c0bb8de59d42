"""As much of Kafka's protocol as tells who waits for what; layouts from Kafka's protocol guide.

A frame is what follows its length of four bytes: a request begins with kind, version and correlation id, its
answer with that id. Only versions without tagged fields are read, which aiokafka speaks.
"""

from struct import Struct
from typing import TypeAlias

Place: TypeAlias = tuple[bytes, int]  # a topic and one of its partitions

_PRODUCE, _FETCH = 0, 1
_PRODUCE_VERSIONS, _FETCH_VERSIONS = range(3, 9), range(4, 12)
_HEAD = Struct(">hhi")
_INT16, _INT32 = Struct(">h"), Struct(">i")
_SHORTEST_WAIT = _INT32.pack(5)  # milliseconds; Tansu looks at nothing for those who do not wait


class _Cursor:
    def __init__(self, frame: bytes | bytearray, at: int) -> None:
        self.frame = frame
        self.at = at

    def skip(self, size: int) -> None:
        self.at += size

    def int16(self) -> int:
        (value,) = _INT16.unpack_from(self.frame, self.at)
        self.at += 2
        return int(value)

    def int32(self) -> int:
        (value,) = _INT32.unpack_from(self.frame, self.at)
        self.at += 4
        return int(value)

    def text(self) -> bytes:
        """An absent one is empty."""
        size = max(0, self.int16())
        self.at += size
        return bytes(self.frame[self.at - size : self.at])


def kind_of(request: bytes) -> tuple[int, int]:
    """Its kind and its version."""
    kind, version, _ = _HEAD.unpack_from(request)
    return kind, version


def _body_of(request: bytes) -> _Cursor:
    cursor = _Cursor(request, _HEAD.size)
    cursor.text()  # the client's name
    return cursor


class Produce:
    """Messages on their way; `places` is where to."""

    def __init__(self, request: bytes) -> None:
        cursor = _body_of(request)
        cursor.text()  # the transaction
        self.is_answered = cursor.int16() != 0
        cursor.skip(4)  # the timeout
        self.places: set[Place] = set()
        for _ in range(cursor.int32()):
            topic = cursor.text()
            for _ in range(cursor.int32()):
                self.places.add((topic, cursor.int32()))
                cursor.skip(max(0, cursor.int32()))

    @staticmethod
    def is_read(kind: int, version: int) -> bool:
        return kind == _PRODUCE and version in _PRODUCE_VERSIONS


class Fetch:
    """A request for messages; `places` is where it looks for them, `at_once` the same without its wait."""

    def __init__(self, request: bytes) -> None:
        _, self.version = kind_of(request)
        cursor = _body_of(request)
        wait_at = cursor.at + 4
        cursor.skip(4)  # the replica
        self.wait_s = cursor.int32() / 1000
        cursor.skip(4 + 4 + 1)  # fewest and most bytes, isolation
        if self.version >= 7:
            cursor.skip(4 + 4)  # session
        place_tail = 8 + 4 + (8 if self.version >= 5 else 0)
        self.places: set[Place] = set()
        for _ in range(cursor.int32()):
            topic = cursor.text()
            for _ in range(cursor.int32()):
                self.places.add((topic, cursor.int32()))
                cursor.skip(place_tail + (4 if self.version >= 9 else 0))
        self.at_once = request[:wait_at] + _SHORTEST_WAIT + request[wait_at + 4 :]

    @staticmethod
    def is_read(kind: int, version: int) -> bool:
        return kind == _FETCH and version in _FETCH_VERSIONS

    def is_fulfilled_by(self, answer: bytes) -> bool:
        """Whether it brings a message or an error."""
        cursor = _Cursor(answer, 4 + 4)
        if self.version >= 7:
            if cursor.int16():
                return True
            cursor.skip(4)
        for _ in range(cursor.int32()):
            cursor.text()
            for _ in range(cursor.int32()):
                cursor.skip(4)
                if cursor.int16():
                    return True
                cursor.skip(8 + 8 + (8 if self.version >= 5 else 0))
                cursor.skip(16 * max(0, cursor.int32()))  # transactions that were broken off
                if self.version >= 11:
                    cursor.skip(4)
                if cursor.int32() > 0:  # bytes of messages
                    return True
        return False
