"""The Danish standard chart of accounts and its VAT codes."""

from __future__ import annotations

from typing import Any

from sandbox.books.chart import Nature, Role

Row = dict[str, Any]

NUMBERS = {
    Role.SERVICE_SALES: (1010, "Salg af ydelser"),
    Role.GOODS_SALES: (1020, "Salg af varer"),
    Role.OTHER_INCOME: (1090, "Andre indtægter"),
    Role.GOODS: (1310, "Varekøb"),
    Role.SERVICES: (1350, "Fremmed arbejde"),
    Role.WAGES: (2210, "Lønninger"),
    Role.SOCIAL_TAX: (2250, "Sociale omkostninger"),
    Role.OFFICE: (2750, "Kontorartikler"),
    Role.RENT: (3410, "Husleje"),
    Role.ROUNDING: (3690, "Øreafrunding"),
    Role.DEPRECIATION: (3940, "Afskrivninger"),
    Role.INTEREST_INCOME: (4310, "Renteindtægter"),
    Role.INTEREST_COST: (4410, "Renteudgifter"),
    Role.FIXED_ASSETS: (5110, "Driftsmidler"),
    Role.RECEIVABLE: (5600, "Debitorer"),
    Role.CASH: (5810, "Kasse"),
    Role.BANK: (5820, "Bank"),
    Role.EQUITY: (6110, "Egenkapital"),
    Role.PAYABLE: (6800, "Kreditorer"),
    Role.PAYROLL_DUE: (6910, "Skyldig løn"),
    Role.SALES_TAX: (7200, "Udgående moms"),
    Role.PURCHASE_TAX: (7240, "Indgående moms"),
}
REVERSE_CHARGE = 7210
_HEADINGS = (
    (1000, "headingStart", "RESULTATOPGØRELSE"),
    (1001, "heading", "Omsætning"),
    (1299, "totalFrom", "Omsætning i alt"),
    (4990, "sumInterval", "Årets resultat"),
    (5000, "headingStart", "BALANCE"),
    (7990, "sumAlpha", "Passiver i alt"),
)


def account_rows(root: str) -> list[Row]:
    """The whole chart, with headings and totals, in order."""
    booked = [
        _account(root, (number, name), _kind(role), _side(role)) for role, (number, name) in NUMBERS.items()
    ]
    reverse = _account(root, (REVERSE_CHARGE, "Moms af varekøb udland"), "status", "credit")
    headings = [_account(root, (number, name), kind, "debit") for number, kind, name in _HEADINGS]
    return sorted([*booked, reverse, *headings], key=lambda row: int(row["accountNumber"]))


def vat_rows(root: str) -> list[Row]:
    """VAT codes with the accounts that they post to."""
    sales, purchase = NUMBERS[Role.SALES_TAX][0], NUMBERS[Role.PURCHASE_TAX][0]
    return [
        _vat(root, ("I25", "Indgående moms"), purchase, 2),
        _vat(root, ("IV25", "Varekøb udland"), purchase, 2, contra=REVERSE_CHARGE),
        _vat(root, ("U25", "Udgående moms"), sales, 1),
    ]


def account_reference(root: str, number: int) -> Row:
    """An account as rows of other lists have it."""
    return {"accountNumber": number, "self": f"{root}/accounts/{number}"}


def _account(root: str, named: tuple[int, str], kind: str, side: str) -> Row:
    number, name = named
    return {
        "accountNumber": number,
        "accountType": kind,
        "balance": 0.0,
        "barred": False,
        "blockDirectEntries": number in {NUMBERS[Role.RECEIVABLE][0], NUMBERS[Role.PAYABLE][0]},
        "debitCredit": side,
        "name": name,
        "accountingYears": f"{root}/accounts/{number}/accounting-years",
        "self": f"{root}/accounts/{number}",
    }


def _kind(role: Role) -> str:
    return "profitAndLoss" if role.nature in {Nature.INCOME, Nature.EXPENSE} else "status"


def _side(role: Role) -> str:
    return "debit" if role.nature in {Nature.ASSET, Nature.EXPENSE} else "credit"


def _vat(root: str, named: tuple[str, str], number: int, kind: int, contra: int | None = None) -> Row:
    code, name = named
    return {
        "vatCode": code,
        "name": name,
        "account": account_reference(root, number),
        "contraAccount": None if contra is None else account_reference(root, contra),
        "ratePercentage": 25.0,
        "barred": False,
        "vatType": {
            "vatTypeNumber": kind,
            "name": "Salg" if kind == 1 else "Køb",
            "self": f"{root}/vat-types/{kind}",
        },
        "self": f"{root}/vat-accounts/{code}",
    }
