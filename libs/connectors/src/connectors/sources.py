"""The groups in which accounting systems tell a month, for each provider's table of where a value is read."""

from sync_contracts.metrics import Metric

SALES = (
    Metric.SALES_INVOICE_COUNT,
    Metric.SALES_CREDIT_NOTE_COUNT,
    Metric.SALES_NET,
    Metric.SALES_VAT,
)
PURCHASES = (
    Metric.PURCHASE_INVOICE_COUNT,
    Metric.PURCHASE_CREDIT_NOTE_COUNT,
    Metric.PURCHASE_NET,
    Metric.PURCHASE_VAT,
)
DOCUMENTS = (*SALES, *PURCHASES, Metric.DOCUMENT_COUNT)
RESULT = (Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL)
ENTRIES = (Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT)
