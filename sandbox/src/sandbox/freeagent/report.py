"""The profit and loss summary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.books.chart import Nature
from sandbox.books.month import Month
from sandbox.books.records import ZERO
from sandbox.freeagent.company import Company, Row
from sandbox.freeagent.errors import invalid
from sandbox.freeagent.listing import day_of
from sandbox.freeagent.rows import decimal


def profit_and_loss(company: Company, sent: Mapping[str, str], today: date) -> Row:
    """Income and expenses of a period; what is not told falls to the accounting year, silently."""
    first = day_of(sent, "from_date") or date(today.year, 1, 1)
    last = day_of(sent, "to_date") or today
    if last < first or (last > Month.of(first).shift(11).last.replace(day=28) and first.year != last.year):
        raise invalid("The period must be within 12 months or one accounting year")
    sums = _sums(company, first, last)
    income, expenses = -sums[Nature.INCOME], sums[Nature.EXPENSE]
    less = (("Corp. Tax", sums[Nature.TAX]), ("Dividends", sums[Nature.ALLOCATION]), ("Adjustments", ZERO))
    retained = income - expenses - sum((total for _, total in less), ZERO)
    brought = Decimal(3000)
    figures = {
        "income": income,
        "expenses": expenses,
        "operating_profit": income - expenses,
        "retained_profit": retained,
        "retained_profit_brought_forward": brought,
        "retained_profit_carried_forward": brought + retained,
    }
    summary: Row = {"from": first.isoformat(), "to": last.isoformat()}
    summary |= {name: printed(company, value) for name, value in figures.items()}
    summary["less"] = [{"title": title, "total": printed(company, total)} for title, total in less]
    return {"profit_and_loss_summary": summary}


def printed(company: Company, value: Decimal) -> str:
    """Some companies see whole units only, each figure rounded by itself."""
    return f"{in_units(company, value):f}" if company.reports_whole_units else decimal(value)


def in_units(company: Company, value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), ROUND_HALF_UP) + 0 if company.reports_whole_units else value


def _sums(company: Company, first: date, last: date) -> dict[Nature, Decimal]:
    sums = dict.fromkeys(Nature, ZERO)
    for month in company.months(first, last):
        for entry in company.books.entries(month):
            if first <= entry.posted_on <= last:
                for posting in entry.postings:
                    sums[posting.role.nature] += posting.amount
    return sums
