"""Rows of the resources, worded as Directo words them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.books.records import CENT, CashMove, Document, Entry, Journal, State
from sandbox.directo.company import FIELD_NAMES, Company
from sandbox.directo.ledger import Line, Transaction

Row = dict[str, Any]

_FIRST_MOMENT, _LAST_MOMENT, _NOON = time(0, 0, 15), time(23, 59, 45), time(12)
_CONFIRMED = ((1, 0), ("1", "0"), (True, False))


def number(amount: Decimal) -> float:
    """An amount as a JSON number."""
    return float(amount)


def written(day: date, moment: time = time.min) -> str:
    """A day as the vendor writes it: local, without a zone."""
    return datetime.combine(day, moment).isoformat()


def changed_at(day: date) -> datetime:
    """When it was last changed, in local time; at the ends of a month just beside midnight."""
    if day.day == 1:
        return datetime.combine(day, _FIRST_MOMENT)
    is_last = day.month != date.fromordinal(day.toordinal() + 1).month
    return datetime.combine(day, _LAST_MOMENT if is_last else _NOON)


def transaction_row(company: Company, made: Transaction) -> Row:
    """A row of `transactions`."""
    changed, day = changed_at(made.dated_on), made.dated_on
    return {
        "number": str(made.number) if company.habits.numbers_are_texts else made.number,
        "type": made.kind,
        "date": written(day, changed.time() if company.habits.has_times else time.min),
        "reference": str(made.number),
        "comment": _comment(made.entry),
        "ts": changed.isoformat(" "),
        "cu": "MARI",
        "rows": [_line_row(company, made, position, line) for position, line in enumerate(made.lines, 1)],
    }


def invoice_row(company: Company, document: Document) -> Row:
    """A row of `invoices`; what is not confirmed is among them."""
    day_name, net_name, vat_name, gross_name = FIELD_NAMES[company.habits.field_names]
    as_text, turn = document.serial % 2 == 0, document.serial % 3
    amounts = {vat_name: document.vat, gross_name: document.gross}
    if net_name is not None:
        amounts[net_name] = document.net
    signed = {name: document.sign * amount for name, amount in amounts.items()}
    is_confirmed = document.state is State.BOOKED
    return {
        "number": str(document.serial),
        day_name: written(document.dated_on),
        "customercode": f"K{document.serial % 100}",
        **{name: f"{amount:.2f}" if as_text else number(amount) for name, amount in signed.items()},
        "currency": document.currency,
        "currencyrate": f"{(1 / document.rate).quantize(Decimal('0.000001'))}",
        "confirmed": _CONFIRMED[turn][not is_confirmed],
        "ts": changed_at(document.dated_on).isoformat(" "),
    }


def _line_row(company: Company, made: Transaction, position: int, line: Line) -> Row:
    """One side is filled, the other null or absent; what is taken back is negative, or on the other side."""
    record, amount = made.entry.record, line.posting.amount
    takes_back = isinstance(record, Document) and record.kind.is_credit
    on_debit = (amount > 0) is not (takes_back and company.habits.red_storno)
    side, other = ("debitamount", "creditamount") if on_debit else ("creditamount", "debitamount")
    filled = amount if on_debit else -amount
    row: Row = {"rn": position, "account": company.code(line.posting.role), side: number(filled)}
    if position % 2:
        row[other] = None
    if line.day != made.dated_on or position % 3:
        row["date"] = written(line.day)
    if isinstance(record, Document):
        row["customer" if record.kind.is_sales else "supplier"] = f"H{record.serial % 100}"
        row |= _foreign(company, record, side, filled)
    row["description"] = "Mari Maasikas" if isinstance(record, Journal) else ""
    return row


def _foreign(company: Company, document: Document, side: str, amount: Decimal) -> Row:
    if document.currency == company.account.profile.currency:
        return {}
    foreign = number((amount * document.rate).quantize(CENT))
    return {
        "currency": document.currency,
        "currencyrate": number((1 / document.rate).quantize(Decimal("0.000001"))),
        f"currency{side.removesuffix('amount')}": foreign,
    }


def _comment(entry: Entry) -> str:
    record = entry.record
    return record.memo if isinstance(record, Journal | CashMove) else record.partner
