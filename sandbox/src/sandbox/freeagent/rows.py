"""Neutral records as rows of the vendor's lists."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.records import CENT, CashMove, Document, Entry, Journal, Kind, Payment, State
from sandbox.freeagent.company import VENDOR, Company, Row

LISTS = {
    Kind.SALES_INVOICE: "invoices",
    Kind.SALES_CREDIT_NOTE: "credit_notes",
    Kind.PURCHASE_INVOICE: "bills",
    Kind.PURCHASE_CREDIT_NOTE: "bills",
}
_UNISSUED = {
    Kind.SALES_INVOICE: {State.DRAFT: "Draft", State.SUBMITTED: "Scheduled To Email"},
    Kind.SALES_CREDIT_NOTE: {State.DRAFT: "Draft", State.SUBMITTED: "Draft"},
}
_UNPAID = {
    Kind.SALES_INVOICE: ("Open", "Overdue", "Written-off", "Part written-off"),
    Kind.SALES_CREDIT_NOTE: ("Open", "Overdue", "Written-off"),
    Kind.PURCHASE_INVOICE: ("Open", "Overdue"),
    Kind.PURCHASE_CREDIT_NOTE: ("Open",),
}
_PAID = {
    Kind.SALES_INVOICE: ("Paid", "Overpaid", "Refunded"),
    Kind.SALES_CREDIT_NOTE: ("Refunded",),
    Kind.PURCHASE_INVOICE: ("Paid",),
    Kind.PURCHASE_CREDIT_NOTE: ("Refunded",),
}
_NOMINAL_CODES = {
    Role.BANK: "750-1",
    Role.CASH: "750-2",
    Role.RECEIVABLE: "681",
    Role.FIXED_ASSETS: "602-1",
    Role.PAYABLE: "796",
    Role.SALES_TAX: "817",
    Role.PURCHASE_TAX: "818",
    Role.PAYROLL_DUE: "902",
    Role.INCOME_TAX_DUE: "820",
    Role.EQUITY: "910",
    Role.SERVICE_SALES: "001",
    Role.GOODS_SALES: "002",
    Role.OTHER_INCOME: "049",
    Role.INTEREST_INCOME: "051",
    Role.GOODS: "101",
    Role.SERVICES: "292",
    Role.RENT: "254",
    Role.OFFICE: "365",
    Role.WAGES: "401",
    Role.SOCIAL_TAX: "402",
    Role.DEPRECIATION: "390",
    Role.ROUNDING: "366",
    Role.INTEREST_COST: "363",
    Role.INCOME_TAX: "504",
    Role.YEAR_RESULT: "907",
    Role.TRANSFERS: "908",
}


def is_listed(document: Document) -> bool:
    """What is deleted or voided is gone; bills have no drafts."""
    return document.state is State.BOOKED or document.state in _UNISSUED.get(document.kind, {})


def document_row(company: Company, document: Document, today: date) -> Row:
    """An invoice, a credit note, or a bill with its own view of signs."""
    name = LISTS[document.kind]
    total = document.net + document.vat
    paid = document.paid_on is not None and document.paid_on <= today
    status = _UNISSUED.get(document.kind, {}).get(document.state) or _status(document, paid=paid)
    created_at = created(document.serial, document.dated_on)
    row: Row = {
        "url": f"{VENDOR}/{name}/{document.serial}",
        "contact": f"{VENDOR}/contacts/{len(document.partner)}",
        "dated_on": document.dated_on.isoformat(),
        "due_on": document.due_on.isoformat(),
        "reference": document.number,
        "currency": document.currency,
        "exchange_rate": _rate(document),
        **_amounts(company, document),
        "due_value": decimal(Decimal(0) if paid else total),
        "status": status,
        "created_at": created_at,
        "updated_at": created_at,
    }
    if document.kind.is_sales:
        settled = "refunded_value" if document.kind.is_credit else "paid_value"
        row[settled] = decimal(total if paid else Decimal(0))
    return row


def created(serial: int, dated_on: date) -> str:
    """Entered shortly before or after midnight: the hour says nothing about the day of the record."""
    late = timedelta(minutes=-20) if serial % 2 else timedelta(days=1, minutes=10)
    return f"{datetime.combine(dated_on, time(), UTC) + late:%Y-%m-%dT%H:%M:%S.000Z}"


def expense_row(company: Company, claim: CashMove) -> Row:
    """Money from somebody's own pocket: costs are negative."""
    return {
        "url": f"{VENDOR}/expenses/{claim.serial}",
        "user": f"{VENDOR}/users/{company.number}",
        "category": f"{VENDOR}/categories/{_NOMINAL_CODES[claim.role]}",
        "dated_on": claim.dated_on.isoformat(),
        "currency": company.profile.currency,
        "gross_value": decimal(-claim.amount),
        "native_gross_value": decimal(-claim.amount),
        "sales_tax_rate": "0.0",
        "sales_tax_value": "0.0",
        "native_sales_tax_value": "0.0",
        "description": claim.memo,
        "created_at": created(claim.serial, claim.dated_on),
    }


def bank_transaction_row(company: Company, payment: Payment) -> Row:
    amount = payment.amount if payment.incoming else -payment.amount
    return {
        "url": f"{VENDOR}/bank_transactions/{payment.serial}",
        "amount": decimal(amount),
        "bank_account": f"{VENDOR}/bank_accounts/{company.bank_account_of(payment.through)}",
        "dated_on": payment.paid_on.isoformat(),
        "description": f"payment {payment.serial}",
        "unexplained_amount": "0.0",
        "is_manual": False,
        "created_at": created(payment.serial, payment.paid_on),
    }


def journal_row(journal: Journal) -> Row:
    entries = [
        {
            "url": f"{VENDOR}/journal_entries/{journal.serial * 10 + position}",
            "category": f"{VENDOR}/categories/{_NOMINAL_CODES[posting.role]}",
            "description": journal.memo,
            "debit_value": decimal(posting.amount),
        }
        for position, posting in enumerate(journal.postings)
    ]
    return {
        "url": f"{VENDOR}/journal_sets/{journal.serial}",
        "dated_on": journal.dated_on.isoformat(),
        "description": journal.memo,
        "journal_entries": entries,
        "created_at": created(journal.serial, journal.dated_on),
    }


def ledger_rows(entry: Entry) -> list[Row]:
    return [
        ledger_row(entry.serial * 10 + position, entry.posted_on, entry.memo, posting.role, posting.amount)
        for position, posting in enumerate(entry.postings)
    ]


def revaluation_rows(day: date) -> list[Row]:
    """Two rows that no document explains."""
    number = 9_000_000_000 + int(f"{day:%Y%m%d}") * 10
    change = Decimal("1.25") if day.day % 2 else Decimal("-1.25")
    sides = ((Role.BANK, change), (Role.ROUNDING, -change))
    memo = "Foreign currency revaluation"
    return [ledger_row(number + at, day, memo, role, amount) for at, (role, amount) in enumerate(sides)]


def ledger_row(number: int, day: date, memo: str, role: Role, debit: Decimal) -> Row:
    code = _NOMINAL_CODES[role]
    return {
        "url": f"{VENDOR}/accounting/transactions/{number}",
        "dated_on": day.isoformat(),
        "description": memo,
        "category": f"{VENDOR}/categories/{code}",
        "category_name": role.value.replace("_", " ").title(),
        "nominal_code": code,
        "debit_value": decimal(debit),
        "foreign_currency_data": {},
        "created_at": created(number, day),
    }


def decimal(value: Decimal) -> str:
    """As the vendor prints it: "240.0", "82.35"."""
    text = f"{value.normalize():f}"
    return text if "." in text else f"{text}.0"


def _status(document: Document, *, paid: bool) -> str:
    choices = (_PAID if paid else _UNPAID)[document.kind]
    return choices[document.serial % len(choices)]


def _rate(document: Document) -> str | None:
    """What one unit of the document's currency is worth in the company's."""
    return decimal(document.rate) if document.rate_known else None


def _amounts(company: Company, document: Document) -> Row:
    """Positive for an invoice; only the total of a bill has a sign that means something."""
    tax, second = document.vat, None
    if company.has_two_taxes and document.vat:
        tax = (document.vat * 2 / 3).quantize(CENT)
        second = document.vat - tax
    total = document.sign * (document.net + document.vat)
    if not document.kind.is_sales:
        net_sign = document.sign if company.bills_have_positive_net else -document.sign
        signs = (net_sign, -document.sign)
    else:
        sign = 1 if company.gives_back_positive else document.sign
        signs, total = (sign, sign), sign * abs(total)
    row: Row = {
        "net_value": decimal(signs[0] * document.net),
        "sales_tax_value": decimal(signs[1] * tax),
        "total_value": decimal(total),
    }
    if second is not None:
        row["second_sales_tax_value"] = decimal(signs[1] * second)
    return row
