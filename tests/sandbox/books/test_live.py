from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.books.ledger import Books
from sandbox.books.live import BANK_TRANSACTION, KINDS, MANUAL_JOURNAL, LiveBooks
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.records import Kind
from sandbox.books.totals import Truth, document_totals, entry_totals, result_totals
from sandbox.clock import Clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARCH = Month(2026, 3)
PROFILE = Profile(
    seed=7, account="merit-aktiva-0001", country="EE", currency="EUR", documents=24, posts_late=True
)


def totals(books: Books, month: Month) -> Truth:
    entries = books.entries(month)
    counts = document_totals(books.documents(month), "EUR") | result_totals(entries, "EUR")
    return counts | entry_totals(entries)


def test_an_added_document_counts() -> None:
    live = LiveBooks(PROFILE, Clock(NOON))
    before = totals(live.now, MARCH)["sales_invoice_count"].value

    live.add("sales_invoice", MARCH)

    assert totals(live.now, MARCH)["sales_invoice_count"].value == before + 1


@pytest.mark.parametrize("kind", [kind.value for kind in Kind if kind.is_posted])
def test_a_voided_document_takes_its_entries_along(kind: str) -> None:
    live = LiveBooks(PROFILE, Clock(NOON))
    before = live.now

    _, record = live.void(kind, MARCH)

    after = live.now
    assert totals(after, MARCH)[f"{kind}_count"].value == totals(before, MARCH)[f"{kind}_count"].value - 1
    near = [entry for month in (MARCH, MARCH.shift(1)) for entry in after.entries(month)]
    assert record.id not in {entry.record.id for entry in near}


def test_a_moved_document_counts_in_its_new_month() -> None:
    live = LiveBooks(PROFILE, Clock(NOON))
    before = live.now

    _, record = live.move("purchase_invoice", MARCH, Month(2026, 2))

    assert record.id not in {one.id for one in live.now.documents(MARCH)}
    assert record.id in {one.id for one in live.now.documents(Month(2026, 2))}
    assert record.id in {one.id for one in before.documents(MARCH)}


@pytest.mark.parametrize("kind", [MANUAL_JOURNAL, BANK_TRANSACTION])
def test_entries_without_a_document_can_be_changed_too(kind: str) -> None:
    live = LiveBooks(PROFILE, Clock(NOON))
    before = len(live.now.entries(MARCH))

    live.add(kind, MARCH)
    live.add(kind, MARCH)
    live.void(kind, MARCH)

    assert len(live.now.entries(MARCH)) == before + 1


def test_voiding_what_is_not_there_is_refused() -> None:
    live = LiveBooks(PROFILE, Clock(NOON))

    with pytest.raises(LookupError):
        live.void("sales_invoice", MARCH, "no-such-document")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "void", "move"]), st.sampled_from(KINDS), st.integers(2, 4)),
        max_size=8,
    )
)
def test_the_past_stays_what_it_was(changes: list[tuple[str, str, int]]) -> None:
    clock = Clock(NOON)
    live = LiveBooks(PROFILE, clock)
    seen = [(NOON - timedelta(seconds=1), totals(live.now, MARCH))]
    for action, kind, number in changes:
        try:
            match action:
                case "add":
                    at, _ = live.add(kind, Month(2026, number))
                case "void":
                    at, _ = live.void(kind, Month(2026, number))
                case _:
                    at, _ = live.move(kind, Month(2026, number), MARCH)
        except LookupError:
            continue
        seen.append((at, totals(live.now, MARCH)))

    assert [totals(live.at(moment), MARCH) for moment, _ in seen] == [known for _, known in seen]
