"""The lists: filters, pages, and the parameters that are allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams

from sandbox.books.ledger import Books
from sandbox.books.profile import FOUNDED
from sandbox.books.records import Document
from sandbox.fortnox import rows
from sandbox.fortnox.company import Company
from sandbox.fortnox.errors import RefusedError
from sandbox.fortnox.rows import Json

DEFAULT_LIMIT, MOST = 100, 500
_PAGING = frozenset({"limit", "page", "offset", "sortby", "sortorder", "lastmodified"})
_PERIOD = frozenset({"fromdate", "todate", "financialyear", "financialyeardate", "filter"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, of whom and when; `address` is the host's."""

    company: Company
    books: Books
    sent: QueryParams
    today: date
    address: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One list of documents."""

    name: str  # of the rows, and without its last letter of a document's own page
    number: str
    is_sales: bool
    row: Callable[[Company, Document, str], Json]
    page: Callable[[Company, Document, str], Json]
    filters: Mapping[str, Callable[[Json], bool]]


INVOICES = Resource(
    "Invoices",
    "DocumentNumber",
    True,
    rows.invoice,
    rows.invoice_page,
    {"cancelled": lambda row: row["Cancelled"], "unbooked": lambda row: not row["Booked"]},
)
SUPPLIER_INVOICES = Resource(
    "SupplierInvoices",
    "GivenNumber",
    False,
    rows.supplier_invoice,
    rows.supplier_invoice_page,
    {"cancelled": lambda row: row["Cancel"], "unbooked": lambda row: not row["Booked"]},
)


def documents(resource: Resource, asked: Question) -> Json:
    """One page of documents."""
    company, sent = asked.company, asked.sent
    check_names(sent, _PAGING | _PERIOD)
    first, last = _period(resource, asked)
    found = [
        resource.row(company, one, asked.address)
        for month in asked.books.months(first, last)
        for one in asked.books.documents(month)
        if rows.is_listed(one) and one.kind.is_sales is resource.is_sales and first <= one.dated_on <= last
    ]
    if chosen := sent.get("filter"):
        if chosen not in resource.filters:
            raise RefusedError(400, 2000587)
        found = [row for row in found if resource.filters[chosen](row)]
    by_number = sent.get("sortby") == resource.number.lower()
    found.sort(key=lambda row: int(row[resource.number]) if by_number else row["InvoiceDate"])
    return paged(resource.name, found, sent)


def document(resource: Resource, asked: Question, number: str) -> Json:
    """A document's own page; most are asked for while they are young."""
    for month in reversed(list(asked.books.months(FOUNDED.first, asked.today))):
        for one in asked.books.documents(month):
            is_it = rows.is_listed(one) and one.kind.is_sales is resource.is_sales
            if is_it and rows.number_of(one) == number:
                return {resource.name.removesuffix("s"): resource.page(asked.company, one, asked.address)}
    raise RefusedError(404, 2000434)


def financial_years(asked: Question) -> Json:
    """All years, the newest first; one with `date`."""
    check_names(asked.sent, _PAGING | {"date"})
    day = _day(asked.sent, "date")
    method = "CASH" if asked.company.habits.follows_payments else "ACCRUAL"
    found = [
        {
            "@url": f"{asked.address}/3/financialyears/{one.id}",
            "Id": one.id,
            "FromDate": one.first.isoformat(),
            "ToDate": one.last.isoformat(),
            "AccountChartType": f"BAS {one.last.year}",
            "AccountingMethod": method,
        }
        for one in reversed(asked.company.years(asked.today))
        if day is None or day in one
    ]
    return paged("FinancialYears", found, asked.sent)


def paged(name: str, found: list[Json], sent: QueryParams) -> Json:
    """The page that was asked for; no page at all has a total of nought."""
    limit = min(_whole(sent, "limit", DEFAULT_LIMIT), MOST)
    page = _whole(sent, "page", 1)
    told = {
        "@TotalResources": len(found),
        "@TotalPages": -(-len(found) // limit),
        "@CurrentPage": page,
    }
    return {"MetaInformation": told, name: found[(page - 1) * limit : page * limit]}


def check_names(sent: QueryParams, known: Iterable[str]) -> None:
    """Names are in small letters; any other is refused."""
    if not set(sent).issubset(known):
        raise RefusedError(400, 2000588)


def _period(resource: Resource, asked: Question) -> tuple[date, date]:
    """Both ends belong to it; some companies' supplier invoices come from all days."""
    sent, company, end = asked.sent, asked.company, date(asked.today.year + 1, 12, 31)
    first, last = _day(sent, "fromdate") or FOUNDED.first, _day(sent, "todate") or end
    if not resource.is_sales and company.habits.ignores_days:
        first, last = FOUNDED.first, end
    if "financialyear" in sent:
        years = [one for one in company.years(asked.today) if one.id == _whole(sent, "financialyear", 0)]
        if not years:
            raise RefusedError(400, 2000106)
        first, last = max(first, years[0].first), min(last, years[0].last)
    return first, last


def _day(sent: QueryParams, name: str) -> date | None:
    text = sent.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError as error:
        raise RefusedError(400, 2000106) from error


def _whole(sent: QueryParams, name: str, default: int) -> int:
    text = sent.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise RefusedError(400, 2000106)
    return int(text)
