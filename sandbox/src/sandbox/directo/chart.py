"""The chart of accounts: code, name and class."""

from __future__ import annotations

from typing import Any

from sandbox.books.chart import Nature, Role

ASSETS, LIABILITIES, EQUITY, INCOME, EXPENSES, CLEARING = range(6)
_CLASSES = {
    Nature.ASSET: ASSETS,
    Nature.LIABILITY: LIABILITIES,
    Nature.EQUITY: EQUITY,
    Nature.INCOME: INCOME,
    Nature.EXPENSE: EXPENSES,
}
_ACCOUNTS = {
    Role.CASH: ("1000", "Kassa"),
    Role.BANK: ("1010", "Arvelduskonto"),
    Role.RECEIVABLE: ("1200", "Ostjad"),
    Role.FIXED_ASSETS: ("1800", "Põhivara"),
    Role.PAYABLE: ("2110", "Hankijad"),
    Role.PAYROLL_DUE: ("2220", "Palgavõlg"),
    Role.SALES_TAX: ("2310", "Käibemaks"),
    Role.PURCHASE_TAX: ("2311", "Sisendkäibemaks"),
    Role.EQUITY: ("2900", "Osakapital"),
    Role.SERVICE_SALES: ("3000", "Teenuste müük"),
    Role.GOODS_SALES: ("3010", "Kaupade müük"),
    Role.OTHER_INCOME: ("3500", "Muud äritulud"),
    Role.INTEREST_INCOME: ("8000", "Intressitulu"),
    Role.SERVICES: ("4000", "Ostetud teenused"),
    Role.GOODS: ("4010", "Kaubad"),
    Role.RENT: ("4100", "Rendikulu"),
    Role.OFFICE: ("4110", "Bürookulud"),
    Role.WAGES: ("5000", "Palgakulu"),
    Role.SOCIAL_TAX: ("5010", "Sotsiaalmaks"),
    Role.DEPRECIATION: ("5500", "Amortisatsioon"),
    Role.ROUNDING: ("5900", "Ümardamine"),
    Role.INTEREST_COST: ("8100", "Intressikulu"),
}
_STOCK = ("1410", "Kaubavaru")
_CLEARING = ("9000", "Vahekonto")


def code(role: Role, *, keeps_stock: bool) -> str:
    """The account's code; whoever keeps a stock has goods there."""
    return _named(role, keeps_stock)[0]


def class_of(role: Role, *, keeps_stock: bool) -> int:
    """The account's class; input VAT stands beside VAT."""
    if role is Role.PURCHASE_TAX:
        return LIABILITIES
    return ASSETS if keeps_stock and role is Role.GOODS else _CLASSES[role.nature]


def account_rows(*, keeps_stock: bool) -> list[dict[str, Any]]:
    """The chart as `accounts` has it: a class is a number or a text."""
    accounts = [(*_named(role, keeps_stock), class_of(role, keeps_stock=keeps_stock)) for role in _ACCOUNTS]
    return [
        {
            "code": number,
            "name": name,
            "class": kind if position % 2 else str(kind),
            "correspondancecode": "",
        }
        for position, (number, name, kind) in enumerate([*accounts, (*_CLEARING, CLEARING)])
    ]


def _named(role: Role, keeps_stock: bool) -> tuple[str, str]:
    return _STOCK if keeps_stock and role is Role.GOODS else _ACCOUNTS[role]
