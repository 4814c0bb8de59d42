"""Requests as aiokafka writes them are read, answers as it reads them are written, in every version."""

from struct import pack

import pytest
from aiokafka.protocol import fetch as fetches
from aiokafka.protocol import offset as offsets
from aiokafka.protocol import produce as produces
from aiokafka.protocol.admin import ApiVersionResponse_v0, ApiVersionResponse_v1, DeleteTopicsRequest_v1
from sandbox.embedded.kafka_frames import (
    READ,
    Code,
    Fetch,
    Found,
    Kind,
    ListOffsets,
    Produce,
    deleted_topics,
    kind_of,
    offering_only_what_is_read,
)
from support.kafka_frames import (
    CORRELATION_ID,
    WAIT_MS,
    fetch_request,
    frame,
    list_offsets_request,
    produce_request,
    read_answer,
)

REQUESTED, FINISHED = b"job.requested.v1", b"run.finished.v1"
PLACES = [(REQUESTED, 3), (REQUESTED, 7), (FINISHED, 0)]
SENT = [("job.requested.v1", [(3, b"one"), (7, b"")]), ("run.finished.v1", [(0, b"two")])]


@pytest.mark.parametrize("acks", [-1, 1, 0])
@pytest.mark.parametrize("version", READ[Kind.PRODUCE])
def test_messages_tell_where_they_go_and_whether_anybody_waits_for_the_answer(
    version: int, acks: int
) -> None:
    request = produce_request(version, SENT, acks=acks)

    assert kind_of(request) == (Kind.PRODUCE, version)
    read = Produce(request)
    assert list(read.batches.items()) == list(zip(PLACES, [b"one", b"", b"two"], strict=True))
    assert read.is_answered is (acks != 0)


@pytest.mark.parametrize("version", READ[Kind.PRODUCE])
def test_a_producer_reads_how_it_went(version: int) -> None:
    outcomes = {PLACES[0]: (Code.NONE, 12), PLACES[1]: (Code.CORRUPT_MESSAGE, -1), PLACES[2]: (Code.NONE, 0)}

    answer = Produce(produce_request(version, SENT)).answer(outcomes)

    read = read_answer(getattr(produces, f"ProduceResponse_v{version}"), answer)
    assert read.throttle_time_ms == 0
    assert [(topic, [part[:4] for part in parts]) for topic, parts in read.topics] == [
        ("job.requested.v1", [(3, 0, 12, -1), (7, 2, -1, -1)]),
        ("run.finished.v1", [(0, 0, 0, -1)]),
    ]


@pytest.mark.parametrize("version", READ[Kind.FETCH])
def test_a_fetch_tells_where_it_looks_and_how_long(version: int) -> None:
    request = fetch_request(version, {"job.requested.v1": [3, 7], "run.finished.v1": [0]}, offset=5)

    assert kind_of(request) == (Kind.FETCH, version)
    read = Fetch(request)
    assert read.wanted == dict.fromkeys(PLACES, (5, 1_048_576))
    assert (read.wait_s, read.fewest_bytes, read.most_bytes) == (WAIT_MS / 1000, 1, 52_428_800)


@pytest.mark.parametrize("version", READ[Kind.FETCH])
def test_a_consumer_reads_what_was_found(version: int) -> None:
    read = Fetch(fetch_request(version, {"job.requested.v1": [3, 7], "run.finished.v1": [0]}))

    answer = read.answer(
        {PLACES[0]: Found(9, b"messages"), PLACES[1]: Found(-1, code=Code(1)), PLACES[2]: Found(0)}
    )

    told = read_answer(getattr(fetches, f"FetchResponse_v{version}"), answer)
    assert [(topic, [(*part[:4], part[-1]) for part in parts]) for topic, parts in told.topics] == [
        ("job.requested.v1", [(3, 0, 9, 9, b"messages"), (7, 1, -1, -1, b"")]),
        ("run.finished.v1", [(0, 0, 0, 0, b"")]),
    ]


@pytest.mark.parametrize("version", READ[Kind.LIST_OFFSETS])
def test_offsets_are_asked_for_and_told(version: int) -> None:
    request = list_offsets_request(version, {"job.requested.v1": {3: -1, 7: -2}, "run.finished.v1": {0: 70}})

    assert kind_of(request) == (Kind.LIST_OFFSETS, version)
    read = ListOffsets(request)
    assert list(read.wanted.items()) == list(zip(PLACES, [-1, -2, 70], strict=True))
    answer = read.answer({PLACES[0]: (Code.NONE, -1, 9), PLACES[2]: (Code.NONE, 71, 4)})
    told = read_answer(getattr(offsets, f"OffsetResponse_v{version}"), answer)
    assert [(topic, [part[:4] for part in parts]) for topic, parts in told.topics] == [
        ("job.requested.v1", [(3, 0, -1, 9)]),
        ("run.finished.v1", [(0, 0, 71, 4)]),
    ]


def test_deleted_topics_are_read() -> None:
    request = frame(DeleteTopicsRequest_v1(["job.requested.v1", "run.finished.v1"], 30_000))

    assert deleted_topics(request) == [REQUESTED, FINISHED]


OFFERED = [(0, 0, 11), (1, 0, 16), (2, 0, 9), (3, 0, 12), (18, 0, 4), (20, 1, 6)]
KEPT = [(0, 3, 8), (1, 4, 11), (2, 1, 3), (3, 0, 12), (18, 0, 4), (20, 1, 3)]


@pytest.mark.parametrize(("version", "kind"), [(0, ApiVersionResponse_v0), (1, ApiVersionResponse_v1)])
def test_clients_are_offered_only_versions_that_are_read(version: int, kind: type) -> None:
    rest = (0,) if version else ()
    answer = pack(">i", CORRELATION_ID) + kind(0, OFFERED, *rest).encode()

    read = read_answer(kind, offering_only_what_is_read(answer, version))

    assert read.api_versions == KEPT


def test_the_same_in_the_layout_with_tagged_fields() -> None:
    def answer(versions: list[tuple[int, int, int]]) -> bytes:
        told = b"".join(pack(">hhhB", *each, 0) for each in versions)
        return pack(">ihB", CORRELATION_ID, 0, len(versions) + 1) + told + pack(">iB", 0, 0)

    assert offering_only_what_is_read(answer(OFFERED), 3) == answer(KEPT)


def test_a_refusal_of_the_layout_with_tagged_fields_comes_in_the_first_one() -> None:
    refusal = pack(">ihi", CORRELATION_ID, 35, 1) + pack(">hhh", 0, 0, 11)

    assert offering_only_what_is_read(refusal, 3) == pack(">ihi", CORRELATION_ID, 35, 1) + pack(
        ">hhh", 0, 3, 8
    )
