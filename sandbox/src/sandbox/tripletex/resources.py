"""What can be read: each path with what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.memo import Memo
from sandbox.tripletex.balances import balance_rows
from sandbox.tripletex.chart import ROLES, account_of
from sandbox.tripletex.company import Company, Employee
from sandbox.tripletex.errors import RefusedError, missing, not_found
from sandbox.tripletex.query import Period, Query
from sandbox.tripletex.rows import (
    Dated,
    currency_of,
    invoice_rows,
    named,
    posting_rows,
    supplier_invoice_rows,
    unposted_rows,
    voucher_rows,
)
from sandbox.tripletex.shapes import Row

MonthRows = Callable[[Company, Books, Month], Iterator[Dated]]

_NO_MATCH = "'If-None-Match' header not specified"
_NO_CHECKSUM = "Checksum not yet supported for this endpoint"


@dataclass(frozen=True, slots=True)
class Reading:
    """One request for a company's data."""

    memo: Memo
    company: Company
    books: Books
    query: Query

    def rows(self, period: Period, build: MonthRows) -> Iterator[Row]:
        """Rows dated in the period; a month is rendered once."""
        for month in self.books.months(period.start, period.last):
            key = (self.books.key, self.company.id, build, month)
            rendered = self.memo.get(key, lambda month=month: list(build(self.company, self.books, month)))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            yield from (row for day, row in rendered if day in period)


def _invoices(reading: Reading) -> Row:
    period = reading.query.period("invoiceDateFrom", "invoiceDateTo")
    return reading.query.page("Invoice", reading.rows(period, invoice_rows), _NO_MATCH)


def _supplier_invoices(reading: Reading) -> Row:
    period = reading.query.period("invoiceDateFrom", "invoiceDateTo")
    return reading.query.page("SupplierInvoice", reading.rows(period, supplier_invoice_rows), _NO_CHECKSUM)


def _postings(reading: Reading) -> Row:
    rows = reading.rows(reading.query.period("dateFrom", "dateTo"), posting_rows)
    low, high = _account_range(reading.query)
    rows = (row for row in rows if low <= row["account"]["number"] < high)
    return reading.query.page("Posting", rows, _NO_CHECKSUM)


def _postings_by_date(reading: Reading) -> Row:
    rows = reading.rows(reading.query.period("dateFrom", "dateTo"), posting_rows)
    page = reading.query.page("Posting", rows, None, simple=True)
    for row in page["values"]:
        row["account"] = {"id": row["account"]["id"]}
    return page


def _vouchers(reading: Reading) -> Row:
    rows = reading.rows(reading.query.period("dateFrom", "dateTo"), voucher_rows)
    return reading.query.page("Voucher", rows, _NO_MATCH) | {"totalNumberOfPostings": 0}


def _unposted_vouchers(reading: Reading) -> Row:
    if "includeNonApproved" not in reading.query.params:
        raise missing("includeNonApproved")
    rows = reading.rows(reading.query.period("dateFrom", "dateTo"), unposted_rows)
    return reading.query.page("Voucher", rows, _NO_MATCH)


def _balances(reading: Reading) -> Row:
    period = reading.query.period("dateFrom", "dateTo")
    idle_too = reading.query.flag("includeActiveAccountsWithoutMovements")
    low, high = _account_range(reading.query)
    rows = balance_rows(reading.company, reading.books, period, idle_too=idle_too)
    chosen = (row for row in rows if low <= row["account"]["number"] < high)
    return reading.query.page("BalanceSheetAccount", chosen, None)


def _accounts(reading: Reading) -> Row:
    rows = (account_of(reading.company, role) for role in ROLES)
    return reading.query.page("Account", rows, _NO_MATCH)


def _account_range(query: Query) -> tuple[int, int]:
    """From an account number, up to but without another."""
    return query.number("accountNumberFrom", 0), query.number("accountNumberTo", 1_000_000)


RESOURCES: Mapping[str, Callable[[Reading], Row]] = {
    "invoice": _invoices,
    "supplierInvoice": _supplier_invoices,
    "ledger/posting": _postings,
    "ledger/postingByDate": _postings_by_date,
    "ledger/voucher": _vouchers,
    "ledger/voucher/>nonPosted": _unposted_vouchers,
    "ledger/account": _accounts,
    "balanceSheet": _balances,
}


def company_row(company: Company, books: Books) -> Row:
    """A company as its own and its accountant's lists show it."""
    profile = books.profile
    return named(
        "company",
        company.id,
        name=profile.name,
        displayName=profile.name,
        organizationNumber=profile.registry_number,
        currency=currency_of(profile.currency),
        accountantOrSimilar=False,
        customerCompanyId=company.id,
    )


def who_am_i(employee: Employee, company: Row, query: Query) -> Row:
    """Whose session it is, and in which company."""
    row: dict[str, Any] = {
        "employeeId": employee.id,
        "actualEmployeeId": employee.id,
        "employee": named("employee", employee.id),
        "companyId": company["id"],
        "company": company,
        "language": "no",
        "employeeIsProxy": employee.own is None,
    }
    return query.one("LoggedInUserInfo", row)


def company_by_id(text: str, visible: Mapping[int, Row], query: Query) -> Row:
    """One company by its id."""
    if not text.isdigit():
        raise RefusedError(400, 12000, "Illegal path parameter", {"id": "Ikke et heltall."})
    if int(text) not in visible:
        raise not_found()
    return query.one("Company", visible[int(text)])
