"""The methods: what each takes and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sandbox.books.dice import stable_uuid
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import Document, State
from sandbox.merit_aktiva.company import Company
from sandbox.merit_aktiva.report import profit_report, refused_report
from sandbox.merit_aktiva.rows import (
    batch_row,
    full_batch_row,
    payment_row,
    purchase_row,
    sales_row,
)

_LONGEST_MONTHS = 3
_LONGEST_LEDGER_DAYS = 31
_MOST_COLUMNS = 60
_TAXES = {"EE": ("24", "käibemaks"), "FI": ("25.5", "ALV"), "PL": ("23", "VAT")}


class RefusedError(Exception):
    """The vendor's no: a status and a text."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Question:
    """One request: whose books, which version of the method, and its parameters in lower case."""

    company: Company
    books: Books
    version: str
    params: Mapping[str, Any]

    def required(self, name: str) -> Any:
        """A parameter that must be there; without it the vendor finds nothing at this address."""
        if self.params.get(name) in {None, ""}:
            raise RefusedError(404)
        return self.params[name]

    def day(self, name: str) -> date:
        """A required day, `yyyymmdd`, text or number."""
        text = str(self.required(name))
        if len(text) != 8 or not text.isdigit():
            raise RefusedError(400, f"Vigane kuupäev: {name}")
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise RefusedError(400, f"Vigane kuupäev: {name}") from error

    def period(self) -> tuple[date, date]:
        """Both days included."""
        first, last = self.day("periodstart"), self.day("periodend")
        if last < first:
            raise RefusedError(400, "Perioodi algus on pärast lõppu")
        return first, last

    def months_period(self) -> tuple[date, date]:
        """A period of three months at the most."""
        first, last = self.period()
        end = Month.of(first).shift(_LONGEST_MONTHS).day(first.day)
        if last >= end:
            raise RefusedError(400, "Periood liiga pikk(max 3 kuud)")
        return first, last

    def ledger_period(self) -> tuple[date, date]:
        """A period of 31 days at the most."""
        first, last = self.period()
        if last - first >= timedelta(days=_LONGEST_LEDGER_DAYS):
            raise RefusedError(400, "Periood liiga pikk(max 31 päeva)")
        return first, last

    @property
    def by_change(self) -> bool:
        """Whether the period means the day of the last change (version 2 only)."""
        return self.version == "v2" and str(self.params.get("datetype", 0)) == "1"


Answer = list[dict[str, Any]] | dict[str, Any]


def _taxes(question: Question) -> Answer:
    country = question.company.country
    rate, word = _TAXES[country]
    return [
        {
            "Id": stable_uuid(country, "tax", percent),
            "Code": f"{percent}%",
            "Name": f"{percent}% {word}",
            "TaxPct": float(percent),
            "TaxType": 1,
        }
        for percent in (rate, "0")
    ]


def _sales(question: Question) -> Answer:
    documents = [one for one in _documents(question) if one.kind.is_sales]
    if question.version == "v1":  # without the type column a list of invoices and credits alone
        documents = [one for one in documents if one.kind.is_posted]
    return [sales_row(question.company, one, question.version) for one in documents]


def _purchases(question: Question) -> Answer:
    documents = [one for one in _documents(question) if not one.kind.is_sales]
    return [purchase_row(question.company, one) for one in documents]


def _documents(question: Question) -> Iterable[Document]:
    first, last = question.months_period()
    unpaid = question.params.get("unpaid")
    # What was posted late was also changed late, so a month earlier may hold it.
    start = Month.of(first).shift(-1).first if question.by_change else first
    for month in question.books.months(start, last):
        for document in question.books.documents(month):
            day = document.posted_on if question.by_change else document.dated_on
            asked = unpaid is None or (document.paid_on is None) is bool(unpaid)
            if asked and document.state is State.BOOKED and first <= day <= last:
                yield document


def _report(question: Question) -> Answer:
    question.required("percount")
    question.required("enddate")
    try:
        months = int(question.params["percount"])
        ends_on = question.day("enddate")
    except (ValueError, RefusedError):
        return refused_report("Vigane periood")
    if not 1 <= months <= _MOST_COLUMNS:
        return refused_report("Vigane perioodide arv")
    return profit_report(
        question.company, question.books, ends_on, months + question.company.habits.extra_figure
    )


def _full_ledger(question: Question) -> Answer:
    first, last = question.ledger_period()
    with_lines = bool(question.params.get("withlines"))
    with_costs = bool(question.params.get("withcostalloc"))
    rows = [full_batch_row(question.company, entry, with_costs) for entry in _entries(question, first, last)]
    return (
        rows
        if with_lines
        else [{key: value for key, value in row.items() if key != "Entries"} for row in rows]
    )


def _ledger(question: Question) -> Answer:
    first, last = question.months_period()
    return [batch_row(question.company, entry) for entry in _entries(question, first, last)]


def _entries(question: Question, first: date, last: date) -> Iterable[Any]:
    for month in question.books.months(first, last):
        for entry in question.books.entries(month):
            if first <= entry.posted_on <= last:
                yield entry


def _payments(question: Question) -> Answer:
    first, last = question.months_period()
    return [
        payment_row(question.company, payment, question.version)
        for month in question.books.months(first, last)
        for payment in question.books.payments(month)
        if first <= payment.paid_on <= last
    ]


_EVERYWHERE = frozenset({"EE", "FI", "PL"})
_BOTH_BUT_FINLAND = frozenset({"EE", "PL"})

# Version and method in lower case; where it exists; what answers.
METHODS: Mapping[tuple[str, str], tuple[frozenset[str], Callable[[Question], Answer]]] = {
    ("v1", "gettaxes"): (_EVERYWHERE, _taxes),
    ("v1", "getinvoices"): (_EVERYWHERE, _sales),
    ("v2", "getinvoices"): (_EVERYWHERE, _sales),
    ("v1", "getpurchorders"): (_EVERYWHERE, _purchases),
    ("v2", "getpurchorders"): (_BOTH_BUT_FINLAND, _purchases),
    ("v1", "getprofitrep"): (_EVERYWHERE, _report),
    ("v1", "getglbatchesfull"): (_EVERYWHERE, _full_ledger),
    ("v1", "getglbatches"): (_EVERYWHERE, _ledger),
    ("v1", "getpayments"): (_EVERYWHERE, _payments),
    ("v2", "getpayments"): (_EVERYWHERE, _payments),
}


def is_read_by_get(country: str, method: str) -> bool:
    """Whether this method takes GET, and only GET."""
    return country == "FI" and method == "getglbatches"
