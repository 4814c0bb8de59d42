"""The chart of accounts, and where each account stands in the profit and loss report."""

from dataclasses import dataclass
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.dice import stable_uuid
from sandbox.xero.profit_and_loss import FX_GROUP, Line, Section


@dataclass(frozen=True)
class ChartAccount:
    """How the vendor names a ledger account."""

    code: str
    name: str
    kind: str
    group: str


CHART = {
    Role.BANK: ChartAccount("090", "Business Bank Account", "BANK", "ASSET"),
    Role.CASH: ChartAccount("091", "Petty Cash", "BANK", "ASSET"),
    Role.RECEIVABLE: ChartAccount("610", "Accounts Receivable", "CURRENT", "ASSET"),
    Role.FIXED_ASSETS: ChartAccount("710", "Office Equipment", "FIXED", "ASSET"),
    Role.PURCHASE_TAX: ChartAccount("821", "VAT on Purchases", "CURRENT", "ASSET"),
    Role.PAYABLE: ChartAccount("800", "Accounts Payable", "CURRLIAB", "LIABILITY"),
    Role.SALES_TAX: ChartAccount("820", "VAT", "CURRLIAB", "LIABILITY"),
    Role.PAYROLL_DUE: ChartAccount("814", "Wages Payable", "CURRLIAB", "LIABILITY"),
    Role.INCOME_TAX_DUE: ChartAccount("830", "Income Tax Payable", "CURRLIAB", "LIABILITY"),
    Role.EQUITY: ChartAccount("960", "Retained Earnings", "EQUITY", "EQUITY"),
    Role.SERVICE_SALES: ChartAccount("200", "Sales", "REVENUE", "REVENUE"),
    Role.GOODS_SALES: ChartAccount("205", "Sales of Goods", "SALES", "REVENUE"),
    Role.OTHER_INCOME: ChartAccount("260", "Other Revenue", "OTHERINCOME", "REVENUE"),
    Role.INTEREST_INCOME: ChartAccount("270", "Interest Income", "OTHERINCOME", "REVENUE"),
    Role.GOODS: ChartAccount("310", "Cost of Goods Sold", "DIRECTCOSTS", "EXPENSE"),
    Role.SERVICES: ChartAccount("412", "Consulting & Accounting", "EXPENSE", "EXPENSE"),
    Role.RENT: ChartAccount("469", "Rent", "EXPENSE", "EXPENSE"),
    Role.OFFICE: ChartAccount("453", "Office Expenses", "OVERHEADS", "EXPENSE"),
    Role.WAGES: ChartAccount("477", "Salaries", "EXPENSE", "EXPENSE"),
    Role.SOCIAL_TAX: ChartAccount("478", "Social Security", "EXPENSE", "EXPENSE"),
    Role.DEPRECIATION: ChartAccount("416", "Depreciation", "DEPRECIATN", "EXPENSE"),
    Role.INTEREST_COST: ChartAccount("437", "Interest Expense", "EXPENSE", "EXPENSE"),
    Role.INCOME_TAX: ChartAccount("505", "Income Tax Expense", "EXPENSE", "EXPENSE"),
}
_TRADING = (Role.SERVICE_SALES, Role.GOODS_SALES)
_DIRECT = (Role.GOODS,)
_OTHER = (Role.OTHER_INCOME, Role.INTEREST_INCOME)
_FINANCE = (Role.INTEREST_COST,)
_RUNNING = (Role.SERVICES, Role.RENT, Role.OFFICE, Role.WAGES, Role.SOCIAL_TAX, Role.DEPRECIATION)
# What neutral books call a rounding difference stands here as the grouped currency result.
_CURRENCY = (Role.ROUNDING,)


def account_id(organisation: str, role: Role) -> str:
    """The account's id in one organisation."""
    return FX_GROUP if role is Role.ROUNDING else stable_uuid("xero", organisation, role)


def account_rows(organisation: str) -> list[dict[str, Any]]:
    """The chart as GET /Accounts lists it."""
    return [
        {
            "AccountID": account_id(organisation, role),
            "Code": account.code,
            "Name": account.name,
            "Status": "ACTIVE",
            "Type": account.kind,
            "Class": account.group,
            "EnablePaymentsToAccount": False,
            "ShowInExpenseClaims": False,
        }
        for role, account in CHART.items()
    ]


def sections(organisation: str, number: int, *, unknown_title: bool) -> list[Section]:
    """The report's sections as this organisation words them.

    `unknown_title` puts the finance costs under a title from which nobody can tell what they are.
    """

    def lines(*roles: Role) -> tuple[Line, ...]:
        names = {role: CHART[role].name for role in roles if role in CHART}
        return tuple(Line(account_id(organisation, role), names.get(role, _FX_NAME)) for role in roles)

    income, expenses, net = _WORDING[number % len(_WORDING)]
    costs = _RUNNING + _CURRENCY if unknown_title else _RUNNING + _FINANCE + _CURRENCY
    odd = [Section("Finance", -1, lines(*_FINANCE))] if unknown_title else []
    return [
        Section(income, 1, lines(*_TRADING), always=True),
        Section("Less Cost of Sales", -1, lines(*_DIRECT), then="Gross Profit"),
        Section("Plus Other Income", 1, lines(*_OTHER)),
        *odd,
        Section(expenses, -1, lines(*costs), always=True, then=net),
    ]


_FX_NAME = "Foreign Currency Gains and Losses"
_WORDING = (
    ("Income", "Less Operating Expenses", "Net Profit"),
    ("Turnover", "Administrative Costs", "NET PROFIT"),
    ("Revenue", "Less Operating Expenses", "Net Profit"),
    ("Trading Income", "Expenses", "Net Profit"),
)
