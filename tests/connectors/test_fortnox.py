"""What is particular to Fortnox, over recorded answers."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.errors import WrongCompanyError
from connectors.fortnox import FORTNOX
from connectors.protocol import MonthCounts, MonthFailure, MonthWait, Reading
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

MARCH = Month(2026, 3)
TENANT = "1733021"
COMPANY = {"DatabaseNumber": 1733021, "CompanyName": "Björk & Lind AB", "OrganizationNumber": "559911-4321"}
YEARS = [
    {"Id": 4, "FromDate": "2026-01-01", "ToDate": "2026-12-31", "AccountingMethod": "ACCRUAL"},
    {"Id": 3, "FromDate": "2025-01-01", "ToDate": "2025-12-31", "AccountingMethod": "ACCRUAL"},
]
HEAD = '#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#FNAMN "Björk & Lind AB"\r\n'
BALANCES = "#IB 0 1930 900.00\r\n#UB 0 1930 5000.00\r\n#RES 0 3001 -99999.00\r\n"


def invoice(number: int, total: Any, voucher: int | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "DocumentNumber": str(number),
        "InvoiceDate": "2026-03-12",
        "Booked": True,
        "Cancelled": False,
        "Currency": "SEK",
        "CurrencyRate": "1",
        "CurrencyUnit": 1,
        "Total": total,
        "VoucherNumber": voucher,
        "VoucherSeries": None if voucher is None else "B",
        "VoucherYear": None if voucher is None else 4,
        **fields,
    }


def bill(number: int, total: Any, *vouchers: int, **fields: Any) -> dict[str, Any]:
    return {
        "GivenNumber": str(number),
        "InvoiceDate": "2026-03-09",
        "Booked": True,
        "Cancel": False,
        "Credit": False,
        "Currency": "SEK",
        "CurrencyRate": "1",
        "CurrencyUnit": 1,
        "Total": total,
        "Vouchers": [
            {"Number": one, "Year": 4, "Series": "D", "ReferenceType": "SUPPLIERINVOICE"} for one in vouchers
        ],
        **fields,
    }


def voucher(name: str, *rows: str, day: str = "20260312") -> str:
    lines = "".join(f"#TRANS {row}\r\n" for row in rows)
    return f'#VER {name} {day} "Text" {day}\r\n{{\r\n{lines}}}\r\n'


def sie(*vouchers: str, year: str = "20260101 20261231") -> httpx.Response:
    text = f"{HEAD}#RAR 0 {year}\r\n{BALANCES}" + "".join(vouchers)
    return httpx.Response(200, content=text.encode("cp437"))


class Company:
    """Lists in pages and one file a year; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            "financialyears": YEARS,
            "invoices": [],
            "supplierinvoices": [],
        }
        self.files = {"4": sie(), "3": sie(year="20250101 20251231")}
        self.details: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, httpx.Response] = {}
        self.page_size = 500
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/3/")
        return self.answers.get(path) or self._answer(path, request.url.params)

    def _answer(self, path: str, asked: httpx.QueryParams) -> httpx.Response:
        if path == "companyinformation":
            return httpx.Response(200, json={"CompanyInformation": COMPANY})
        if path == "sie/4":
            return self.files[asked["financialyear"]]
        if path in self.details:
            name = "Invoice" if path.startswith("invoices") else "SupplierInvoice"
            return httpx.Response(200, json={name: self.details[path]})
        name = {"financialyears": "FinancialYears", "invoices": "Invoices"}.get(path, "SupplierInvoices")
        rows, page, size = self.lists[path], int(asked.get("page", "1")), self.page_size
        told = {
            "@TotalResources": len(rows),
            "@TotalPages": -(-len(rows) // size),
            "@CurrentPage": page,
        }
        body = {"MetaInformation": told, name: rows[(page - 1) * size : page * size]}
        return httpx.Response(200, content=json.dumps(body))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == f"/3/{path}"]


async def read(company: Any, *months: Month, expected: Books | None = None) -> Reading:
    async with answering(company, clock=SteppingClock()) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        return await FORTNOX.read_months(session, account, months or (MARCH,), expected=expected)


async def march(company: Any) -> MonthCounts:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result


def values(counts: MonthCounts, *metrics: Metric) -> list[str]:
    return [str(counts.values[metric].value) for metric in metrics]


SALES = (Metric.SALES_NET, Metric.SALES_VAT)
PURCHASES = (Metric.PURCHASE_NET, Metric.PURCHASE_VAT)


async def test_the_recorded_month() -> None:
    company = Company()
    company.page_size = 2
    company.lists["invoices"] = [
        invoice(701, 2500, 21, InvoiceDate="2026-03-01"),
        invoice(702, 80, 22, Currency="EUR", CurrencyRate="11.5"),
        invoice(703, -1250, 23, InvoiceDate="2026-03-31"),
    ]
    company.lists["supplierinvoices"] = [bill(44, "1250", 7), bill(45, "300", Booked=False, Cancel=True)]
    company.files["4"] = sie(
        voucher("B 21", '1510 {} 2500 "" "" 0', '3001 {} -2000 "" "" 0', '2611 {} -500 "" "" 0'),
        voucher("B 22", "1510 {} 920", "3308 {} -920"),
        voucher("B 23", "1510 {} -1250", "3001 {} 1000", "2611 {} 250"),
        voucher("D 7", "2440 {} -1250", "4010 {} 1000", "2641 {} 250", day="20260309"),
        voucher("A 9", "6570 {} 60.5", "1930 {} -60.5", day="20260331"),
        voucher("A 10", "6570 {} 10", "1930 {} -10", day="20260401"),
    )

    counts = await march(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "1920.00",
        Metric.SALES_VAT: "250.00",
        Metric.PURCHASE_NET: "1000.00",
        Metric.PURCHASE_VAT: "250.00",
        Metric.INCOME_TOTAL: "1920.00",
        Metric.EXPENSE_TOTAL: "1060.50",
        Metric.ENTRY_COUNT: "5",
        Metric.ENTRY_LINE_COUNT: "13",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert counts.notes == ()
    assert counts.record_count == 9
    assert {counts.values[one].source for one in SALES} == {Source.DOCUMENTS}
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER


async def test_a_month_takes_four_calls_and_says_what_it_wants() -> None:
    company = Company()

    reading = await read(company)

    assert (reading.calls, reading.identity_calls) == (4, 1)
    assert dict(company.asked("financialyears")[0]) == {"limit": "500", "page": "1"}
    days = {"fromdate": "2026-03-01", "todate": "2026-03-31", "limit": "500", "page": "1"}
    assert dict(company.asked("invoices")[0]) == {**days, "sortby": "documentnumber"}
    assert dict(company.asked("supplierinvoices")[0]) == days
    assert dict(company.asked("sie/4")[0]) == {"financialyear": "4"}
    for request in company.requests:
        is_file = request.url.path == "/3/sie/4"
        assert request.headers["accept"] == ("application/octet-stream" if is_file else "application/json")
        assert request.headers["authorization"] == "Bearer eyJ"


async def test_a_year_over_two_financial_years_takes_five_calls() -> None:
    company = Company()

    reading = await read(company, *Months.ending(MARCH, 12))

    assert reading.calls == 5
    assert [one["financialyear"] for one in company.asked("sie/4")] == ["4", "3"]


async def test_a_month_that_two_financial_years_meet_in_needs_both() -> None:
    company = Company()
    company.lists["financialyears"] = [
        {"Id": 2, "FromDate": "2026-03-16", "ToDate": "2027-08-31"},
        {"Id": 1, "FromDate": "2025-01-01", "ToDate": "2026-03-15"},
    ]
    company.files = {
        "1": sie(voucher("A 1", "6570 {} 1", "1930 {} -1", day="20260315"), year="20250101 20260315"),
        "2": sie(voucher("A 1", "6570 {} 2", "1930 {} -2", day="20260316"), year="20260316 20270831"),
    }

    counts = await march(company)

    assert values(counts, Metric.ENTRY_COUNT, Metric.EXPENSE_TOTAL) == ["2", "3.00"]


async def test_without_a_financial_year_the_books_are_empty_and_the_month_says_so() -> None:
    company = Company()
    company.lists["financialyears"] = []

    counts = await march(company)

    assert counts.notes == ("OUTSIDE_ACCOUNTING_YEARS",)
    assert values(counts, Metric.ENTRY_COUNT, Metric.INCOME_TOTAL) == ["0", "0.00"]


async def test_what_is_cancelled_is_gone_and_what_is_not_booked_is_told() -> None:
    company = Company()
    company.lists["invoices"] = [
        invoice(1, 10, Cancelled=True),
        invoice(2, 10, Booked=False),
        invoice(3, 10, Booked=False, Cancelled=True),
    ]
    company.lists["supplierinvoices"] = [bill(1, "10", Cancel=True), bill(2, "10", Booked=False)]

    counts = await march(company)

    assert values(counts, Metric.DOCUMENT_COUNT) == ["0"]
    assert counts.notes == ("NOT_BOOKED 2",)


@pytest.mark.parametrize("total", ["-500", "500"])
async def test_the_flag_makes_a_supplier_s_credit_note_whatever_its_sign(total: str) -> None:
    company = Company()
    company.lists["supplierinvoices"] = [bill(1, total, 3, Credit=True)]
    company.files["4"] = sie(voucher("D 3", "2440 {} 500", "4010 {} -400", "2641 {} -100"))

    counts = await march(company)

    assert values(counts, Metric.PURCHASE_CREDIT_NOTE_COUNT, *PURCHASES) == ["1", "-400.00", "-100.00"]


async def test_a_reverse_charge_is_owed_and_deducted_and_so_no_vat() -> None:
    company = Company()
    company.lists["supplierinvoices"] = [bill(1, "100", 3, Currency="EUR", CurrencyRate="11.2")]
    rows = ("2440 {} -1120", "4010 {} 1120", "2645 {} 280", "2614 {} -280")
    company.files["4"] = sie(voucher("D 3", *rows))

    counts = await march(company)

    assert values(counts, *PURCHASES) == ["1120.00", "0.00"]


async def test_the_rounding_row_is_neither_net_nor_vat() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 125, 3)]
    rows = ("1510 {} 125", "3001 {} -99.6", "2611 {} -24.9", "3740 {} -0.5")
    company.files["4"] = sie(voucher("B 3", *rows))

    counts = await march(company)

    assert values(counts, *SALES) == ["99.60", "24.90"]
    assert values(counts, Metric.INCOME_TOTAL) == ["100.10"]


async def test_rates_are_for_a_number_of_units() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 250, 3, Currency="NOK", CurrencyRate="96.35", CurrencyUnit=100)]
    company.files["4"] = sie(voucher("B 3", "1510 {} 240.88", "3308 {} -240.88"))

    counts = await march(company)

    assert values(counts, *SALES) == ["240.88", "0.00"]


@pytest.mark.parametrize("unknown", [{"CurrencyRate": ""}, {"CurrencyRate": None}, {"CurrencyUnit": 0}])
async def test_without_a_rate_the_sums_are_absent(unknown: dict[str, Any]) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 250, 3, Currency="USD", CurrencyRate="10.1") | unknown]
    company.files["4"] = sie(voucher("B 3", "1510 {} 10", "3308 {} -10"))

    counts = await march(company)

    assert not {*SALES} & set(counts.values)
    assert {*PURCHASES} <= set(counts.values)
    assert counts.notes == ("UNCONVERTED 1",)
    assert values(counts, Metric.SALES_INVOICE_COUNT) == ["1"]


async def test_documents_without_a_voucher_are_asked_for_one_by_one() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(5, 125.5), invoice(6, -1000, 99, Currency="EUR", CurrencyRate="11")]
    company.lists["supplierinvoices"] = [bill(9, "501"), bill(10, "80", Credit=True)]
    company.details = {
        "invoices/5": {"Total": 125.5, "TotalVAT": 25, "RoundOff": 0.5, "Credit": "false"},
        "invoices/6": {"Total": 1000, "TotalVAT": 200, "RoundOff": 0, "Credit": "true"},
        "supplierinvoices/9": {"Total": "501", "VAT": "100", "RoundOffValue": "1", "VATType": "NORMAL"},
        "supplierinvoices/10": {"Total": "80", "VAT": "20", "RoundOffValue": "", "VATType": "REVERSE"},
    }

    reading = await read(company)

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 8
    assert values(counts, *SALES) == ["-8700.00", "-2175.00"]
    assert values(counts, *PURCHASES) == ["320.00", "100.00"]


async def test_where_too_many_would_be_asked_for_their_sums_are_absent() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(number, 10) for number in range(1, 202)]
    company.lists["supplierinvoices"] = [bill(9, "501")]
    company.details = {"supplierinvoices/9": {"Total": "501", "VAT": "100", "RoundOffValue": "1"}}

    reading = await read(company)

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 5
    assert counts.notes == ("AMOUNTS_NOT_READ 201",)
    assert values(counts, Metric.SALES_INVOICE_COUNT, *PURCHASES) == ["201", "400.00", "100.00"]
    assert not {*SALES} & set(counts.values)


async def test_a_voucher_that_two_documents_share_tells_the_vat_of_neither() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 125, 3), invoice(2, 250, 3)]
    company.details = {
        "invoices/1": {"Total": 125, "TotalVAT": 25, "RoundOff": 0},
        "invoices/2": {"Total": 250, "TotalVAT": 50, "RoundOff": 0},
    }
    company.files["4"] = sie(voucher("B 3", "1510 {} 375", "3001 {} -300", "2611 {} -75"))

    counts = await march(company)

    assert values(counts, *SALES) == ["300.00", "75.00"]


async def test_a_voucher_of_another_financial_year_is_looked_up_there() -> None:
    company = Company()
    december = Month(2025, 12)
    company.lists["supplierinvoices"] = [bill(1, "125", 3, InvoiceDate="2025-12-30")]
    company.files["4"] = sie(
        voucher("D 3", "2440 {} -125", "4010 {} 100", "2641 {} 25", day="20260104"),
        voucher("A 1", "6570 {} 5", "1930 {} -5", day="20260104"),
    )

    reading = await read(company, december)

    counts = reading.months[december]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 5
    assert values(counts, *PURCHASES, Metric.ENTRY_COUNT) == ["100.00", "25.00", "0"]


async def test_a_supplier_list_that_heeds_no_days_is_read_to_its_end() -> None:
    company = Company()
    company.page_size = 2
    bills = [bill(n, "10", InvoiceDate=f"2026-0{n}-15") for n in range(1, 6)]
    company.lists["supplierinvoices"] = bills
    company.details = {"supplierinvoices/3": {"Total": "10", "VAT": "2", "VATType": "NORMAL"}}

    counts = await march(company)

    assert len(company.asked("supplierinvoices")) == 3
    assert values(counts, Metric.PURCHASE_INVOICE_COUNT, *PURCHASES) == ["1", "8.00", "2.00"]


async def test_rows_lie_in_the_month_of_their_own_day() -> None:
    company = Company()
    april = Month(2026, 4)
    rows = ('6570 {} 10 20260401 "" 0', '1930 {} -10 20260401 "" 0')
    company.files["4"] = sie(voucher("A 1", *rows, day="20260331"))

    reading = await read(company, MARCH, april)

    first, second = reading.months[MARCH], reading.months[april]
    assert isinstance(first, MonthCounts)
    assert isinstance(second, MonthCounts)
    lines = (Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.EXPENSE_TOTAL, Metric.BANK_TRANSACTION_COUNT)
    assert values(first, *lines) == ["1", "2", "0.00", "0"]
    assert values(second, *lines) == ["0", "0", "10.00", "1"]


@pytest.mark.parametrize(
    ("account", "income", "expenses"),
    [
        (2999, "0.00", "0.00"),
        (3000, "7.00", "0.00"),
        (3999, "7.00", "0.00"),
        (4000, "0.00", "-7.00"),
        (7999, "0.00", "-7.00"),
        (8000, "7.00", "0.00"),
        (8399, "7.00", "0.00"),
        (8400, "0.00", "-7.00"),
        (8499, "0.00", "-7.00"),
        (8500, "0.00", "0.00"),
        (8999, "0.00", "0.00"),
    ],
)
async def test_income_and_expenses_by_the_chart(account: int, income: str, expenses: str) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", f"{account} {{}} -7", "1510 {} 7"))

    counts = await march(company)

    assert values(counts, Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL) == [income, expenses]


@pytest.mark.parametrize(
    ("account", "number"), [(1919, "0"), (1920, "1"), (1989, "1"), (1990, "0"), (1910, "0")]
)
async def test_bank_rows_by_the_chart(account: int, number: str) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", f"{account} {{}} -7", "1510 {} 7"))

    assert values(await march(company), Metric.BANK_TRANSACTION_COUNT) == [number]


def failed(reading: Reading) -> dict[Month, ProblemCode]:
    return {
        month: result.code for month, result in reading.months.items() if isinstance(result, MonthFailure)
    }


APRIL = Month(2026, 4)
UNREADABLE = ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(
    "row",
    [
        invoice(1, "about ten", 3),
        invoice(1, None, 3),
        invoice(1, True, 3),
        invoice(1, 10, 3, Booked="true"),
        invoice(1, 10, 3, Currency="USD", CurrencyRate="n/a"),
    ],
)
async def test_an_unreadable_document_fails_its_month_alone(row: dict[str, Any]) -> None:
    company = Company()
    company.lists["invoices"] = [row]

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE}


async def test_an_unreadable_day_fails_every_month() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 10, 3, InvoiceDate="soon")]

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE, APRIL: UNREADABLE}


@pytest.mark.parametrize("rows", [("6570 {} ten", "1930 {} -10"), ("6570 {} 10", "1930 {} -9.99")])
async def test_a_voucher_that_cannot_be_trusted_fails_its_month_alone(rows: tuple[str, ...]) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", *rows))

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE}


async def test_a_document_s_voucher_that_cannot_be_trusted_fails_the_document_s_month() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 10, 3)]
    company.files["4"] = sie(voucher("B 3", "1510 {} 10", "3001 {} -9", day="20260402"))

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE, APRIL: UNREADABLE}


async def test_a_file_of_another_year_than_asked_for_is_not_counted() -> None:
    company = Company()
    company.files["3"] = company.files["4"]

    reading = await read(company, Month(2025, 12), Month(2026, 1))

    assert failed(reading) == {Month(2025, 12): UNREADABLE}


async def test_a_list_that_does_not_turn_its_pages_is_refused() -> None:
    company = Company()
    company.answers["invoices"] = httpx.Response(
        200,
        json={
            "MetaInformation": {"@TotalResources": 4, "@TotalPages": 2, "@CurrentPage": 1},
            "Invoices": [invoice(1, 10, 3), invoice(2, 10, 4)],
        },
    )

    assert failed(await read(company)) == {MARCH: UNREADABLE}
    assert len(company.asked("invoices")) == 2


async def test_a_throttle_that_lasts_is_a_wait_for_this_company_alone() -> None:
    company = Company()
    company.answers["invoices"] = httpx.Response(429, json={"message": "Too Many Requests"})

    result = (await read(company)).months[MARCH]

    assert isinstance(result, MonthWait)
    assert result.budget_key == "fortnox/test"
    assert len(company.asked("invoices")) == 3


async def test_other_books_are_known_by_the_database_s_number() -> None:
    company = Company()

    reading = await read(company, expected=Books(external_id="1733022"))

    assert failed(reading) == {MARCH: ProblemCode.WRONG_COMPANY}
    assert reading.books == Books(external_id=TENANT, name="Björk & Lind AB", currency="SEK")
    assert reading.calls == 0


async def test_a_test_compares_company_and_tenant_id_within_two_calls() -> None:
    company = Company()

    async with answering(company) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        found = await FORTNOX.test(session, account)
        stranger = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": "1733022"})
        with pytest.raises(WrongCompanyError) as caught:
            await FORTNOX.test(session, stranger)

    assert (found.books.name, found.known, found.calls) == ("Björk & Lind AB", True, 2)
    assert "tenant id" in caught.value.cause


async def test_a_probe_asks_for_one_row_of_each_list() -> None:
    company = Company()

    async with answering(company) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        await FORTNOX.probe_rights(session, account, MARCH)

    assert [one.url.path for one in company.requests] == [
        "/3/financialyears",
        "/3/invoices",
        "/3/supplierinvoices",
    ]
    assert {one.url.params["limit"] for one in company.requests} == {"1"}


async def test_amounts_are_exact() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 0.1, 3), invoice(2, 0.2, 4)]
    company.files["4"] = sie(
        voucher("B 3", "1510 {} 0.1", "3001 {} -.1"), voucher("B 4", "1510 {} 0.2", "3001 {} -0.20")
    )

    counts = await march(company)

    assert (
        counts.values[Metric.SALES_NET].value == counts.values[Metric.INCOME_TOTAL].value == Decimal("0.30")
    )
