"""How Directo's ledger becomes months, over recorded answers."""

from datetime import date
from decimal import Decimal

import pytest
from connectors.directo import DIRECTO
from connectors.errors import FormError
from connectors.protocol import MonthCounts, MonthFailure
from support.connecting import SteppingClock
from support.directo_database import (
    CREDIT,
    INVOICED,
    JANUARY,
    KEY,
    PLAIN,
    RECEIPT,
    SALE,
    Database,
    Line,
    credit,
    debit,
    document,
    january,
    read,
    told,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


def on(day: str) -> dict[str, str]:
    return {"date": f"{day}T00:00:00"}


BILL = document("OST", 700, "2026-01-01", debit("4200", 200.0), debit("2330", 48.0), credit("2115", 248.0))
SPLIT = document(
    "OST",
    701,
    "2026-01-30",
    debit("4200", 30.0, **on("2026-01-30")),
    debit("4200", 45.0, **on("2026-02-01")),
    debit("2330", 18.0),
    credit("2115", 93.0),
)
WAGES = document("PALK", 9, "2026-01-31", debit("5050", 1100.0), credit("2225", 1100.0))
BOOK = [SALE, CREDIT, BILL, SPLIT, WAGES, RECEIPT]


async def test_the_recorded_month() -> None:
    reading = await read(Database(*BOOK))

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert told(counts) == {
        Metric.SALES_INVOICE_COUNT: "1",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "450.00",
        Metric.SALES_VAT: "108.00",
        Metric.PURCHASE_NET: "275.00",  # by the document's date: both rows of the split bill
        Metric.INCOME_TOTAL: "450.00",
        Metric.EXPENSE_TOTAL: "1330.00",  # by the row's date: one of them
        Metric.ENTRY_COUNT: "6",
        Metric.ENTRY_LINE_COUNT: "16",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert {one.source for one in counts.values.values()} == {Source.LEDGER}
    assert {one.unit for one in counts.values.values() if one.unit.isupper()} == {"EUR"}
    assert counts.notes == ("PURCHASES_ARE_EXPENSES",)
    assert (reading.calls, reading.identity_calls, reading.identity_known) == (2, 0, False)


@pytest.mark.parametrize("count", [1, 12])
async def test_a_month_and_a_year_are_two_calls_that_also_ask_for_the_days_around(count: int) -> None:
    database = Database()

    reading = await read(database, *Months.ending(Month(2024, 2), count))

    first = {1: "2023-12-31", 12: "2023-01-28"}[count]
    assert reading.calls == 2
    assert database.asked() == [
        "/apidirect/v1/accounts?",
        f"/apidirect/v1/transactions?date=%3E{first}T23%3A59%3A59&date=%3C2024-04-01T00%3A00%3A00",
    ]


async def test_the_key_stands_in_a_header_and_nowhere_else() -> None:
    database = Database()

    await read(database, settings=INVOICED)

    for request in database.requests:
        assert request.method == "GET"
        assert request.headers["x-directo-key"] == KEY
        assert request.headers["accept"] == "application/json"
        assert KEY not in str(request.url)
        assert not request.content


async def test_calls_are_a_second_apart() -> None:
    clock = SteppingClock()

    await read(Database(), settings=INVOICED, clock=clock)

    assert clock.slept_s == [1.0, 1.0]


async def test_a_row_counts_in_its_own_month_whichever_document_it_is_in() -> None:
    early = document("OST", 1, "2025-12-31", debit("4200", 7.0, **on("2026-01-01")), credit("2115", 7.0))
    late = document("FIN", 2, "2026-02-01", debit("5050", 5.0, **on("2026-01-31")), credit("2225", 5.0))

    counts = told(await january(Database(early, late)))

    assert counts[Metric.EXPENSE_TOTAL] == "12.00"
    assert (counts[Metric.ENTRY_COUNT], counts[Metric.ENTRY_LINE_COUNT]) == ("2", "2")
    assert (counts[Metric.PURCHASE_INVOICE_COUNT], counts[Metric.PURCHASE_NET]) == ("0", "0.00")


async def test_documents_outside_the_months_are_left_out_though_the_server_sends_them() -> None:
    outside = [
        document("ARVE", 1, day, debit("1210", 9.0), credit("3100", 9.0))
        for day in ("2025-12-31", "2026-02-01", "2027-06-01")
    ]

    counts = told(await january(Database(SALE, *outside)))

    assert counts[Metric.SALES_INVOICE_COUNT] == "1"
    assert counts[Metric.INCOME_TOTAL] == "500.00"


async def test_the_time_of_a_day_does_not_move_a_document() -> None:
    last = {**SALE, "date": "2026-01-31T23:59:45"}

    counts = told(await january(Database(last)))

    assert counts[Metric.SALES_INVOICE_COUNT] == "1"


@pytest.mark.parametrize(
    ("lines", "net", "is_credit"),
    [
        ((debit("1210", -50.0), credit("3100", -50.0)), "-50.00", True),
        ((credit("1210", 50.0), debit("3100", 50.0)), "-50.00", True),
        ((debit("1210", 50.0), {"account": "3100", "creditamount": "50.0000"}), "50.00", False),
        ((debit("1210", 0.0), credit("3100", 20.0), credit("3100", -20.0)), "0.00", False),
    ],
)
async def test_a_sale_s_sign_is_that_of_its_income(
    lines: tuple[Line, ...], net: str, is_credit: bool
) -> None:
    counts = told(await january(Database(document("ARVE", 1, "2026-01-14", *lines))))

    assert counts[Metric.SALES_NET] == net
    assert counts[Metric.SALES_CREDIT_NOTE_COUNT] == str(int(is_credit))


async def test_a_bill_s_net_is_its_expense_part_and_a_negative_one_is_a_credit() -> None:
    stock = document("OST", 1, "2026-01-14", debit("1210", 80.0), debit("4200", 20.0), credit("2115", 100.0))
    back = document("OST", 2, "2026-01-15", debit("4200", -5.0), credit("2115", -5.0))

    counts = told(await january(Database(stock, back)))

    assert counts[Metric.PURCHASE_NET] == counts[Metric.EXPENSE_TOTAL] == "15.00"
    assert counts[Metric.PURCHASE_INVOICE_COUNT] == counts[Metric.PURCHASE_CREDIT_NOTE_COUNT] == "1"


async def test_one_number_in_two_types_is_two_documents_and_in_one_it_is_an_error() -> None:
    counts = told(await january(Database(WAGES, RECEIPT)))
    twice = (await read(Database(WAGES, WAGES))).months[JANUARY]

    assert counts[Metric.ENTRY_COUNT] == "2"
    assert isinstance(twice, MonthFailure)
    assert twice.code is ProblemCode.UNREADABLE_ANSWER


async def test_bank_transactions_are_documents_on_the_accounts_that_were_named() -> None:
    twice = document("PANK", 1, "2026-01-20", debit("1020", 5.0), credit("1020", 5.0))

    counts = told(await january(Database(*BOOK, twice), {**PLAIN, "bank_accounts": "1020,1030"}))

    assert counts[Metric.BANK_TRANSACTION_COUNT] == "2"


async def test_rows_that_never_have_a_date_are_said_to_go_by_their_document_s() -> None:
    assert "ROWS_WITHOUT_DATES" in (await january(Database(SALE))).notes
    assert "ROWS_WITHOUT_DATES" not in (await january(Database(SALE, SPLIT))).notes


async def test_an_empty_ledger_is_zeros_with_a_word_of_warning() -> None:
    counts = await january(Database())

    assert set(told(counts).values()) == {"0", "0.00"}
    assert "LEDGER_IS_EMPTY" in counts.notes


def test_the_form_strips_what_came_along_and_knows_its_defaults() -> None:
    fields = {"bank_accounts": "1010, 1020", "label": " ocra acme ", "expires_on": "2099-03-31"}

    credentials = DIRECTO.split({"api_key": " k-51 d0aa\n", **fields})

    assert credentials.grant.values == {"api_key": "k-51d0aa"}
    assert credentials.settings == {
        "interface": "rest",
        "sales_from": "ledger",
        "bank_accounts": "1010,1020",
        "label": "ocra acme",
    }
    assert credentials.expires_on == date(2099, 3, 31)
    assert [field.name for field in DIRECTO.form.fields if field.secret] == ["api_key"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "api_key"),
        ({"api_key": "\u00f5"}, "api_key"),
        ({"api_key": KEY, "interface": "soap"}, "interface"),
        ({"api_key": KEY, "expires_on": "31.12.2026"}, "expires_on"),
        ({"api_key": KEY, "expires_on": "2099-02-30"}, "expires_on"),
        ({"api_key": KEY, "bank_accounts": "1010;drop"}, "bank_accounts"),
        ({"api_key": KEY, "interface": "xml_direct", "sales_from": "invoices"}, "sales_from"),
    ],
)
def test_the_form_names_a_field_that_does_not_fit(fields: dict[str, str], name: str) -> None:
    with pytest.raises(FormError) as caught:
        DIRECTO.split(fields)

    assert [problem.field for problem in caught.value.problems] == [name]
    assert KEY not in str(caught.value)


async def test_the_ledger_s_decimals_are_exact() -> None:
    lines = [credit("3100", 0.1, rn=number) for number in range(30)]

    counts = await january(Database(document("FIN", 1, "2026-01-14", *lines)))

    assert counts.values[Metric.INCOME_TOTAL].value == Decimal("3.00")
