"""What can be asked about a company, and the access level that each answer needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sandbox.books.month import Month
from sandbox.books.records import Document, JournalKind, State
from sandbox.freeagent import rows
from sandbox.freeagent.company import (
    VENDOR,
    Company,
    Row,
    is_bank_transaction,
    is_claim,
    is_journal_set,
    revaluations,
)
from sandbox.freeagent.errors import invalid, not_found
from sandbox.freeagent.listing import period_of, viewed_since

INVOICES_LEVEL, BILLS_LEVEL, BANKING_LEVEL, ACCOUNTING_LEVEL, FULL_LEVEL = 4, 5, 6, 7, 8
REPORT = "accounting/profit_and_loss/summary"
OPENING_BALANCES = "journal_sets/opening_balances"


@dataclass(frozen=True, slots=True)
class Asking:
    """One question about a company."""

    company: Company
    sent: Mapping[str, str]
    today: date

    def documents(self, name: str, first: date, last: date) -> Iterator[Document]:
        """Documents of one list dated in a range."""
        for month in self.company.months(first, last):
            for one in self.company.books.documents(month):
                is_meant = rows.LISTS.get(one.kind) == name and first <= one.dated_on <= last
                if is_meant and rows.is_listed(one):
                    yield one

    def viewed(self, name: str) -> list[Row]:
        """Invoices or credit notes: back by months, or all."""
        since = viewed_since(self.sent, self.today, self.company.starts_in.first)
        found = self.documents(name, since, Month.of(self.today).last)
        listed = [rows.document_row(self.company, one, self.today) for one in found]
        return [row for row in listed if self.sent.get("view") != "draft" or row["status"] == "Draft"]

    def period(self) -> tuple[date, date]:
        return period_of(self.sent, self.today)

    def months(self) -> Iterator[Month]:
        return self.company.months(*self.period())

    def within(self, day: date) -> bool:
        first, last = self.period()
        return first <= day <= last


@dataclass(frozen=True, slots=True)
class Resource:
    """One list."""

    level: int
    rows: Callable[[Asking], list[Row]]
    always_tells_total: bool = True


def _bills(asking: Asking) -> list[Row]:
    return [
        rows.document_row(asking.company, one, asking.today)
        for one in asking.documents("bills", *asking.period())
    ]


def _expenses(asking: Asking) -> list[Row]:
    return [
        rows.expense_row(asking.company, move)
        for month in asking.months()
        for move in asking.company.books.cash_moves(month)
        if move.state is State.BOOKED and is_claim(move) and asking.within(move.dated_on)
    ]


def _journal_sets(asking: Asking) -> list[Row]:
    return [
        rows.journal_row(journal)
        for month in asking.months()
        for journal in asking.company.books.journals(month)
        if is_journal_set(journal) and asking.within(journal.dated_on)
    ]


def _transactions(asking: Asking) -> list[Row]:
    found: list[Row] = []
    for month in asking.months():
        entries = [one for one in asking.company.books.entries(month) if asking.within(one.posted_on)]
        found += [row for entry in entries for row in rows.ledger_rows(entry)]
        days = [day for day in revaluations(asking.company, month) if asking.within(day)]
        found += [row for day in days for row in rows.revaluation_rows(day)]
    return found


def _bank_accounts(asking: Asking) -> list[Row]:
    kinds = {11: ("StandardBankAccount", "Current Account"), 12: ("PaypalAccount", "PayPal")}
    found = [
        _bank_account(asking, number, *kinds[number], status="active", moved_on=asking.today)
        for number in asking.company.bank_account_ids()
    ]
    if asking.company.number % 3 == 1:
        # Closed years ago and hidden from view: nothing has moved on it since.
        closed = date(2012, 5, 4)
        found.append(
            _bank_account(asking, 13, "CreditCardAccount", "Old card", status="hidden", moved_on=closed)
        )
    return found


def _bank_account(asking: Asking, number: int, kind: str, name: str, *, status: str, moved_on: date) -> Row:
    return {
        "url": f"{VENDOR}/bank_accounts/{number}",
        "type": kind,
        "name": name,
        "currency": asking.company.profile.currency,
        "is_personal": False,
        "is_primary": number == 11,
        "status": status,
        "latest_activity_date": moved_on.isoformat(),
        "created_at": f"2010-01-0{number - 10}T09:00:00.000Z",
    }


def _bank_transactions(asking: Asking) -> list[Row]:
    """Of one account, named by its address."""
    asked = asking.sent.get("bank_account", "")
    if not asked:
        raise invalid("bank_account is required")
    number = asked.rpartition("/")[2]
    known = {account["url"].rpartition("/")[2] for account in _bank_accounts(asking)}
    if number not in known:
        raise not_found()
    return [
        rows.bank_transaction_row(asking.company, payment)
        for month in asking.months()
        for payment in asking.company.books.payments(month)
        if is_bank_transaction(payment)
        and asking.within(payment.paid_on)
        and asking.company.bank_account_of(payment.through) == int(number)
    ]


LISTS = {
    "invoices": Resource(INVOICES_LEVEL, lambda asking: asking.viewed("invoices")),
    "credit_notes": Resource(INVOICES_LEVEL, lambda asking: asking.viewed("credit_notes")),
    "bills": Resource(BILLS_LEVEL, _bills),
    "expenses": Resource(2, _expenses),
    "bank_accounts": Resource(BANKING_LEVEL, _bank_accounts),
    "bank_transactions": Resource(BANKING_LEVEL, _bank_transactions),
    "journal_sets": Resource(ACCOUNTING_LEVEL, _journal_sets, always_tells_total=False),
    "accounting/transactions": Resource(ACCOUNTING_LEVEL, _transactions, always_tells_total=False),
}
LEVELS = {
    "company": 1,
    "users/me": 1,
    REPORT: ACCOUNTING_LEVEL,
    OPENING_BALANCES: ACCOUNTING_LEVEL,
    **{path: resource.level for path, resource in LISTS.items()},
}


def opening_balances(company: Company) -> Row:
    """The latest opening balances: a journal set without a day."""
    booked = [
        one
        for month in company.months(company.starts_in.first, company.starts_in.shift(11).last)
        for one in company.books.journals(month)
        if one.kind is JournalKind.OPENING
    ]
    made = rows.journal_row(booked[0]) if booked else {"journal_entries": []}
    made.pop("dated_on", None)
    return {"journal_set": made | {"description": "Opening Balances Journal Set", "bank_accounts": []}}
