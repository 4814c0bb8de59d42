"""A partition's messages get their offsets in turn, and are found by offset and by time."""

import pytest
from aiokafka.record import MemoryRecords
from sandbox.embedded.partition_log import PartitionLog, is_batch
from support.kafka_frames import record_batch

PLENTY = 1_000_000


def values(batches: bytes) -> list[tuple[int, bytes]]:
    """Offsets and values."""
    records, found = MemoryRecords(batches), []
    while (batch := records.next_batch()) is not None:
        assert batch.validate_crc()
        found += [(one.offset, one.value) for one in batch]
    return found


@pytest.fixture
def log() -> PartitionLog:
    """Three batches of offsets 0 and 1, 2, and 3 to 5; times do not only grow."""
    log = PartitionLog()
    assert log.append(record_batch((100, b"a"), (300, b"b"))) == 0
    assert log.append(record_batch((200, b"c"))) == 2
    assert log.append(record_batch((300, b"d"), (400, b"e"), (390, b"f"))) == 3
    return log


def test_offsets_go_on_over_batches(log: PartitionLog) -> None:
    assert log.end == 6
    assert values(log.read(0, PLENTY)) == list(enumerate([b"a", b"b", b"c", b"d", b"e", b"f"]))


@pytest.mark.parametrize(("offset", "first"), [(0, 0), (1, 0), (2, 2), (3, 3), (4, 3), (5, 3)])
def test_a_batch_is_given_whole(log: PartitionLog, offset: int, first: int) -> None:
    assert values(log.read(offset, PLENTY))[0][0] == first


def test_nothing_is_found_at_the_end(log: PartitionLog) -> None:
    assert log.read(6, PLENTY) == b""
    assert PartitionLog().read(0, PLENTY) == b""


def test_as_much_as_fits_and_never_less_than_a_batch(log: PartitionLog) -> None:
    two = len(log.read(0, PLENTY)) - len(log.read(3, PLENTY))

    assert [offset for offset, _ in values(log.read(0, 1))] == [0, 1]
    assert [offset for offset, _ in values(log.read(0, two - 1))] == [0, 1]
    assert [offset for offset, _ in values(log.read(0, two))] == [0, 1, 2]


@pytest.mark.parametrize(
    ("time", "found"), [(0, (100, 0)), (101, (300, 1)), (300, (300, 1)), (301, (400, 4)), (400, (400, 4))]
)
def test_the_first_message_since_a_time(log: PartitionLog, time: int, found: tuple[int, int]) -> None:
    assert log.since(time) == found


def test_no_message_is_as_new(log: PartitionLog) -> None:
    assert log.since(401) is None
    assert PartitionLog().since(0) is None


def test_what_is_no_batch_is_told() -> None:
    batch = record_batch((100, b"a"))

    assert is_batch(batch)
    assert not any(
        is_batch(data)
        for data in (b"", b"message", batch[:-1], batch + b"\0", batch[:16] + b"\1" + batch[17:])
    )
