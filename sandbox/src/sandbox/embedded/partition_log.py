"""The messages of one partition, in memory; layout of a batch from Kafka's documentation of its log."""

from bisect import bisect_left, bisect_right
from struct import Struct

from aiokafka.record import MemoryRecords

FIRST_OFFSET = 0
_BEGINNING = Struct(">qii")  # offset of the first message, bytes after these two fields, leader's epoch
_SHORTEST_BYTES = 61
_UNCOUNTED_BYTES = 12  # of offset and size themselves
_MAGIC_AT, _MAGIC = 16, 2
_LAST_DELTA_AT, _LATEST_AT = 23, 35
_INT32, _INT64 = Struct(">i"), Struct(">q")


def is_batch(data: bytes) -> bool:
    """Whether it is one whole batch of today's layout."""
    if len(data) < _SHORTEST_BYTES or data[_MAGIC_AT] != _MAGIC:
        return False
    _, size, _ = _BEGINNING.unpack_from(data)
    return bool(size + _UNCOUNTED_BYTES == len(data))


class PartitionLog:
    """Keeps every batch as its producer packed it."""

    def __init__(self) -> None:
        self.end = FIRST_OFFSET
        self._firsts: list[int] = []
        self._batches: list[bytes] = []
        self._latest: list[int] = []  # the latest time of all messages up to the end of each batch, in ms

    def append(self, batch: bytes) -> int:
        """The offset its first message got."""
        first = self.end
        _, size, epoch = _BEGINNING.unpack_from(batch)
        (last_delta,) = _INT32.unpack_from(batch, _LAST_DELTA_AT)
        (latest,) = _INT64.unpack_from(batch, _LATEST_AT)
        self._firsts.append(first)
        self._batches.append(_BEGINNING.pack(first, size, epoch) + batch[_BEGINNING.size :])
        self._latest.append(max(latest, self._latest[-1]) if self._latest else latest)
        self.end = first + last_delta + 1
        return first

    def read(self, offset: int, most_bytes: int) -> bytes:
        """Whole batches from the one with this message on, as many as fit and never less than one."""
        begin = bisect_right(self._firsts, offset) - 1
        if offset >= self.end or begin < 0:
            return b""
        after, size = begin + 1, len(self._batches[begin])
        while after < len(self._batches) and size + len(self._batches[after]) <= most_bytes:
            size += len(self._batches[after])
            after += 1
        return b"".join(self._batches[begin:after])

    def since(self, time_ms: int) -> tuple[int, int] | None:
        """Time and offset of the first message that is not older; None if all are."""
        at = bisect_left(self._latest, time_ms)
        if at == len(self._batches):
            return None
        batch = MemoryRecords(self._batches[at]).next_batch()
        return next((one.timestamp, one.offset) for one in batch if one.timestamp >= time_ms)
