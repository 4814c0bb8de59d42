"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sandbox.books.month import Month
from support.fortnox_caller import FortnoxCaller, fortnox_caller
from support.sandbox_server import RunningSandbox

MONTHS = [Month(2026, 11).shift(back) for back in range(-13, 1)]
CENT = Decimal("0.01")
SALES_VAT, PURCHASE_VAT, ROUNDING = range(2610, 2640), range(2610, 2650), 3740


@dataclass
class Row:
    account: int
    amount: Decimal
    day: date


@dataclass
class Voucher:
    day: date
    rows: list[Row] = field(default_factory=list)

    def total(self, accounts: range) -> Decimal:
        return sum((row.amount for row in self.rows if row.account in accounts), Decimal(0))


def day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def plain_fields(line: str) -> list[str]:
    """Split at blanks, with quoted texts and braces kept whole."""
    found = re.findall(r'"(?:\\.|[^"])*"|\{[^}]*\}|\S+', line)
    return [one.strip('"') for one in found]


def vouchers_of(content: bytes, letters: str) -> dict[tuple[str, int], Voucher]:
    found: dict[tuple[str, int], Voucher] = {}
    now = Voucher(date.min)
    for line in content.decode(letters).split("\r\n"):
        fields = plain_fields(line)
        if line.startswith("#VER"):
            now = found[fields[1], int(fields[2])] = Voucher(day(fields[3]))
        elif line.startswith("#TRANS"):
            own_day = fields[4] if len(fields) > 4 else ""
            now.rows.append(Row(int(fields[1]), Decimal(fields[3]), day(own_day) if own_day else now.day))
    return found


@dataclass
class Reader:
    """A year and some of a company's books."""

    caller: FortnoxCaller
    letters: str
    vouchers: dict[tuple[int, str, int], Voucher] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, last = MONTHS[0].first.isoformat(), MONTHS[-1].last.isoformat()
        for year in self.caller.rows("financialyears", "FinancialYears"):
            if year["ToDate"] >= first:
                content = self.caller.sie(year["Id"])
                for (series, number), one in vouchers_of(content, self.letters).items():
                    self.vouchers[year["Id"], series, number] = one
        days = {"fromdate": first, "todate": last}
        self.sales = self.caller.rows("invoices", "Invoices", **days)
        self.bills = self.caller.rows("supplierinvoices", "SupplierInvoices", **days)

    def month(self, month: Month) -> dict[str, str]:
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.sales:
            if row["InvoiceDate"][:7] == str(month) and row["Booked"] and not row["Cancelled"]:
                self.add("sales", self.sale(row), row["Total"] < 0, sums)
        for row in self.bills:
            if row["InvoiceDate"][:7] == str(month) and row["Booked"] and not row["Cancel"]:
                self.add("purchase", self.bill(row), row["Credit"], sums)
        for voucher in self.vouchers.values():
            if Month.of(voucher.day) == month:
                sums["entry_count"] += 1
                sums["entry_line_count"] += len(voucher.rows)
            for posted in voucher.rows:
                if Month.of(posted.day) == month:
                    self.add_row(posted, sums)
        return {name: str(sums[name]) for name in COUNTS} | {
            name: str(sums[name] + Decimal("0.00")) for name in MONEY
        }

    def add(
        self,
        side: str,
        money: tuple[Decimal, Decimal],
        is_credit: bool,
        sums: dict[str, Decimal],
    ) -> None:
        sums[f"{side}_credit_note_count" if is_credit else f"{side}_invoice_count"] += 1
        sums["document_count"] += 1
        sums[f"{side}_net"] += money[0]
        sums[f"{side}_vat"] += money[1]

    def sale(self, row: dict[str, Any]) -> tuple[Decimal, Decimal]:
        key = (row["VoucherYear"], row["VoucherSeries"], row["VoucherNumber"])
        if key not in self.vouchers:
            detail = self.detail("invoices", row["DocumentNumber"])["Invoice"]
            total, vat, rounding = (Decimal(str(detail[one])) for one in ("Total", "TotalVAT", "RoundOff"))
            return in_kronor(row, total - vat - rounding), in_kronor(row, vat)
        voucher = self.vouchers[key]
        vat, rounding = -voucher.total(SALES_VAT), -voucher.total(range(ROUNDING, ROUNDING + 1))
        return in_kronor(row, Decimal(str(row["Total"]))) - vat - rounding, vat

    def bill(self, row: dict[str, Any]) -> tuple[Decimal, Decimal]:
        sign = -1 if row["Credit"] else 1
        named = [one for one in row["Vouchers"] if one["ReferenceType"] == "SUPPLIERINVOICE"]
        if not named:
            detail = self.detail("supplierinvoices", row["GivenNumber"])["SupplierInvoice"]
            total, vat, rounding = (abs(Decimal(detail[one])) for one in ("Total", "VAT", "RoundOffValue"))
            rounding = (
                rounding if Decimal(detail["RoundOffValue"]) * Decimal(detail["Total"]) > 0 else -rounding
            )
            return in_kronor(row, sign * (total - vat - rounding)), in_kronor(row, sign * vat)
        voucher = self.vouchers[named[0]["Year"], named[0]["Series"], named[0]["Number"]]
        vat, rounding = voucher.total(PURCHASE_VAT), voucher.total(range(ROUNDING, ROUNDING + 1))
        return in_kronor(row, sign * abs(Decimal(row["Total"]))) - vat - rounding, vat

    def detail(self, path: str, number: str) -> dict[str, Any]:
        self.caller.sandbox.world.clock.advance(1)  # one by one, a second apart
        told: dict[str, Any] = self.caller.get(f"{path}/{number}").raise_for_status().json()
        return told

    def add_row(self, row: Row, sums: dict[str, Decimal]) -> None:
        if 3000 <= row.account <= 3999 or 8000 <= row.account <= 8399:
            sums["income_total"] -= row.amount
        elif 4000 <= row.account <= 7999 or 8400 <= row.account <= 8499:
            sums["expense_total"] += row.amount
        elif 1920 <= row.account <= 1989:
            sums["bank_transaction_count"] += 1


COUNTS = (
    "sales_invoice_count",
    "sales_credit_note_count",
    "purchase_invoice_count",
    "purchase_credit_note_count",
    "document_count",
    "entry_count",
    "entry_line_count",
    "bank_transaction_count",
)
MONEY = ("sales_net", "sales_vat", "purchase_net", "purchase_vat", "income_total", "expense_total")


def in_kronor(row: dict[str, Any], amount: Decimal) -> Decimal:
    kronor: Decimal = amount * Decimal(row["CurrencyRate"]) / row["CurrencyUnit"]
    return kronor.quantize(CENT, ROUND_HALF_UP)


@pytest.mark.parametrize("number", range(1, 7))
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, number: int) -> None:
    reader = Reader(fortnox_caller(sandbox, number).sign_in(), "utf-8" if number == 5 else "cp437")

    for month in MONTHS:
        truth = sandbox.truth(reader.caller.account, str(month))
        assert reader.month(month) == {metric: one["value"] for metric, one in truth.items()}, month


def everything(sandbox: RunningSandbox, number: int, path: str, name: str) -> list[dict[str, Any]]:
    days = {"fromdate": MONTHS[0].first.isoformat(), "todate": MONTHS[-1].last.isoformat()}
    return fortnox_caller(sandbox, number).sign_in().rows(path, name, **days)


def test_the_lists_have_the_vendor_s_types(sandbox: RunningSandbox) -> None:
    sale = everything(sandbox, 1, "invoices", "Invoices")[0]
    bill = everything(sandbox, 1, "supplierinvoices", "SupplierInvoices")[0]

    assert type(sale["Total"]) in {int, float}
    assert {type(one) for one in (sale["CurrencyRate"], bill["Total"], bill["CurrencyRate"])} == {str}
    assert (type(sale["Cancelled"]), type(bill["Cancel"]), type(bill["Credit"])) == (bool, bool, bool)
    assert not {"Credit", "TotalVAT", "Net", "Cancel"} & set(sale)
    assert not {"Cancelled", "VAT", "VoucherNumber"} & set(bill)


def test_a_document_s_own_page_has_other_types(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()
    sale = next(one for one in everything(sandbox, 1, "invoices", "Invoices") if one["Total"] < 0)
    bill = everything(sandbox, 1, "supplierinvoices", "SupplierInvoices")[0]

    invoice = caller.get(f"invoices/{sale['DocumentNumber']}").json()["Invoice"]
    supplied = caller.get(f"supplierinvoices/{bill['GivenNumber']}").json()["SupplierInvoice"]

    assert invoice["Credit"] == "true"
    assert type(invoice["CurrencyRate"]) in {int, float}
    assert invoice["Total"] == sale["Total"]
    assert {type(supplied[one]) for one in ("Total", "VAT", "RoundOffValue")} == {str}
    assert "Cancelled" in supplied
    assert "Cancel" not in supplied


def test_drafts_are_not_booked_and_voids_are_cancelled(sandbox: RunningSandbox) -> None:
    sales = everything(sandbox, 1, "invoices", "Invoices")
    bills = everything(sandbox, 1, "supplierinvoices", "SupplierInvoices")

    assert {(one["Booked"], one["Cancelled"]) for one in sales} == {
        (True, False),
        (False, False),
        (True, True),
    }
    assert any(one["Cancel"] for one in bills)
    assert all(one["VoucherNumber"] is None for one in sales if one["Cancelled"] or not one["Booked"])


@pytest.mark.parametrize(("number", "signs"), [(1, {True}), (2, {False})])
def test_suppliers_credit_notes_have_a_sign_or_none(
    sandbox: RunningSandbox, number: int, signs: set[bool]
) -> None:
    bills = everything(sandbox, number, "supplierinvoices", "SupplierInvoices")

    assert {one["Total"].startswith("-") for one in bills if one["Credit"]} == signs


def test_rates_are_told_for_one_unit_or_a_hundred(sandbox: RunningSandbox) -> None:
    sales = everything(sandbox, 1, "invoices", "Invoices")

    units = {one["Currency"]: one["CurrencyUnit"] for one in sales}

    assert units["SEK"] == 1
    assert {100} <= set(units.values())


def test_a_foreign_invoice_without_a_rate_leaves_no_sum(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox, 3).sign_in()

    sandbox.mutate(caller.account, "add", "sales_invoice", "2026-02", rate_known=False)

    rows = caller.rows("invoices", "Invoices", fromdate="2026-02-01", todate="2026-02-28")
    assert [one["Currency"] for one in rows if one["CurrencyRate"] == ""] == ["USD"]
    values = sandbox.truth(caller.account, "2026-02")
    assert {"sales_net", "sales_vat"}.isdisjoint(values)
    assert {"purchase_net", "sales_invoice_count"} <= set(values)


def test_days_are_inclusive_and_february_of_a_leap_year_has_29(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()

    days = [
        one["InvoiceDate"]
        for one in caller.rows("invoices", "Invoices", fromdate="2024-02-01", todate="2024-02-29")
    ]
    last = caller.rows("invoices", "Invoices", fromdate="2024-02-29", todate="2024-02-29")

    assert min(days) == "2024-02-01"
    assert max(days) == "2024-02-29"
    assert last


def test_some_supplier_lists_heed_no_days(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox, 6).sign_in()

    days = [
        one["InvoiceDate"]
        for one in caller.rows("supplierinvoices", "SupplierInvoices", fromdate="2026-10-01")
    ]

    assert min(days) < "2011"


def test_a_company_that_follows_payments_names_no_vouchers(sandbox: RunningSandbox) -> None:
    sales = everything(sandbox, 4, "invoices", "Invoices")
    bills = everything(sandbox, 4, "supplierinvoices", "SupplierInvoices")
    years = fortnox_caller(sandbox, 4).sign_in().rows("financialyears", "FinancialYears")

    assert {one["VoucherNumber"] for one in sales} == {None}
    assert all(one["Vouchers"] == [] for one in bills)
    assert {one["AccountingMethod"] for one in years} == {"CASH"}


def test_the_vouchers_of_a_bill_name_its_payment_too(sandbox: RunningSandbox) -> None:
    bills = everything(sandbox, 1, "supplierinvoices", "SupplierInvoices")

    kinds = [tuple(one["ReferenceType"] for one in bill["Vouchers"]) for bill in bills]

    assert ("SUPPLIERPAYMENT", "SUPPLIERINVOICE") in kinds
    assert ("SUPPLIERINVOICE",) in kinds


def test_financial_years_are_calendar_years_or_broken_after_a_long_first_one(sandbox: RunningSandbox) -> None:
    calendar, broken = (
        fortnox_caller(sandbox, number).sign_in().rows("financialyears", "FinancialYears")
        for number in (1, 2)
    )

    assert (calendar[0]["FromDate"], calendar[0]["ToDate"]) == ("2026-01-01", "2026-12-31")
    assert (broken[0]["FromDate"], broken[0]["ToDate"]) == ("2026-07-01", "2027-06-30")
    assert (broken[-1]["FromDate"], broken[-1]["ToDate"]) == ("2010-01-01", "2011-06-30")
    assert [one["Id"] for one in calendar] == list(range(len(calendar), 0, -1))


def test_the_file_is_written_in_code_page_437_with_its_traps(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()
    year = caller.rows("financialyears", "FinancialYears")[0]["Id"]

    content = caller.sie(year)

    assert content.startswith(b"#FLAGGA 0\r\n")
    assert "Företagskonto".encode("cp437") in content
    for label in (b"#IB", b"#UB", b"#RES", b"#PSALDO", b"#RTRANS", b"#BTRANS", b"#RAR -1"):
        assert b"\r\n" + label in content
    assert b'\\"' in content
    assert b'#VER "' in content


def test_some_files_are_utf_8_all_the_same(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox, 5).sign_in()
    year = caller.rows("financialyears", "FinancialYears")[0]["Id"]

    content = caller.sie(year)

    assert b"#FORMAT PC8" in content
    assert "Företagskonto" in content.decode("utf-8")


def test_every_voucher_adds_up_and_some_rows_lie_in_the_month_after(sandbox: RunningSandbox) -> None:
    reader = Reader(fortnox_caller(sandbox).sign_in(), "cp437")

    sums = {sum(row.amount for row in one.rows) for one in reader.vouchers.values()}
    later = [
        row for one in reader.vouchers.values() for row in one.rows if Month.of(row.day) != Month.of(one.day)
    ]

    assert sums == {0}
    assert later


def test_a_foreign_supplier_s_vat_is_owed_and_deducted(sandbox: RunningSandbox) -> None:
    reader = Reader(fortnox_caller(sandbox).sign_in(), "cp437")

    pairs = [one for one in reader.vouchers.values() if {2614, 2645} <= {row.account for row in one.rows}]

    assert pairs
    assert {one.total(PURCHASE_VAT) for one in pairs} == {0}


@pytest.mark.parametrize(
    "kind", ["sales_invoice", "purchase_credit_note", "manual_journal", "bank_transaction"]
)
def test_the_truth_follows_a_change(sandbox: RunningSandbox, kind: str) -> None:
    caller = fortnox_caller(sandbox, 2)
    before = sandbox.truth(caller.account, "2026-05")

    added = sandbox.mutate(caller.account, "add", kind, "2026-05")
    after = sandbox.truth(caller.account, "2026-05")
    sandbox.mutate(caller.account, "void", kind, "2026-05", document=added["document"])

    assert before != after
    assert sandbox.truth(caller.account, "2026-05") == before
    assert sandbox.truth(caller.account, "2026-05", at=added["applied_at"]) == after
