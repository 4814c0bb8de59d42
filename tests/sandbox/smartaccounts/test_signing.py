from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sandbox.smartaccounts.signing import is_current, is_signed, signature_of

SECRET = "5e0d7c1b9a48f3266017d2c4b8e9f0a3"
QUERY = "timestamp=15012026080910&apikey=7c4a1e90d2b85f3360ad"
RIGHT = "ef297ab29e18ba2a5f4366a0634248d3154ad73447b64b0c2fc8c84c32d11486"
TALLINN = ZoneInfo("Europe/Tallinn")


def test_signs_the_query_as_it_stands() -> None:
    encoded = f"{QUERY}&clientName=P%C3%B5hjala%20Aed%2C%20AS"

    assert signature_of(SECRET, QUERY) == RIGHT
    assert signature_of(SECRET, encoded) == "027670421f8c5ffbd90eaeebc8547d87129dc770771ee6a74e1872765af432c1"


def test_a_body_stands_behind_the_query() -> None:
    query = f"{QUERY}&signature=67ca91193d290a7c733b6636a85e4e17de9d96bbb758754ba54966d872cd3376"

    assert is_signed(SECRET, query, "{}")
    assert not is_signed(SECRET, query, "")


@pytest.mark.parametrize(
    "query",
    [
        QUERY,
        f"{QUERY}&signature=",
        f"{QUERY}&signature={RIGHT.upper()}",
        f"signature={RIGHT}&{QUERY}",
        f"{QUERY}&signature={RIGHT}&pageNumber=1",
        f"{QUERY}&pageNumber=1&signature={RIGHT}",
    ],
)
def test_refuses_whatever_does_not_end_with_its_own_signature(query: str) -> None:
    assert not is_signed(SECRET, query, "")


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(-16, False), (-14.9, True), (0, True), (14.9, True), (16, False)]
)
@pytest.mark.parametrize("month", [1, 7])
def test_takes_estonian_time_of_the_last_and_next_quarter_of_an_hour(
    month: int, minutes: float, accepted: bool
) -> None:
    now = datetime(2026, month, 15, 22, 30, tzinfo=UTC)
    signed_at = (now + timedelta(minutes=minutes)).astimezone(TALLINN)

    assert is_current(signed_at.strftime("%d%m%Y%H%M%S"), now) is accepted


def test_refuses_utc() -> None:
    now = datetime(2026, 1, 15, 6, 9, 10, tzinfo=UTC)

    assert not is_current(now.strftime("%d%m%Y%H%M%S"), now)


@pytest.mark.parametrize("hour", [0, 1])
def test_takes_either_meaning_of_the_hour_that_comes_twice(hour: int) -> None:
    now = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    assert is_current("25102026033000", now)


@pytest.mark.parametrize("text", ["", "2026-01-15T08:09:10", "32012026080910", "20260115080910"])
def test_refuses_what_is_no_timestamp(text: str) -> None:
    assert not is_current(text, datetime(2026, 1, 15, 6, 9, 10, tzinfo=UTC))
