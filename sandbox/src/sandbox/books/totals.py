"""Totals of the neutral books: what a summary has to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.books.chart import Nature
from sandbox.books.records import ZERO, Document, Entry, Kind


@dataclass(frozen=True, slots=True)
class Value:
    """One figure of a summary."""

    value: Decimal | int
    unit: str


Truth = dict[str, Value]


def document_totals(documents: Iterable[Document], currency: str, *, converted: bool = False) -> Truth:
    """Counts and sums of what counts; a sum is absent where a rate is unknown and not `converted`."""
    counted = [one for one in documents if one.is_counted]
    kinds = [kind for kind in Kind if kind.is_posted]
    counts = {kind: sum(one.kind is kind for one in counted) for kind in kinds}
    truth = {f"{kind}_count": Value(count, "documents") for kind, count in counts.items()}
    truth["document_count"] = Value(len(counted), "documents")
    for side, is_sales in (("sales", True), ("purchase", False)):
        chosen = [one for one in counted if one.kind.is_sales is is_sales]
        if converted or all(one.rate_known for one in chosen):
            net = sum((one.sign * one.net_base for one in chosen), ZERO)
            vat = sum((one.sign * one.vat_base for one in chosen), ZERO)
            truth |= {f"{side}_net": Value(net, currency), f"{side}_vat": Value(vat, currency)}
    return truth


def result_totals(entries: Iterable[Entry], currency: str) -> Truth:
    """Income and expenses of the entries, as the profit and loss statement has them."""
    postings = [posting for entry in entries for posting in entry.postings]
    income = sum((-one.amount for one in postings if one.role.nature is Nature.INCOME), ZERO)
    expenses = sum((one.amount for one in postings if one.role.nature is Nature.EXPENSE), ZERO)
    return {"income_total": Value(income, currency), "expense_total": Value(expenses, currency)}


def entry_totals(entries: Iterable[Entry]) -> Truth:
    """How many ledger entries, and rows in them."""
    counted = list(entries)
    return {
        "entry_count": Value(len(counted), "entries"),
        "entry_line_count": Value(sum(len(one.postings) for one in counted), "lines"),
    }
