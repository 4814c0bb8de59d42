"""Answers are parsed with exact numbers, whatever Python's own parser would accept and nothing else."""

import json
from decimal import Decimal

import pytest
from connectors.errors import UnreadableAnswerError
from connectors.rows import parse_json
from hypothesis import given
from hypothesis import strategies as st

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
)
_DOCUMENTS = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=20
)


@given(_DOCUMENTS, st.booleans())
def test_it_tells_what_pythons_own_parser_tells(document: object, is_ascii: bool) -> None:
    body = json.dumps(document, ensure_ascii=is_ascii).encode()

    found = parse_json(body)

    # Their texts tell 1, True and Decimal(1) apart.
    assert repr(found) == repr(json.loads(body, parse_float=Decimal))


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b"0.10", Decimal("0.10")),
        (b"1e2", Decimal("1e2")),
        (b"-0.0", Decimal("-0.0")),
        (b"12345678901234567890.12345678901234567890", Decimal("12345678901234567890.12345678901234567890")),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1]".encode("utf-16"), [1]),
        (b'"\\ud83d"', "\ud83d"),  # half of a character, as where a long text was cut off
        (b"[" * 250 + b"]" * 250, json.loads("[" * 250 + "]" * 250)),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_rare_things_are_read(body: bytes, parsed: object) -> None:
    assert repr(parse_json(body)) == repr(parsed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"[1,]",
        b"{'a': 1}",
        b'"\xff"',
        b"[1] x",
        b"[" * 100_000,
        b"1e1000000000000000000000",  # beyond any decimal number
        b"9" * 5_000,
    ],
)
def test_what_is_not_json_is_refused_without_being_quoted(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError, match=r"^the answer is not JSON$"):
        parse_json(body)
