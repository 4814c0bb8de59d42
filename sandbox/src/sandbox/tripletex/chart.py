"""The Norwegian standard chart of accounts."""

from __future__ import annotations

from typing import Any

from sandbox.books.chart import Nature, Role
from sandbox.tripletex.company import Company

_ACCOUNTS = {
    Role.FIXED_ASSETS: (1200, "Maskiner og anlegg"),
    Role.RECEIVABLE: (1500, "Kundefordringer"),
    Role.CASH: (1900, "Kontanter"),
    Role.BANK: (1920, "Bankinnskudd"),
    Role.EQUITY: (2050, "Annen egenkapital"),
    Role.PAYABLE: (2400, "Leverandørgjeld"),
    Role.INCOME_TAX_DUE: (2500, "Betalbar skatt"),
    Role.SALES_TAX: (2700, "Utgående merverdiavgift"),
    Role.PURCHASE_TAX: (2710, "Inngående merverdiavgift"),
    Role.PAYROLL_DUE: (2930, "Skyldig lønn"),
    Role.SERVICE_SALES: (3000, "Salgsinntekt"),
    Role.GOODS_SALES: (3010, "Salgsinntekt varer"),
    Role.OTHER_INCOME: (3900, "Annen driftsinntekt"),
    Role.GOODS: (4300, "Innkjøp av varer"),
    Role.SERVICES: (4500, "Fremmedytelser"),
    Role.WAGES: (5000, "Lønn"),
    Role.SOCIAL_TAX: (5400, "Arbeidsgiveravgift"),
    Role.DEPRECIATION: (6010, "Avskrivning"),
    Role.RENT: (6300, "Leie lokale"),
    Role.OFFICE: (6800, "Kontorrekvisita"),
    Role.ROUNDING: (7740, "Øreavrunding"),
    Role.INTEREST_INCOME: (8050, "Renteinntekt"),
    Role.INTEREST_COST: (8150, "Rentekostnad"),
    Role.INCOME_TAX: (8300, "Betalbar skatt"),
    Role.YEAR_RESULT: (8800, "Årsresultat"),
    Role.TRANSFERS: (8960, "Overføringer annen egenkapital"),
}
_EXTRAORDINARY = (8400, "Ekstraordinær inntekt")
_TYPES = {
    Nature.ASSET: "ASSETS",
    Nature.LIABILITY: "LIABILITIES",
    Nature.EQUITY: "EQUITY",
    Nature.INCOME: "OPERATING_REVENUES",
    Nature.EXPENSE: "OPERATING_EXPENSES",
    Nature.TAX: "TAX_ON_ORDINARY_ACTIVITIES",
}
_TYPES_OF_ROLES = {
    Role.PURCHASE_TAX: "LIABILITIES",
    Role.INTEREST_INCOME: "INVESTMENT_INCOME",
    Role.INTEREST_COST: "COST_OF_CAPITAL",
    Role.YEAR_RESULT: "ANNUAL_RESULT",
    Role.TRANSFERS: "TRANSFERS_AND_ALLOCATIONS",
}
ROLES = tuple(_ACCOUNTS)


def account_of(company: Company, role: Role) -> dict[str, Any]:
    """The account as its company has it."""
    code, name = _ACCOUNTS[role]
    kind: str | None = _TYPES_OF_ROLES.get(role) or _TYPES[role.nature]
    if role is Role.OTHER_INCOME and company.habits.extraordinary:
        (code, name), kind = _EXTRAORDINARY, "EXTRAORDINARY_INCOME"
    identifier = company.id * 10_000 + code
    return {
        "id": identifier,
        "version": 1,
        "url": f"tripletex.no/v2/ledger/account/{identifier}",
        "number": code,
        "numberPretty": str(code),
        "name": name,
        "displayName": f"{code} {name}",
        "type": None if company.habits.untyped_chart else kind,
        "ledgerType": "GENERAL",
        "isInactive": False,
        "isBankAccount": role is Role.BANK,
    }
