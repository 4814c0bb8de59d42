"""Neutral ledger accounts; each imitation gives them the codes and names of its own chart."""

from __future__ import annotations

from enum import StrEnum


class Nature(StrEnum):
    """What an account is to a profit and loss statement."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    TAX = "tax"
    ALLOCATION = "allocation"


class Role(StrEnum):
    """A ledger account by what it is for."""

    BANK = "bank"
    CASH = "cash"
    RECEIVABLE = "receivable"
    FIXED_ASSETS = "fixed_assets"
    PAYABLE = "payable"
    SALES_TAX = "sales_tax"
    PURCHASE_TAX = "purchase_tax"
    PAYROLL_DUE = "payroll_due"
    INCOME_TAX_DUE = "income_tax_due"
    EQUITY = "equity"
    SERVICE_SALES = "service_sales"
    GOODS_SALES = "goods_sales"
    OTHER_INCOME = "other_income"
    INTEREST_INCOME = "interest_income"
    GOODS = "goods"
    SERVICES = "services"
    RENT = "rent"
    OFFICE = "office"
    WAGES = "wages"
    SOCIAL_TAX = "social_tax"
    DEPRECIATION = "depreciation"
    ROUNDING = "rounding"
    INTEREST_COST = "interest_cost"
    INCOME_TAX = "income_tax"
    YEAR_RESULT = "year_result"
    TRANSFERS = "transfers"

    @property
    def nature(self) -> Nature:
        """What this account is to a profit and loss statement."""
        return _NATURES[self]


_MEMBERS = {
    Nature.ASSET: (Role.BANK, Role.CASH, Role.RECEIVABLE, Role.FIXED_ASSETS, Role.PURCHASE_TAX),
    Nature.LIABILITY: (Role.PAYABLE, Role.SALES_TAX, Role.PAYROLL_DUE, Role.INCOME_TAX_DUE),
    Nature.EQUITY: (Role.EQUITY,),
    Nature.INCOME: (Role.SERVICE_SALES, Role.GOODS_SALES, Role.OTHER_INCOME, Role.INTEREST_INCOME),
    Nature.EXPENSE: (
        Role.GOODS,
        Role.SERVICES,
        Role.RENT,
        Role.OFFICE,
        Role.WAGES,
        Role.SOCIAL_TAX,
        Role.DEPRECIATION,
        Role.ROUNDING,
        Role.INTEREST_COST,
    ),
    Nature.TAX: (Role.INCOME_TAX,),
    Nature.ALLOCATION: (Role.YEAR_RESULT, Role.TRANSFERS),
}
_NATURES = {role: nature for nature, roles in _MEMBERS.items() for role in roles}
