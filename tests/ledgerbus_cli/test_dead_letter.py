"""What is told of parked messages, which are meant, and what goes out again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from ledgerbus_cli.dead_letter import (
    DeadLetter,
    Place,
    ReplayNote,
    Selection,
    headers_of_replay,
    read,
    to_replay,
    with_replays,
)
from ledgerbus_cli.dead_letter_views import letter_json
from ledgerbus_cli.instants import instant_of
from support.parked import parked_record
from typer import BadParameter

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DEAD = "job.counted.v1.dead"


def record(**changes: Any) -> "ConsumerRecord[Any, Any]":
    usual: dict[str, Any] = {"topic": DEAD, "partition": 3, "offset": 17, "written_at": NOON}
    return parked_record(**usual | changes)


def letter(offset: int, **changes: Any) -> DeadLetter:
    found = DeadLetter.of(record(offset=offset))
    return replace(found, **{"origin": Place("job.counted.v1", 3, offset)} | changes)


def note(place: Place, at: datetime) -> ReplayNote:
    found = read(record(headers={"dead_letter_replayed": str(place)}, written_at=at, offset=99, body=b""))
    assert isinstance(found, ReplayNote)
    return found


def test_a_letter_tells_where_it_stood_why_it_was_parked_and_whose_it_is() -> None:
    body = json.dumps({"meta": {"company_id": "firm-7"}}).encode()
    headers = {
        "ce_id": "1",
        "dead_letter_error": "KeyError",
        "dead_letter_detail": "KeyError",
        "dead_letter_service": "summary-writer",
        "dead_letter_partition": "5",
        "dead_letter_offset": "42",
    }

    found = DeadLetter.of(record(headers=headers, body=body))

    assert found.as_json() == {
        "place": "job.counted.v1.dead/3/17",
        "origin": "job.counted.v1/5/42",
        "parked_at": "2026-04-01T12:00:00+00:00",
        "error": "KeyError",
        "detail": "KeyError",
        "service": "summary-writer",
        "company_id": "firm-7",
        "replay_of": None,
        "left_out_bytes": None,
        "replayed_at": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"\xff\xfe",
        b"{not json",
        b"[" * 100_000,
        b'"text"',
        b'{"meta": 5}',
        b'{"meta": {"company_id": "\\u001b[2J"}}',
        b'{"meta": {"company_id": 9}}',
    ],
)
def test_a_letter_that_nobody_can_read_is_nobodys(body: bytes | None) -> None:
    found = DeadLetter.of(record(body=body, headers={"dead_letter_offset": "x"}))

    assert found.company_id is None
    assert found.origin == found.place


@pytest.mark.parametrize("text", ["", "a/b", "a/b/c", "a/1/-2", "/1/2", "a/1/2/3", "a/1.5/2"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Place.parse(text)


def test_a_place_reads_as_it_is_written() -> None:
    assert str(Place.parse("job.counted.v1.dead/3/17")) == "job.counted.v1.dead/3/17"


@pytest.mark.parametrize(
    ("selection", "fits"),
    [
        (Selection(), True),
        (Selection(since=NOON), True),
        (Selection(since=NOON + timedelta(seconds=1)), False),
        (Selection(until=NOON), False),
        (Selection(until=NOON + timedelta(seconds=1)), True),
        (Selection(error="keyerror"), True),
        (Selection(error="Key"), False),
        (Selection(company_id="firm-1"), True),
        (Selection(company_id="firm-2"), False),
    ],
)
def test_letters_are_chosen_by_time_error_and_company(selection: Selection, fits: bool) -> None:
    assert selection.fits(letter(1, error="KeyError", company_id="firm-1")) is fits


def test_a_letter_of_nobody_is_not_chosen_by_company() -> None:
    assert not Selection(company_id="firm-1").fits(letter(1, company_id=None))


def test_a_replay_counts_for_every_copy_parked_before_it_and_for_no_later_one() -> None:
    first, copy = letter(1), letter(2, origin=Place("job.counted.v1", 3, 1))
    later = letter(3, origin=first.origin, parked_at=NOON + timedelta(hours=2))
    other = letter(4)
    replayed_at = NOON + timedelta(hours=1)

    found = with_replays([note(first.place, replayed_at), later, other, copy, first])

    assert {one.place.offset: one.replayed_at for one in found} == {
        1: replayed_at,
        2: replayed_at,
        3: None,
        4: None,
    }


def test_the_last_of_several_replays_is_told() -> None:
    notes = [note(letter(1).place, NOON + timedelta(hours=hours)) for hours in (1, 3, 2)]

    (found,) = with_replays([letter(1), *notes])

    assert found.replayed_at == NOON + timedelta(hours=3)


def test_each_message_is_replayed_once_the_oldest_first_and_only_if_it_was_not_and_can_be() -> None:
    oldest = letter(9, parked_at=NOON - timedelta(hours=1))
    copies = [letter(1), letter(2, origin=letter(1).origin)]
    done, without_body = letter(5, replayed_at=NOON), letter(6, left_out_bytes=5_000_000)

    chosen = to_replay([*with_replays([*copies, without_body, oldest]), done])

    assert [one.place.offset for one in chosen] == [9, 1]


def test_a_replay_has_the_messages_own_headers_and_says_which_letter_it_is() -> None:
    headers = [
        ("ce_id", b"1"),
        ("odd", b"\xff"),
        ("empty", None),
        ("ce_id", b"2"),
        ("traceparent", b"00-aa-bb-01"),
        ("dead_letter_error", b"KeyError"),
        ("dead_letter_replay_of", b"job.counted.v1.dead/0/1"),
    ]

    sent = headers_of_replay(headers, Place(DEAD, 3, 17))

    assert sent == [
        ("ce_id", b"1"),
        ("odd", b"\xff"),
        ("empty", b""),
        ("ce_id", b"2"),
        ("traceparent", b"00-aa-bb-01"),
        ("dead_letter_replay_of", b"job.counted.v1.dead/3/17"),
    ]


def test_bytes_that_are_no_text_are_told_in_base64() -> None:
    letter_of_bytes = record(body=b"\xff\x00")

    shown = letter_json(DeadLetter.of(letter_of_bytes), letter_of_bytes, with_body=True)

    assert (shown["body_base64"], "body" in shown) == ("/wA=", False)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-04-01", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01T10:00", datetime(2026, 4, 1, 10, tzinfo=UTC)),
        ("2026-04-01T10:00Z", datetime(2026, 4, 1, 10, tzinfo=UTC)),
        ("2026-04-01T10:00+03:00", datetime(2026, 4, 1, 7, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, means: datetime) -> None:
    assert instant_of(text) == means


@pytest.mark.parametrize(("text", "ago"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800)])
def test_a_time_may_be_so_long_ago(text: str, ago: int) -> None:
    assert abs((datetime.now(UTC) - instant_of(text)).total_seconds() - ago) < 60


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "5w", "999999d", "-1h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="a time is"):
        instant_of(text)
