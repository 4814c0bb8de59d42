from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.books.chart import Nature
from sandbox.books.documents import documents_of
from sandbox.books.ledger import Books
from sandbox.books.live import LiveBooks
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.records import Document, Kind, State
from sandbox.books.totals import document_totals, entry_totals, result_totals
from sandbox.clock import Clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONTHS = [Month(2025, 12).shift(back) for back in range(-24, 11)]

months = st.builds(Month, st.integers(2011, 2026), st.integers(1, 10))
profiles = st.builds(
    Profile,
    seed=st.integers(0, 10**6),
    account=st.integers(1, 9999).map(lambda number: f"merit-aktiva-{number:04}"),
    country=st.sampled_from(["EE", "FI", "PL", "NO"]),
    currency=st.sampled_from(["EUR", "PLN", "NOK", "GBP"]),
    documents=st.integers(1, 60),
    left_out=st.sampled_from([(), (Kind.PREPAYMENT_INVOICE, Kind.DELIVERY_ORDER)]),
    posts_late=st.booleans(),
    rounds_totals=st.booleans(),
    closes_year=st.booleans(),
)


def profile(**changes: object) -> Profile:
    values: dict[str, object] = {
        "seed": 7,
        "account": "merit-aktiva-0001",
        "country": "EE",
        "currency": "EUR",
        "documents": 24,
        "left_out": (Kind.PREPAYMENT_INVOICE,),
        "posts_late": True,
        "rounds_totals": True,
    }
    return Profile(**(values | changes))  # type: ignore[arg-type]  # a test names only what it is about


def books(of: Profile) -> Books:
    return LiveBooks(of, Clock(NOON)).now


def all_documents(of: Profile) -> list[Document]:
    return [one for month in MONTHS for one in books(of).documents(month)]


@settings(max_examples=40, deadline=None)
@given(profiles, months)
def test_every_entry_balances_and_lies_in_its_month(of: Profile, month: Month) -> None:
    entries = books(of).entries(month)

    assert all(sum(row.amount for row in entry.postings) == 0 for entry in entries)
    assert all(Month.of(entry.posted_on) == month for entry in entries)
    assert len({entry.id for entry in entries}) == len({entry.serial for entry in entries}) == len(entries)


@settings(max_examples=40, deadline=None)
@given(profiles, months)
def test_the_ledger_holds_each_booked_document_once(of: Profile, month: Month) -> None:
    read = books(of)
    counted = {one.id for one in read.documents(month) if one.is_counted}

    posted = [
        entry.id for near in (month, month.shift(1)) for entry in read.entries(near) if entry.id in counted
    ]

    assert sorted(posted) == sorted(counted)


@settings(max_examples=40, deadline=None)
@given(profiles, months)
def test_result_of_a_month_equals_its_balance_accounts(of: Profile, month: Month) -> None:
    entries = books(of).entries(month)
    totals = result_totals(entries, of.currency)

    rest = sum(
        row.amount
        for entry in entries
        for row in entry.postings
        if row.role.nature not in {Nature.INCOME, Nature.EXPENSE}
    )

    assert Decimal(totals["income_total"].value) - Decimal(totals["expense_total"].value) == rest


@settings(max_examples=40, deadline=None)
@given(profiles, months)
def test_expenses_are_never_below_nothing(of: Profile, month: Month) -> None:
    expenses = result_totals(books(of).entries(month), of.currency)["expense_total"].value

    assert expenses > 0 or of.is_idle(month)


@settings(max_examples=25, deadline=None)
@given(profiles, months)
def test_the_same_seed_account_and_month_make_the_same_documents(of: Profile, month: Month) -> None:
    twin = Profile(**{name: getattr(of, name) for name in Profile.__dataclass_fields__})

    assert list(documents_of(of, month)) == list(documents_of(twin, month))


def test_generated_books_are_the_same_in_every_run() -> None:
    first = books(profile()).documents(Month(2026, 3))[0]

    assert (first.id, first.dated_on.isoformat(), first.currency, first.net) == (
        "3f7b9b00-2b55-4981-9795-0c88103c404d",
        "2026-03-01",
        "SEK",
        Decimal("1223.02"),
    )


@pytest.mark.parametrize("change", [{"seed": 8}, {"account": "merit-aktiva-0002"}])
def test_another_seed_or_account_makes_other_books(change: dict[str, object]) -> None:
    month = Month(2026, 3)

    assert books(profile()).documents(month) != books(profile(**change)).documents(month)


def test_a_month_has_about_as_many_documents_as_asked_for() -> None:
    of = profile(documents=100)

    counts = [
        document_totals(books(of).documents(month), "EUR")["document_count"].value
        for month in MONTHS
        if not of.is_idle(month)
    ]

    assert all(80 <= count <= 120 for count in counts)


def test_about_one_month_in_twelve_is_empty() -> None:
    of, long = profile(), [Month(2011, 1).shift(ahead) for ahead in range(180)]

    idle = [month for month in long if of.is_idle(month)]

    assert 5 <= len(idle) <= 30
    assert all(not books(of).entries(month) and not books(of).documents(month) for month in idle)
    assert all(not books(of).payments(month) and not books(of).cash_moves(month) for month in idle)


def test_first_and_last_days_have_documents_leap_days_too() -> None:
    of = profile(seed=3)
    days = {one.dated_on for one in books(of).documents(Month(2024, 2)) if one.is_counted}

    assert not of.is_idle(Month(2024, 2))
    assert {Month(2024, 2).first, Month(2024, 2).last} <= days
    assert Month(2024, 2).last.day == 29


def test_books_hold_what_must_not_be_counted() -> None:
    documents = all_documents(profile())

    assert {one.state for one in documents} == set(State)
    assert Kind.PREPAYMENT_INVOICE in {one.kind for one in documents}


def test_some_foreign_amounts_end_in_half_a_cent() -> None:
    foreign = [one for one in all_documents(profile(documents=60)) if one.currency != "EUR"]

    halves = [one for one in foreign if (one.net / one.rate * 100) % 1 == Decimal("0.5")]

    assert {one.kind.is_credit for one in halves} == {True, False}
    assert all(one.net_base > one.net / one.rate for one in halves)


@pytest.mark.parametrize("currency", ["EUR", "NOK", "PLN"])
def test_rates_may_be_the_base_currency_s_units_for_a_foreign_one(currency: str) -> None:
    documents = all_documents(profile(documents=60, currency=currency, rates_are_own=True))
    foreign = [one for one in documents if one.currency != currency]

    halves = [one for one in foreign if (one.net * one.rate * 100) % 1 == Decimal("0.5")]

    assert {one.kind.is_credit for one in halves} == {True, False}
    assert all(one.net_base > one.net * one.rate for one in halves)
    assert all(one.rate == round(one.rate, 6) for one in foreign)


def test_some_bills_are_posted_a_month_after_their_date() -> None:
    documents = all_documents(profile())

    late = [one for one in documents if Month.of(one.posted_on) != Month.of(one.dated_on)]

    assert late
    assert all(one.kind is Kind.PURCHASE_INVOICE for one in late)


def test_year_end_entries_are_neither_income_nor_expense() -> None:
    closing, plain = profile(closes_year=True), profile()
    december = next(month for month in (Month(2025, 12), Month(2024, 12)) if not plain.is_idle(month))

    closed, kept = books(closing).entries(december), books(plain).entries(december)

    assert len(closed) == len(kept) + 3
    assert result_totals(closed, "EUR") == result_totals(kept, "EUR")


def test_nothing_is_in_the_books_after_the_present_month() -> None:
    read = books(profile())

    assert list(read.months(NOON.date() + timedelta(days=40), NOON.date() + timedelta(days=400))) == []
    assert not read.documents(Month(2026, 12))
    assert not read.entries(Month(2026, 12))


def test_totals_leave_a_sum_out_when_a_rate_is_unknown() -> None:
    live = LiveBooks(profile(), Clock(NOON))
    live.add("sales_invoice", Month(2026, 3), rate_known=False)

    totals = document_totals(live.now.documents(Month(2026, 3)), "EUR")

    assert "sales_net" not in totals
    assert "sales_vat" not in totals
    assert "purchase_net" in totals
    assert entry_totals(live.now.entries(Month(2026, 3)))["entry_count"].value > 0
