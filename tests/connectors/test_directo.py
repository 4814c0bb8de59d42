"""What is particular to Directo, over recorded answers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.directo import DIRECTO
from connectors.errors import FormError
from connectors.protocol import MonthCounts, MonthFailure, Reading
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

JANUARY, FEBRUARY = Month(2026, 1), Month(2026, 2)
KEY = "k-51d0aa"
PLAIN = {"interface": "rest", "sales_from": "ledger"}
INVOICED = {**PLAIN, "sales_from": "invoices"}
XML = {"interface": "xml_direct", "sales_from": "ledger"}
CLASSES = {"1020": 0, "1210": "0", "2115": 1, "2225": "1", "2330": "1", "3100": 3, "4200": "4", "5050": 4}

Line = Mapping[str, Any]


def debit(account: str, amount: float, **fields: Any) -> Line:
    return {"account": account, "debitamount": amount, **fields}


def credit(account: str, amount: float, **fields: Any) -> Line:
    return {"account": account, "debitamount": None, "creditamount": amount, **fields}


def document(kind: str, number: int | str, day: str, *lines: Line) -> dict[str, Any]:
    return {"type": kind, "number": number, "date": f"{day}T00:00:00", "rows": list(lines)}


def on(day: str) -> dict[str, str]:
    return {"date": f"{day}T00:00:00"}


SALE = document(
    "ARVE", 31001, "2026-01-05", debit("1210", 620.0), credit("3100", 500.0), credit("2330", 120.0)
)
CREDIT = document(
    "ARVE", 31002, "2026-01-31", debit("1210", -62.0), credit("3100", -50.0), credit("2330", -12.0)
)
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
RECEIPT = document("FIN", 9, "2026-01-14", debit("1020", 620.0), credit("1210", 620.0))
BOOK = [SALE, CREDIT, BILL, SPLIT, WAGES, RECEIPT]


class Database:
    """Answers by resource; whoever wants another answer sets it."""

    def __init__(self, *ledger: Mapping[str, Any]) -> None:
        self.answers: dict[str, Any] = {
            "accounts": [{"code": code, "class": kind} for code, kind in CLASSES.items()],
            "transactions": list(ledger),
            "invoices": [],
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.url.path.rpartition("/")[2]]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def asked(self) -> list[str]:
        return [f"{one.url.path}?{one.url.query.decode()}" for one in self.requests]


async def read(
    database: Database,
    *months: Month,
    settings: Mapping[str, str] = PLAIN,
    clock: SteppingClock | None = None,
) -> Reading:
    async with answering(database, clock=clock) as session:
        account = account_with(DIRECTO, {"api_key": KEY}, settings)
        return await DIRECTO.read_months(session, account, months or (JANUARY,))


async def january(database: Database, settings: Mapping[str, str] = PLAIN) -> MonthCounts:
    result = (await read(database, settings=settings)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def told(counts: MonthCounts) -> dict[Metric, str]:
    return {metric: str(one.value) for metric, one in counts.values.items()}


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


def invoice(number: int | None, net: object, vat: object, **fields: Any) -> dict[str, Any]:
    return {
        "number": number if number is None else str(number),
        "date": "2026-01-05T00:00:00",
        "netamount": net,
        "vat": vat,
        "currency": "EUR",
        "confirmed": "1",
        **fields,
    }


async def test_sales_may_come_from_invoices_of_which_only_confirmed_ones_count() -> None:
    deferred = document("ARVE", 31003, "2026-01-20", debit("1210", 124.0), credit("2115", 124.0))
    database = Database(SALE, CREDIT, deferred)
    database.answers["invoices"] = [
        invoice(31001, "500.00", "120.00"),
        invoice(31002, -50, -12.0, confirmed=True),
        invoice(31003, 100.0, "24.00", confirmed=1),
        invoice(31004, "75.00", "18.00", confirmed="0"),
        invoice(31005, "75.00", "18.00", confirmed=False),
        invoice(31006, "9.00", "1.00", date="2026-02-01T00:00:00"),
    ]

    reading = await read(database, settings=INVOICED)

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert told(counts)[Metric.SALES_NET] == "550.00"
    assert told(counts)[Metric.SALES_VAT] == "132.00"
    assert told(counts)[Metric.SALES_INVOICE_COUNT] == "2"
    assert told(counts)[Metric.SALES_CREDIT_NOTE_COUNT] == "1"
    assert counts.values[Metric.SALES_NET].source is Source.DOCUMENTS
    assert counts.values[Metric.PURCHASE_NET].source is Source.LEDGER
    assert reading.calls == 3
    assert database.asked()[2] == (
        "/apidirect/v1/invoices?date=%3E2025-12-31T23%3A59%3A59&date=%3C2026-02-01T00%3A00%3A00"
    )


@pytest.mark.parametrize(
    ("fields", "net", "notes"),
    [
        ({"total_wo_vat": "480.00", "total_tax": "115.20"}, "480.00", 0),
        ({"totalamount": "595.20", "vatamount": 115.2}, "480.00", 0),
        ({"total": 595.2, "vatamount": "115.20"}, "480.00", 0),
        ({"netamount": "480.00"}, "500.00", 1),  # no VAT: the ledger's amounts
        ({"netamount": "", "vat": None}, "500.00", 1),
        ({"netamount": "520.00", "vat": "124.80", "currency": "USD"}, "500.00", 1),
    ],
)
async def test_an_invoice_s_amounts_go_by_several_names_or_are_the_ledger_s(
    fields: dict[str, Any], net: str, notes: int
) -> None:
    bare = {"number": 31001, "invoicedate": "2026-01-05", "confirmed": 1, "currency": "EUR"}
    database = Database(SALE)
    database.answers["invoices"] = [{**bare, **fields}]

    counts = await january(database, INVOICED)

    assert told(counts)[Metric.SALES_NET] == net
    assert ("SALES_FROM_LEDGER 1" in counts.notes) is bool(notes)


async def test_a_foreign_invoice_that_the_ledger_does_not_know_is_not_converted() -> None:
    database = Database(SALE)
    database.answers["invoices"] = [invoice(31001, 500, 120), invoice(8, 10, 2, currency="SEK")]

    counts = await january(database, INVOICED)

    assert Metric.SALES_NET not in counts.values
    assert told(counts)[Metric.SALES_INVOICE_COUNT] == "2"
    assert "UNCONVERTED 1" in counts.notes


@pytest.mark.parametrize(
    "row",
    [
        invoice(31001, 500, 120, confirmed="maybe"),
        invoice(31001, "n/a", 120),
        invoice(77, None, 120),
        invoice(None, 500, 120),
    ],
)
async def test_an_unreadable_invoice_fails_its_month_only(row: dict[str, Any]) -> None:
    database = Database(SALE)
    database.answers["invoices"] = [row, invoice(2, 5, 1, date="2026-02-03T00:00:00")]

    months = (await read(database, JANUARY, FEBRUARY, settings=INVOICED)).months

    assert isinstance(months[JANUARY], MonthFailure)
    assert isinstance(months[FEBRUARY], MonthCounts)


async def test_an_empty_list_of_invoices_beside_sales_is_a_missing_right() -> None:
    result = (await read(Database(SALE), settings=INVOICED)).months[JANUARY]

    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION


@pytest.mark.parametrize(
    ("resource", "rows", "name"),
    [
        ("accounts", [{"code": "1020"}], "accounts.class"),
        ("accounts", [{"class": 0}], "accounts.code"),
        ("transactions", [{**SALE, "rows": [{"rn": 1, "debitamount": 1.0}]}], "transactions.rows.account"),
        ("transactions", [{"type": "FIN", "date": "2026-01-05", "rows": []}], "transactions.number"),
        (
            "transactions",
            [document("FIN", 1, "2026-01-05", {"account": "1020", "debitamount": 5.0}, {"account": "3100"})],
            "transactions.rows.creditamount",
        ),
        (
            "transactions",
            [document("FIN", 1, "2026-01-05", {"account": "1020"}, {"account": "3100", "creditamount": 5.0})],
            "transactions.rows.debitamount",
        ),
        ("transactions", [{"type": "FIN", "number": 1, "date": "2026-01-05"}], "transactions.rows"),
        ("invoices", [{"number": 1, "date": "2026-01-05"}], "invoices.confirmed"),
    ],
)
async def test_a_field_that_the_key_lacks_is_named(resource: str, rows: list[Any], name: str) -> None:
    database = Database(SALE)
    database.answers[resource] = rows

    result = (await read(database, settings=INVOICED)).months[JANUARY]

    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION
    assert result.detail == f"the key's field list lacks {name}"


@pytest.mark.parametrize(
    "spoiled",
    [
        {**SALE, "type": None},
        {**SALE, "number": None},
        {**SALE, "rows": [debit("9999", 1.0), credit("3100", 1.0)]},
        {**SALE, "rows": [{"debitamount": 1.0}, credit("3100", 1.0)]},
        {**SALE, "rows": [{"account": "1210", "debitamount": "12,00"}]},
        {**SALE, "rows": [{"account": "1210", "debitamount": []}]},
        {**SALE, "rows": [{"account": "1210", "debitamount": True}]},
    ],
)
async def test_a_bad_row_fails_its_month_only(spoiled: dict[str, Any]) -> None:
    database = Database(spoiled, document("FIN", 3, "2026-02-03", debit("5050", 1.0), credit("2225", 1.0)))

    months = (await read(database, JANUARY, FEBRUARY)).months

    failed = months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(months[FEBRUARY], MonthCounts)


@pytest.mark.parametrize(
    "spoiled",
    [
        {**SALE, "date": "05.01.2026"},
        {**SALE, "date": None},
        {**SALE, "date": ["2026-01-05"]},
        {**SALE, "rows": None},
        {**SALE, "rows": [credit("3100", 1.0, date="n/a")]},
        {**SALE, "rows": [credit("3100", 1.0, date="1900-01-01")]},
    ],
)
async def test_a_date_that_cannot_be_read_fails_every_month(spoiled: dict[str, Any]) -> None:
    months = (await read(Database(RECEIPT, spoiled), JANUARY, FEBRUARY)).months

    assert {type(one) for one in months.values()} == {MonthFailure}
    assert {getattr(one, "code", None) for one in months.values()} == {ProblemCode.UNREADABLE_ANSWER}


async def test_an_account_of_an_unknown_class_is_never_guessed() -> None:
    database = Database(SALE)
    database.answers["accounts"].append({"code": "3100", "class": "7"})

    result = (await read(database)).months[JANUARY]

    assert isinstance(result, MonthFailure)


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


def xml(*elements: str, container: bool = True) -> httpx.Response:
    inner = "".join(elements)
    body = f"<transactions>{inner}</transactions>" if container else inner
    return httpx.Response(200, text=f'<?xml version="1.0" encoding="utf-8"?>\n<transport>{body}</transport>')


XML_SALE = """<transaction number="31001" type="ARVE" date="2026-01-05T00:00:00" comment="&lt;err&gt;">
 <rows><row rn="1" account="1210" debitamount="620.0000" date="2026-01-05T00:00:00"/>
 <row rn="2" account="3100" creditamount="500.0000" date="2026-01-31T00:00:00"/>
 <row rn="3" account="2330" creditamount="120.0000" date="2026-02-01T00:00:00"/></rows></transaction>"""
XML_BILL = '<transaction number="700" type="OST" date="2026-01-31T00:00:00"><rows/></transaction>'


@pytest.mark.parametrize("container", [True, False])
async def test_xml_direct_gives_counts_and_leaves_out_what_needs_classes(container: bool) -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml(XML_SALE, XML_BILL, container=container)

    reading = await read(database, settings={**XML, "bank_accounts": "1210"})

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert told(counts) == {
        Metric.ENTRY_COUNT: "1",
        Metric.ENTRY_LINE_COUNT: "2",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "2",
    }
    assert counts.notes == ("NO_ACCOUNT_CLASSES", "SALES_DOCUMENTS 1", "PURCHASE_DOCUMENTS 1")
    assert reading.calls == 1


async def test_xml_direct_is_asked_in_both_places_but_told_the_token_in_one() -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml()

    await read(database, Month(2024, 2), settings=XML)

    (request,) = database.requests
    filters = "get=1&what=transaction&date1=01.01.2024&date2=31.03.2024"
    assert request.method == "POST"
    assert str(request.url) == f"https://login.directo.ee/xmlcore/cap_xml_direct/xmlcore.asp?{filters}"
    assert request.content.decode() == f"token={KEY}&{filters}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE transport [<!ENTITY a "b">]><transport>&a;</transport>',
        "<transport><transactions>",
        "<html><body>Directo</body></html>",
        "Directo",
        '<?xml version="1.0" encoding="utf-16"?><transport/>'.encode("utf-16"),
    ],
)
async def test_what_is_not_the_ledger_s_xml_is_never_an_empty_ledger(body: str | bytes) -> None:
    database = Database()
    database.answers["xmlcore.asp"] = httpx.Response(200, content=body)

    reading = await read(database, settings=XML)

    result = reading.months[JANUARY]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.UNREADABLE_ANSWER
    assert reading.calls == 2


async def test_an_amount_in_xml_that_is_none_fails_the_month() -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml(XML_SALE.replace("500.0000", "n/a"))

    assert isinstance((await read(database, settings=XML)).months[JANUARY], MonthFailure)


async def test_the_ledger_s_decimals_are_exact() -> None:
    lines = [credit("3100", 0.1, rn=number) for number in range(30)]

    counts = await january(Database(document("FIN", 1, "2026-01-14", *lines)))

    assert counts.values[Metric.INCOME_TOTAL].value == Decimal("3.00")
