"""Kinds of document as most vendors list them: amounts are positive, and a credit note's are subtracted."""

from dataclasses import dataclass
from decimal import Decimal

from sync_contracts.metrics import Metric

from connectors.tally import Amounts


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """Where a kind of document counts."""

    count: Metric
    net: Metric
    vat: Metric
    sign: int

    def money(self, net: Decimal, vat: Decimal) -> Amounts:
        """What a document adds to the sums."""
        return {self.net: self.sign * net, self.vat: self.sign * vat}


SALES_INVOICE = DocumentKind(Metric.SALES_INVOICE_COUNT, Metric.SALES_NET, Metric.SALES_VAT, 1)
SALES_CREDIT_NOTE = DocumentKind(Metric.SALES_CREDIT_NOTE_COUNT, Metric.SALES_NET, Metric.SALES_VAT, -1)
PURCHASE_INVOICE = DocumentKind(Metric.PURCHASE_INVOICE_COUNT, Metric.PURCHASE_NET, Metric.PURCHASE_VAT, 1)
PURCHASE_CREDIT_NOTE = DocumentKind(
    Metric.PURCHASE_CREDIT_NOTE_COUNT, Metric.PURCHASE_NET, Metric.PURCHASE_VAT, -1
)
