"""Fortnox's invoices and supplier invoices: lists without net, VAT or a word about their vouchers' rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sync_contracts.metrics import Metric

from connectors.errors import UnreadableAnswerError
from connectors.fortnox.calls import CURRENCY
from connectors.fortnox.sie import SieVoucher
from connectors.money import rounded
from connectors.rows import Row, flag, identifier, listed, text, whole

ZERO = Decimal(0)
ROUNDING = 3740
SUPPLIER_INVOICE = "SUPPLIERINVOICE"
NORMAL_VAT = "NORMAL"


@dataclass(frozen=True, slots=True, order=True)
class VoucherKey:
    """A voucher's name; `year` is Fortnox's running id of a financial year, no calendar year."""

    year: int
    series: str
    number: str


@dataclass(frozen=True, slots=True)
class Side:
    """What differs between sales and purchases; `sign` makes a voucher's debit rows amounts of documents."""

    name: str
    path: str
    rows: str
    number: str
    cancelled: str
    invoices: Metric
    credit_notes: Metric
    net: Metric
    vat: Metric
    vat_accounts: range
    sign: int
    detail: str
    detail_vat: str
    detail_rounding: str


SALES = Side(
    name="sale",
    path="/3/invoices",
    rows="Invoices",
    number="DocumentNumber",
    cancelled="Cancelled",
    invoices=Metric.SALES_INVOICE_COUNT,
    credit_notes=Metric.SALES_CREDIT_NOTE_COUNT,
    net=Metric.SALES_NET,
    vat=Metric.SALES_VAT,
    vat_accounts=range(2610, 2640),
    sign=-1,
    detail="Invoice",
    detail_vat="TotalVAT",
    detail_rounding="RoundOff",
)
PURCHASES = Side(
    name="purchase",
    path="/3/supplierinvoices",
    rows="SupplierInvoices",
    number="GivenNumber",
    cancelled="Cancel",
    invoices=Metric.PURCHASE_INVOICE_COUNT,
    credit_notes=Metric.PURCHASE_CREDIT_NOTE_COUNT,
    net=Metric.PURCHASE_NET,
    vat=Metric.PURCHASE_VAT,
    vat_accounts=range(2610, 2650),
    sign=1,
    detail="SupplierInvoice",
    detail_vat="VAT",
    detail_rounding="RoundOffValue",
)


@dataclass(frozen=True, slots=True)
class Amounts:
    """A document's net and VAT, either in the books' currency or at `rate`; credit notes are negative."""

    net: Decimal
    vat: Decimal
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Document:
    """A booked invoice or credit note; `gross` is in its own currency, negative for a credit note."""

    side: Side
    number: str
    is_credit: bool
    gross: Decimal
    rate: Decimal | None
    vouchers: tuple[VoucherKey, ...]

    @property
    def record_id(self) -> str:
        return f"{self.side.name}/{self.number}"

    @property
    def count(self) -> Metric:
        return self.side.credit_notes if self.is_credit else self.side.invoices

    def amounts_of(self, vouchers: Iterable[SieVoucher]) -> Amounts:
        """VAT from the vouchers' rows; net is the gross without it and without the rounding row."""
        rows = [row for voucher in vouchers for row in _trusted(voucher).rows]
        vat = sum((row.amount for row in rows if row.account in self.side.vat_accounts), ZERO)
        rounding = sum((row.amount for row in rows if row.account == ROUNDING), ZERO)
        if self.rate is None:
            return Amounts(ZERO, ZERO, None)
        gross = rounded(self.gross * self.rate, CURRENCY)
        return Amounts(gross - self.side.sign * (vat + rounding), self.side.sign * vat, Decimal(1))

    def amounts_in(self, detail: Row) -> Amounts:
        """As the document's own page tells them, in its currency."""
        total, rounding = _needed(detail, "Total"), decimal(detail, self.side.detail_rounding) or ZERO
        # *unconfirmed*: a reverse charge is no VAT of the supplier's, whatever the field shows.
        is_reverse = detail.get("VATType") not in {None, NORMAL_VAT}
        vat = ZERO if is_reverse else decimal(detail, self.side.detail_vat) or ZERO
        sign = -1 if (total < 0) is not (self.gross < 0) else 1
        return Amounts(sign * (total - vat - rounding), sign * vat, self.rate)


def sale(row: Row) -> Document | None:
    """A row of the invoices; None while it is not booked."""
    if not flag(row, "Booked"):
        return None
    total = _needed(row, "Total")
    return Document(
        side=SALES,
        number=identifier(row, SALES.number),
        is_credit=is_sales_credit(total),
        gross=total,
        rate=_rate(row),
        vouchers=_sales_voucher(row),
    )


def purchase(row: Row) -> Document | None:
    """A row of the supplier invoices; None while it is not booked."""
    if not flag(row, "Booked"):
        return None
    vouchers = listed(row.get("Vouchers") or [], "Vouchers")
    is_credit = flag(row, "Credit")
    return Document(
        side=PURCHASES,
        number=identifier(row, PURCHASES.number),
        is_credit=is_credit,
        gross=supplier_gross(_needed(row, "Total"), is_credit=is_credit),
        rate=_rate(row),
        vouchers=tuple(
            VoucherKey(whole(one, "Year"), text(one, "Series"), identifier(one, "Number"))
            for one in vouchers
            if one.get("ReferenceType") == SUPPLIER_INVOICE
        ),
    )


def _sales_voucher(row: Row) -> tuple[VoucherKey, ...]:
    if not all(row.get(name) for name in ("VoucherYear", "VoucherSeries", "VoucherNumber")):
        return ()
    number = identifier(row, "VoucherNumber")
    return (VoucherKey(whole(row, "VoucherYear"), text(row, "VoucherSeries"), number),)


def is_sales_credit(total: Decimal) -> bool:
    """*unconfirmed*: the list has no flag, but credit notes have a negative total."""
    return total < 0


def supplier_gross(total: Decimal, *, is_credit: bool) -> Decimal:
    """*unconfirmed*: which sign a credit note's total has; the flag decides."""
    return -abs(total) if is_credit else total


def decimal(row: Row, name: str) -> Decimal | None:
    """An amount, as a number or in quotes: the same field comes in both ways; None where it is empty."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite():
            return amount
    raise UnreadableAnswerError(f"{name} is not a number")


def _needed(row: Row, name: str) -> Decimal:
    amount = decimal(row, name)
    if amount is None:
        raise UnreadableAnswerError(f"{name} is not a number")
    return amount


def _rate(row: Row) -> Decimal | None:
    """Kronor for one unit of the document's currency; None where it is not told."""
    if text(row, "Currency") == CURRENCY:
        return Decimal(1)
    rate, unit = decimal(row, "CurrencyRate"), decimal(row, "CurrencyUnit")
    return rate / unit if rate and unit else None


def _trusted(voucher: SieVoucher) -> SieVoucher:
    if voucher.problem is not None:
        raise UnreadableAnswerError(voucher.problem)
    return voucher
