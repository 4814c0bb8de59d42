"""The chart of accounts: code, and name in Estonian and English."""

from __future__ import annotations

from typing import Any

from sandbox.books.chart import Nature, Role

TYPES = {
    Nature.ASSET: "ASSET",
    Nature.LIABILITY: "LIABILITY",
    Nature.EQUITY: "LIABILITY",
    Nature.INCOME: "INCOME",
    Nature.EXPENSE: "EXPENSE",
}

_ACCOUNTS = {
    Role.CASH: ("1000", "Kassa", "Cash"),
    Role.BANK: ("1010", "Arvelduskonto", "Bank account"),
    Role.RECEIVABLE: ("1200", "Ostjate tasumata arved", "Receivables"),
    Role.FIXED_ASSETS: ("1800", "Põhivara", "Fixed assets"),
    Role.PAYABLE: ("2100", "Võlad tarnijatele", "Payables"),
    Role.PAYROLL_DUE: ("2200", "Võlad töötajatele", "Wages payable"),
    Role.SALES_TAX: ("2310", "Käibemaks", "VAT"),
    Role.PURCHASE_TAX: ("2311", "Sisendkäibemaks", "Input VAT"),
    Role.EQUITY: ("2900", "Omakapital", "Equity"),
    Role.SERVICE_SALES: ("3000", "Teenuste müük", "Sales of services"),
    Role.GOODS_SALES: ("3010", "Kaupade müük", "Sales of goods"),
    Role.OTHER_INCOME: ("3500", "Muud äritulud", "Other income"),
    Role.GOODS: ("4000", "Kaubad", "Goods"),
    Role.SERVICES: ("4010", "Ostetud teenused", "Services bought"),
    Role.RENT: ("4100", "Rendikulu", "Rent"),
    Role.OFFICE: ("4110", "Bürookulud", "Office expenses"),
    Role.WAGES: ("5000", "Palgakulu", "Wages"),
    Role.SOCIAL_TAX: ("5010", "Sotsiaalmaks", "Social tax"),
    Role.DEPRECIATION: ("5500", "Amortisatsioon", "Depreciation"),
    Role.ROUNDING: ("5900", "Ümardamine", "Rounding"),
    Role.INTEREST_INCOME: ("8000", "Intressitulu", "Interest income"),
    Role.INTEREST_COST: ("8100", "Intressikulu", "Interest expense"),
}
_ROWS = {"INCOME": "S10", "EXPENSE": "S20"}


def code(role: Role) -> str:
    """The account's code."""
    return _ACCOUNTS[role][0]


def account_rows() -> list[dict[str, Any]]:
    """The chart as `settings/accounts` has it."""
    return [_account_row(role, *named) for role, named in _ACCOUNTS.items()]


def _account_row(role: Role, account: str, estonian: str, english: str) -> dict[str, Any]:
    kind = TYPES[role.nature]
    place = "incomeStatementRow" if kind in _ROWS else "balanceSheetRow"
    return {
        "code": account,
        "id": f"ac-{account}",
        "type": kind,
        "descriptionEt": estonian,
        "descriptionEn": english,
        place: _ROWS.get(kind, f"B{account[:2]}"),
    }
