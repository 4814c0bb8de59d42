from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sandbox.merit_aktiva.signing import is_current, is_signed, signature_of

API_ID = "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e5"
API_KEY = "Qm9ndXNLZXlGb3JEb2NzT25seTEyMzQ1Njc4OTAxMjM="
TIMESTAMP = "20260203041506"
PERIOD = b'{"PeriodStart":"20260101","PeriodEnd":"20260131"}'


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (PERIOD, "qcOQcvgDoBLNdX+tetHRu6e1CAtm+q9y8M1r+IduPe4="),
        (b"{}", "apcDY5c/xPO0YY3SN+LWb/AtYPu5f/B5JvLFXkH33Ug="),
        (b"", "0kfgKo5VAJ/8qPviPeAVUNvH4Tkaxj14Iv58rgGx2v8="),
        (
            '{"CustName":"Õunaaed OÜ","DebtDate":"20260131"}'.encode(),
            "qcCevrEfgmOWmrCn5WVPqy44NdGdv+mmral7L0wJuW4=",
        ),
    ],
)
def test_signs_as_the_published_examples_do(body: bytes, signature: str) -> None:
    assert signature_of(API_ID, API_KEY, TIMESTAMP, body) == signature


@pytest.mark.parametrize(
    "wrong",
    [
        "S80r13KTf2OuntEfCt/l32NY5YU8CjFHkLieOgICTFk=",  # the key was base64-decoded first
        "qcOQcvgDoBLNdX-tetHRu6e1CAtm-q9y8M1r-IduPe4=",  # base64url
        "",
    ],
)
def test_refuses_other_ways_to_sign(wrong: str) -> None:
    assert not is_signed(API_ID, API_KEY, TIMESTAMP, wrong, PERIOD)


def test_refuses_a_body_that_was_written_again() -> None:
    signature = signature_of(API_ID, API_KEY, TIMESTAMP, PERIOD)

    assert not is_signed(API_ID, API_KEY, TIMESTAMP, signature, PERIOD.replace(b":", b": "))


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(-11, False), (-9.9, True), (0, True), (9.9, True), (11, False)]
)
def test_takes_timestamps_of_the_last_and_next_ten_minutes(minutes: float, accepted: bool) -> None:
    now = datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC)
    signed_at = now + timedelta(minutes=minutes)

    assert is_current(signed_at.strftime("%Y%m%d%H%M%S"), now) is accepted


@pytest.mark.parametrize("text", ["", "2026-02-03T04:15:06", "20261303041506", "202602030415"])
def test_refuses_what_is_no_timestamp(text: str) -> None:
    assert not is_current(text, datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC))
