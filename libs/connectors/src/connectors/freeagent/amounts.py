"""FreeAgent's amounts: decimals as text, with signs that differ from list to list."""

from decimal import Decimal

from connectors.errors import UnreadableAnswerError
from connectors.rows import Row, amount_or_text

ZERO = Decimal(0)


def optional(row: Row, name: str) -> Decimal:
    """Zero where the field is missing or empty."""
    return ZERO if row.get(name) in {None, ""} else amount_or_text(row, name)


def invoice_amounts(row: Row) -> tuple[Decimal, Decimal]:
    """Net and tax, as printed."""
    tax = optional(row, "sales_tax_value") + optional(row, "second_sales_tax_value")
    return amount_or_text(row, "net_value"), tax


def credit_note_amounts(row: Row) -> tuple[Decimal, Decimal]:
    """Net and tax to subtract; they usually come negative, and sometimes not."""
    return -abs(amount_or_text(row, "net_value")), -_taxes(row)


def bill_amounts(row: Row) -> tuple[Decimal, Decimal]:
    """Net and tax, negative for a refund: only the total has a sign that means something."""
    return _from_total(amount_or_text(row, "total_value"), _taxes(row))


def expense_cost(row: Row, currency: str) -> Decimal:
    """Net cost in the company's currency; gross values of costs are negative, of refunds positive."""
    native = "native_" if row.get("native_gross_value") not in {None, ""} else ""
    if not native and row.get("currency") != currency:
        raise UnreadableAnswerError("an expense in a foreign currency has no native_gross_value")
    tax = abs(optional(row, f"{native}sales_tax_value"))
    return -_from_total(amount_or_text(row, f"{native}gross_value"), tax)[0]


def _taxes(row: Row) -> Decimal:
    return abs(optional(row, "sales_tax_value")) + abs(optional(row, "second_sales_tax_value"))


def _from_total(total: Decimal, tax: Decimal) -> tuple[Decimal, Decimal]:
    sign = (total > 0) - (total < 0)
    return sign * (abs(total) - tax), sign * tax
