"""What is counted, in which unit, where it was read and which date decided."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Metric(StrEnum):
    """One number of a month's summary; one that a provider cannot tell is absent, never zero."""

    SALES_INVOICE_COUNT = "sales_invoice_count"
    SALES_CREDIT_NOTE_COUNT = "sales_credit_note_count"
    PURCHASE_INVOICE_COUNT = "purchase_invoice_count"
    PURCHASE_CREDIT_NOTE_COUNT = "purchase_credit_note_count"
    SALES_NET = "sales_net"
    SALES_VAT = "sales_vat"
    PURCHASE_NET = "purchase_net"
    PURCHASE_VAT = "purchase_vat"
    INCOME_TOTAL = "income_total"
    EXPENSE_TOTAL = "expense_total"
    ENTRY_COUNT = "entry_count"
    ENTRY_LINE_COUNT = "entry_line_count"
    BANK_TRANSACTION_COUNT = "bank_transaction_count"
    DOCUMENT_COUNT = "document_count"

    @property
    def is_money(self) -> bool:
        return self in MONEY

    @property
    def counted_unit(self) -> str | None:
        """The unit of a count; None for money, whose unit is its currency."""
        return None if self.is_money else _COUNTED.get(self, "documents")


MONEY = frozenset(
    {
        Metric.SALES_NET,
        Metric.SALES_VAT,
        Metric.PURCHASE_NET,
        Metric.PURCHASE_VAT,
        Metric.INCOME_TOTAL,
        Metric.EXPENSE_TOTAL,
    }
)
DOCUMENT_COUNTS = (
    Metric.SALES_INVOICE_COUNT,
    Metric.SALES_CREDIT_NOTE_COUNT,
    Metric.PURCHASE_INVOICE_COUNT,
    Metric.PURCHASE_CREDIT_NOTE_COUNT,
)
_COUNTED = {
    Metric.ENTRY_COUNT: "entries",
    Metric.ENTRY_LINE_COUNT: "lines",
    Metric.BANK_TRANSACTION_COUNT: "transactions",
}


class Source(StrEnum):
    """Where a value was read."""

    PROFIT_AND_LOSS = "profit_and_loss"
    LEDGER = "ledger"
    DOCUMENTS = "documents"


class Basis(StrEnum):
    """Which date puts a record into a month."""

    ACCOUNTING_DATE = "accounting_date"
    ENTERED_AT = "entered_at"


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.", examples=["EUR"])]


class MetricValue(BaseModel):
    """One value of a summary; `unit` is documents, entries, lines, transactions or an ISO 4217 currency."""

    model_config = ConfigDict(frozen=True)

    value: Decimal = Field(description="A decimal number as text.", examples=["1650.50"])
    unit: str = Field(max_length=16, examples=["EUR", "documents"])
    source: Source
    basis: Basis = Basis.ACCOUNTING_DATE


Values = dict[Metric, MetricValue]
