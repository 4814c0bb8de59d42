"""Requests and answers as aiokafka writes them are read in every version that it speaks."""

import pytest
from aiokafka.protocol import fetch as fetches
from aiokafka.protocol import produce as produces
from sandbox.embedded.kafka_frames import Fetch, Produce, kind_of
from support.kafka_frames import fetch_request, frame

FETCH_VERSIONS = range(4, 12)
PRODUCE_VERSIONS = range(3, 8)
WAIT_MS = 500
PLACES = {(b"job.requested.v1", 3), (b"job.requested.v1", 7), (b"run.requested.v1", 0)}


def fetch(version: int, wait_ms: int = WAIT_MS) -> bytes:
    return fetch_request(version, {"job.requested.v1": [3, 7], "run.requested.v1": [0]}, wait_ms=wait_ms)


def answer(version: int, *, error: int = 0, last_records: bytes | None = b"", whole_error: int = 0) -> bytes:
    def partition(number: int, error: int, records: bytes | None) -> tuple[object, ...]:
        log_start = (0,) if version >= 5 else ()
        replica = (-1,) if version >= 11 else ()
        return (number, error, 12, 12, *log_start, [(7, 3)], *replica, records)

    session = (whole_error, 0) if version >= 7 else ()
    topics = [
        ("job.requested.v1", [partition(3, 0, b""), partition(7, error, None)]),
        ("run.requested.v1", [partition(0, 0, last_records)]),
    ]
    kind = getattr(fetches, f"FetchResponse_v{version}")
    return b"\0\0\0\x29" + bytes(kind(0, *session, topics).encode())


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_a_fetch_tells_where_it_looks_and_how_long(version: int) -> None:
    read = Fetch(fetch(version))

    assert Fetch.is_read(*kind_of(fetch(version)))
    assert read.places == PLACES
    assert read.wait_s == WAIT_MS / 1000


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_at_once_is_the_same_fetch_with_another_wait(version: int) -> None:
    assert Fetch(fetch(version)).at_once == fetch(version, wait_ms=5)


@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_messages_and_errors_fulfil_a_fetch_and_nothing_else_does(version: int) -> None:
    read = Fetch(fetch(version))

    assert not read.is_fulfilled_by(answer(version))
    assert not read.is_fulfilled_by(answer(version, last_records=None))
    assert read.is_fulfilled_by(answer(version, last_records=b"a message"))
    assert read.is_fulfilled_by(answer(version, error=1))
    if version >= 7:
        assert read.is_fulfilled_by(answer(version, whole_error=70))


@pytest.mark.parametrize("acks", [-1, 1, 0])
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_messages_tell_where_they_go_and_whether_anybody_waits_for_the_answer(
    version: int, acks: int
) -> None:
    kind = getattr(produces, f"ProduceRequest_v{version}")
    topics = [("job.requested.v1", [(3, b"one"), (7, b"")]), ("run.requested.v1", [(0, b"two")])]
    request = frame(kind(None, acks, 30_000, topics))

    assert Produce.is_read(*kind_of(request))
    read = Produce(request)
    assert read.places == PLACES
    assert read.is_answered is (acks != 0)


@pytest.mark.parametrize(("kind", "version"), [(1, 3), (1, 12), (0, 2), (0, 9), (3, 5)])
def test_other_kinds_and_versions_are_not_read(kind: int, version: int) -> None:
    assert not Fetch.is_read(kind, version)
    assert not Produce.is_read(kind, version)
