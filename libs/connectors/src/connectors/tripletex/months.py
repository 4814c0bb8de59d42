"""What is read of Tripletex for a set of months."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api, Call
from connectors.errors import RejectedRequestError, UnreadableAnswerError
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, flag, identifier, mapping, whole
from connectors.sources import DOCUMENTS, ENTRIES, RESULT
from connectors.tripletex.calls import TOO_MANY_ROWS, listed_pages

LIST_MONTHS = 12
TOLERANCE = Decimal("0.05")
ZERO = Decimal(0)
ONE = Decimal(1)

INVOICE_FIELDS = (
    "id,invoiceNumber,invoiceDate,isCreditNote,isCharged,amount,amountExcludingVat,amountRoundoff,"
    "amountCurrency,amountExcludingVatCurrency,currency(code)"
)
SUPPLIER_INVOICE_FIELDS = (
    "id,invoiceNumber,invoiceDate,isCreditNote,amount,amountExcludingVat,amountCurrency,currency(code),"
    "voucher(id,number,date)"
)
BALANCE_FIELDS = "account(number,name,type),balanceIn,balanceChange,balanceOut"
POSTING_FIELDS = "id,date,amount,account(number,type,isBankAccount),voucher(id)"
RESULT_ACCOUNTS = {"accountNumberFrom": "3000", "accountNumberTo": "9000"}  # the end is exclusive

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.PROFIT_AND_LOSS),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.LEDGER,
}
# Where an account's movement counts; tax, result, closing entries and balance accounts count nowhere.
PLACES: Mapping[str, Metric | None] = {
    "OPERATING_REVENUES": Metric.INCOME_TOTAL,
    "INVESTMENT_INCOME": Metric.INCOME_TOTAL,
    "EXTRAORDINARY_INCOME": Metric.INCOME_TOTAL,
    "OPERATING_EXPENSES": Metric.EXPENSE_TOTAL,
    "COST_OF_CAPITAL": Metric.EXPENSE_TOTAL,
    "EXTRAORDINARY_COST": Metric.EXPENSE_TOTAL,
    **dict.fromkeys(("TAX_ON_ORDINARY_ACTIVITIES", "TAX_ON_EXTRAORDINARY_ACTIVITIES"), None),
    **dict.fromkeys(("ANNUAL_RESULT", "TRANSFERS_AND_ALLOCATIONS"), None),
    **dict.fromkeys(("ASSETS", "EQUITY", "LIABILITIES"), None),
}
# The Norwegian standard chart, for accounts without a type: the first digits of an account's number.
_CHART = {
    **dict.fromkeys("129", "ASSETS"),
    "3": "OPERATING_REVENUES",
    **dict.fromkeys("4567", "OPERATING_EXPENSES"),
    "80": "INVESTMENT_INCOME",
    "81": "COST_OF_CAPITAL",
    "83": "TAX_ON_ORDINARY_ACTIVITIES",
    "84": "EXTRAORDINARY_INCOME",
    "85": "EXTRAORDINARY_COST",
    "86": "TAX_ON_EXTRAORDINARY_ACTIVITIES",
    "88": "ANNUAL_RESULT",
    "89": "TRANSFERS_AND_ALLOCATIONS",
}


def plan(task: Task) -> Plan:
    """The lists over the whole range, then one report a month."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, LIST_MONTHS):
        lists = (months.sales, months.purchases, months.postings)
        parts += [Part(window, partial(read, window)) for read in lists]
    parts += [Part([month], partial(months.report, month)) for month in task.months]
    return Plan(parts, months.compare)


async def probe(api: Api, month: Month) -> None:
    """One row of each list: what the token may not see is refused."""
    first, after = month.first_day.isoformat(), month.plus(1).first_day.isoformat()
    for path, prefix in (
        ("/invoice", "invoiceDate"),
        ("/supplierInvoice", "invoiceDate"),
        ("/balanceSheet", "date"),
        ("/ledger/posting", "date"),
    ):
        dates = {f"{prefix}From": first, f"{prefix}To": after}
        await api.json(Call(path=path, params={**dates, "from": "0", "count": "1"}))


@dataclass(slots=True)
class _Months:
    task: Task
    ledger: dict[Month, dict[Metric, Decimal]] = field(default_factory=dict)

    async def sales(self, window: Months) -> None:
        fixed = {"sorting": "id", "fields": INVOICE_FIELDS}
        rows = await self._rows("/invoice", "invoiceDate", window.first_day, window.day_after, fixed)
        bucket(self.task.tally, window, rows, lambda row: day(row, "invoiceDate"), self._sale)

    async def purchases(self, window: Months) -> None:
        fixed = {"sorting": "id", "fields": SUPPLIER_INVOICE_FIELDS}
        rows = await self._rows("/supplierInvoice", "invoiceDate", window.first_day, window.day_after, fixed)
        bucket(self.task.tally, window, rows, lambda row: day(row, "invoiceDate"), self._purchase)

    async def postings(self, window: Months) -> None:
        fixed = {"sorting": "id", "fields": POSTING_FIELDS}
        rows = await self._rows("/ledger/posting", "date", window.first_day, window.day_after, fixed)
        self.ledger.update({month: {} for month in window})
        bucket(self.task.tally, window, rows, lambda row: day(row, "date"), self._posting)

    async def report(self, month: Month) -> None:
        """Income and expenses from the movement of the result accounts, debit positive."""
        fixed = {**RESULT_ACCOUNTS, "fields": BALANCE_FIELDS}
        rows = await self._rows("/balanceSheet", "date", month.first_day, month.plus(1).first_day, fixed)
        sums: dict[Metric, Decimal] = {}
        for row in rows:
            _add_result(sums, mapping(row.get("account"), "account"), amount(row, "balanceChange"))
        for metric in (Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL):
            self.task.tally.put(month, metric, sums.get(metric, ZERO))

    def compare(self) -> None:
        """Report and postings tell the same; where they do not, the month says so."""
        tally = self.task.tally
        for month in tally.open_months:
            for metric in (Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL):
                told = tally.amount(month, metric) or ZERO
                if abs(told - self.ledger[month].get(metric, ZERO)) > TOLERANCE:
                    tally.note(month, "PROFIT_AND_LOSS_DIFFERS")

    async def _rows(
        self, path: str, dates: str, first: date, after: date, fixed: Mapping[str, str]
    ) -> list[Row]:
        """All rows from `first` up to but without `after`; halved where they are too many for one list."""
        period = {f"{dates}From": first.isoformat(), f"{dates}To": after.isoformat()}
        try:
            return await listed_pages(self.task.api, path, {**period, **fixed})
        except RejectedRequestError as error:
            if error.vendor_code != TOO_MANY_ROWS or (after - first).days < 2:
                raise
        middle = first + timedelta(days=(after - first).days // 2)
        early = await self._rows(path, dates, first, middle, fixed)
        return early + await self._rows(path, dates, middle, after, fixed)

    def _sale(self, month: Month, row: Row) -> None:
        if not flag(row, "isCharged"):
            return
        gross, net = amount(row, "amount"), amount(row, "amountExcludingVat")
        roundoff = ZERO if row.get("amountRoundoff") is None else amount(row, "amountRoundoff")
        self.task.tally.add_document(
            month,
            f"sale/{identifier(row, 'id')}",
            Metric.SALES_CREDIT_NOTE_COUNT if flag(row, "isCreditNote") else Metric.SALES_INVOICE_COUNT,
            {Metric.SALES_NET: net, Metric.SALES_VAT: gross - net - roundoff},
        )

    def _purchase(self, month: Month, row: Row) -> None:
        """Bills come negative, their credit notes positive; what is not booked yet may show zeros."""
        voucher = row.get("voucher")
        if voucher is None or whole(mapping(voucher, "voucher"), "number") <= 0:
            self.task.tally.note(month, "NOT_BOOKED", times=1)
            return
        gross, net = amount(row, "amount"), amount(row, "amountExcludingVat")
        is_credit = flag(row, "isCreditNote")
        self.task.tally.add_document(
            month,
            f"purchase/{identifier(row, 'id')}",
            Metric.PURCHASE_CREDIT_NOTE_COUNT if is_credit else Metric.PURCHASE_INVOICE_COUNT,
            {Metric.PURCHASE_NET: -net, Metric.PURCHASE_VAT: net - gross},
        )

    def _posting(self, month: Month, row: Row) -> None:
        tally, account = self.task.tally, mapping(row.get("account"), "account")
        counts = {Metric.ENTRY_LINE_COUNT: ONE}
        if flag(account, "isBankAccount"):
            counts[Metric.BANK_TRANSACTION_COUNT] = ONE
        _add_result(self.ledger[month], account, amount(row, "amount"))
        voucher_id = f"voucher/{identifier(mapping(row.get('voucher'), 'voucher'), 'id')}"
        if tally.is_new(month, voucher_id):
            tally.add(month, voucher_id, {Metric.ENTRY_COUNT: ONE})
        tally.add(month, f"posting/{identifier(row, 'id')}", counts)


def _add_result(sums: dict[Metric, Decimal], account: Row, debit: Decimal) -> None:
    metric = PLACES[_account_type(account)]
    if metric is not None:
        sums[metric] = sums.get(metric, ZERO) + (-debit if metric is Metric.INCOME_TOTAL else debit)


def _account_type(account: Row) -> str:
    told = account.get("type")
    if told is None:
        digits = identifier(account, "number")
        told = _CHART.get(digits[:1]) or _CHART.get(digits[:2])
    if told not in PLACES:
        raise UnreadableAnswerError("account.type is of an unknown kind")
    return str(told)
