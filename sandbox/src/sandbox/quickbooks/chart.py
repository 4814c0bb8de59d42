"""Where each ledger account stands in the profit and loss."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.books.chart import Role


@dataclass(frozen=True, slots=True)
class Line:
    """An account; the accounts below it are shown inside, its own postings in its header."""

    role: Role
    name: str
    below: tuple[Line, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """This account and those below it."""
        return (self.role, *(role for line in self.below for role in line.roles))


@dataclass(frozen=True, slots=True)
class Section:
    """A group of accounts, or a result when it has none; `adds` tells the groups of a result by sign."""

    group: str
    title: str
    translated: str
    lines: tuple[Line, ...] = ()
    adds: tuple[tuple[str, int], ...] = ()
    always: bool = False  # shown though there is nothing in it


SECTIONS = (
    Section(
        "Income",
        "Income",
        "Tulud",
        (Line(Role.SERVICE_SALES, "Consulting", (Line(Role.GOODS_SALES, "Workshops"),)),),
        always=True,
    ),
    Section("COGS", "Cost of Goods Sold", "Kaubakulu", (Line(Role.GOODS, "Cost of Goods Sold"),)),
    Section("GrossProfit", "Gross Profit", "Brutokasum", adds=(("Income", 1), ("COGS", -1)), always=True),
    Section(
        "Expenses",
        "Expenses",
        "Kulud",
        (
            Line(Role.WAGES, "Payroll Expenses", (Line(Role.SOCIAL_TAX, "Taxes"),)),
            Line(Role.RENT, "Rent or Lease"),
            Line(Role.OFFICE, "Office Expenses"),
            Line(Role.SERVICES, "Legal & Professional Fees"),
            Line(Role.ROUNDING, "Rounding"),
        ),
        always=True,
    ),
    Section(
        "NetOperatingIncome",
        "Net Operating Income",
        "Ärikasum",
        adds=(("Income", 1), ("COGS", -1), ("Expenses", -1)),
        always=True,
    ),
    Section(
        "OtherIncome",
        "Other Income",
        "Muud tulud",
        (Line(Role.OTHER_INCOME, "Other Portfolio Income"), Line(Role.INTEREST_INCOME, "Interest Earned")),
    ),
    Section(
        "OtherExpenses",
        "Other Expenses",
        "Muud kulud",
        (Line(Role.DEPRECIATION, "Depreciation"), Line(Role.INTEREST_COST, "Interest Paid")),
    ),
    Section(
        "NetOtherIncome",
        "Net Other Income",
        "Muu tulem",
        adds=(("OtherIncome", 1), ("OtherExpenses", -1)),
    ),
    Section(
        "NetIncome",
        "Net Income",
        "Puhaskasum",
        adds=(("Income", 1), ("COGS", -1), ("Expenses", -1), ("OtherIncome", 1), ("OtherExpenses", -1)),
        always=True,
    ),
)
NAMES = {line.role: line.name for section in SECTIONS for top in section.lines for line in (top, *top.below)}
BALANCE_NAMES = {
    Role.BANK: "Checking",
    Role.CASH: "Cash on hand",
    Role.RECEIVABLE: "Accounts Receivable (A/R)",
    Role.FIXED_ASSETS: "Furniture & Equipment",
    Role.PAYABLE: "Accounts Payable (A/P)",
    Role.SALES_TAX: "VAT Control",
    Role.PURCHASE_TAX: "VAT Control",
    Role.PAYROLL_DUE: "Payroll Clearing",
    Role.INCOME_TAX_DUE: "Corporation Tax",
    Role.EQUITY: "Retained Earnings",
}


def reference(role: Role) -> dict[str, str]:
    """An account as transactions refer to it."""
    roles = list(Role)
    return {
        "value": str(21 + roles.index(role)),
        "name": NAMES.get(role) or BALANCE_NAMES.get(role, role.value),
    }
