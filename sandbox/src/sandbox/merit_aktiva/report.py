"""The profit and loss report: months side by side, the newest first."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Nature, Role
from sandbox.books.dice import stable_uuid
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import ZERO
from sandbox.merit_aktiva import chart
from sandbox.merit_aktiva.company import COUNTRIES, Company
from sandbox.merit_aktiva.rows import number

Sums = dict[Role, Decimal]

_HEADING, _TURNOVER, _FORMULA = 1, 3, 4
_SALES = (Role.SERVICE_SALES, Role.GOODS_SALES)
_COSTS = (
    Role.GOODS,
    Role.SERVICES,
    Role.RENT,
    Role.OFFICE,
    Role.WAGES,
    Role.SOCIAL_TAX,
    Role.DEPRECIATION,
    Role.ROUNDING,
)
_FINANCE = (Role.INTEREST_INCOME, Role.INTEREST_COST)
_OPERATING = (*_SALES, Role.OTHER_INCOME, *_COSTS)
# Number, kind of line, the accounts it adds up, and its name in three languages.
_LINES: tuple[tuple[str, int, tuple[Role, ...], tuple[str, str, str]], ...] = (
    ("10", _HEADING, (), ("Äritulud", "Tuotot", "Przychody")),
    ("20", _TURNOVER, _SALES, ("Müügitulu", "Liikevaihto", "Przychody ze sprzedaży")),
    ("25", _TURNOVER, (Role.OTHER_INCOME,), ("Muud tulud", "Muut tuotot", "Pozostałe przychody")),
    ("30", _TURNOVER, _COSTS, ("Kulud", "Kulut", "Koszty")),
    ("50", _FORMULA, _OPERATING, ("Ärikasum", "Liikevoitto", "Zysk operacyjny")),
    ("60", _TURNOVER, _FINANCE, ("Finantstulud ja -kulud", "Rahoituserät", "Operacje finansowe")),
    ("90", _FORMULA, (*_OPERATING, *_FINANCE), ("Aruandeaasta kasum", "Tilikauden voitto", "Zysk netto")),
)


def profit_report(company: Company, books: Books, ends_on: date, months: int) -> dict[str, Any]:
    """The report for so many months up to a day."""
    columns = [_sums(books, Month.of(ends_on).shift(-back), ends_on) for back in range(months)]
    return {"ErrorMsg": "", "Data": [_line(company, line, columns) for line in _LINES]}


def refused_report(message: str) -> dict[str, Any]:
    """The report's own way to say no, with status 200."""
    return {"ErrorMsg": message, "Data": []}


def _sums(books: Books, month: Month, ends_on: date) -> Sums:
    """Turnover by account, debit positive, up to the day if it lies in this month."""
    sums: Sums = defaultdict(lambda: ZERO)
    for entry in books.entries(month):
        if entry.posted_on <= ends_on:
            for posting in entry.postings:
                sums[posting.role] += posting.amount
    return sums


def _line(
    company: Company, line: tuple[str, int, tuple[Role, ...], tuple[str, str, str]], columns: list[Sums]
) -> dict[str, Any]:
    code, kind, roles, names = line
    details = [role for role in roles if any(column.get(role) for column in columns)]
    return {
        "RDid": stable_uuid("line", code),
        "No": code,
        "Description": names[COUNTRIES.index(company.country)],
        "RowType": kind,
        "Balance": None
        if kind == _HEADING
        else [_balance(company, kind, roles, column) for column in columns],
        "Details": [_detail(company, role, columns) for role in details] if kind == _TURNOVER else [],
    }


def _balance(company: Company, kind: int, roles: tuple[Role, ...], column: Sums) -> float:
    # A line of costs alone carries the costs' sign; a formula and a mixed line show the result.
    costs_alone = kind == _TURNOVER and all(role.nature is Nature.EXPENSE for role in roles)
    result = -sum((column.get(role, ZERO) for role in roles), ZERO)
    return number(-result if costs_alone and not company.habits.negative_expenses else result)


def _detail(company: Company, role: Role, columns: list[Sums]) -> dict[str, Any]:
    debit_positive = role.nature is Nature.EXPENSE and not company.habits.negative_expenses
    sign = 1 if debit_positive else -1
    return {
        "AccountId": stable_uuid(company.account.id, role),
        "AccountCode": chart.code(role),
        "AccountName": chart.name(role, company.country),
        "TypeId": chart.TYPE_IDS[role.nature],
        "Balance": [number(sign * column.get(role, ZERO)) for column in columns],
    }
