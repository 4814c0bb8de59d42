"""What is read of e-conomic for a set of months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors import sources
from connectors.e_conomic.calls import SALES, YEARS, TooManyRowsError, entries_tail, listed_pages
from connectors.errors import ConnectorError, UnreadableAnswerError
from connectors.money import rounded
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, identifier, mapping, month_of, text, whole

LIST_MONTHS = 12
# *unconfirmed*: how deep pages go; the vendor's newer services end at this row.
MOST_IN_ONE_LIST = 10_000
TOLERANCE = Decimal("0.05")
ZERO = Decimal(0)
ONE = Decimal(1)

SOURCES = {
    **dict.fromkeys((*sources.SALES, Metric.DOCUMENT_COUNT), Source.DOCUMENTS),
    **dict.fromkeys((*sources.PURCHASES, *sources.RESULT, *sources.ENTRIES), Source.LEDGER),
}
_SUPPLIER_INVOICE = "supplierInvoice"
_MANUAL_INVOICE = "manualDebtorInvoice"
_OPENING = frozenset({"openingEntry", "transferredOpeningEntry"})
_ENTRY_TYPES = _OPENING | {
    *("customerInvoice", "customerPayment", _SUPPLIER_INVOICE, "supplierPayment", "financeVoucher"),
    *("reminder", "systemEntry", _MANUAL_INVOICE),
}
_RESULT = "profitAndLoss"
_NO_RESULT = frozenset({"status", "heading", "headingStart", "totalFrom", "sumInterval", "sumAlpha"})
# *unconfirmed*: that the usual side of a result account tells income from expenses.
_RESULT_SIDES = {"credit": Metric.INCOME_TOTAL, "debit": Metric.EXPENSE_TOTAL}


@dataclass(frozen=True, slots=True)
class _Year:
    """An accounting year, and where its entries are below the path of the years."""

    first: date
    last: date
    tail: str


def plan(task: Task) -> Plan:
    """Master data, the invoices over the whole range, then month by month the entries of its year."""
    months = _Months(task)
    parts = [Part(task.months, months.masters)]
    parts += [Part(window, partial(months.sales, window)) for window in windows(task.months, LIST_MONTHS)]
    parts += [Part([month], partial(months.ledger, month)) for month in task.months]
    return Plan(parts)


@dataclass(slots=True)
class _Months:
    task: Task
    years: list[_Year] = field(default_factory=list)
    accounts: dict[str, Row] = field(default_factory=dict)
    vat_accounts: set[str] = field(default_factory=set)
    entries: dict[Month, list[Row]] = field(default_factory=dict)
    unread: dict[_Year, ConnectorError] = field(default_factory=dict)

    async def masters(self) -> None:
        """Accounting years, chart of accounts, VAT codes."""
        api = self.task.api
        for row in await listed_pages(api, YEARS, {}, id_name="fromDate"):
            tail = entries_tail(text(row, "entries"), api.address)
            self.years.append(_Year(day(row, "fromDate"), day(row, "toDate"), tail))
        for row in await listed_pages(api, "/accounts", {}, id_name="accountNumber"):
            self.accounts[identifier(row, "accountNumber")] = row
        for row in await listed_pages(api, "/vat-accounts", {}, id_name="vatCode"):
            told = [name for name in ("account", "contraAccount") if row.get(name)]
            self.vat_accounts |= {_account(row, name) for name in told}

    async def sales(self, window: Months) -> None:
        rows = await self._rows(SALES, window, "bookedInvoiceNumber")
        bucket(self.task.tally, window, rows, lambda row: day(row, "date"), self._sale)

    async def ledger(self, month: Month) -> None:
        """A month lies in one accounting year, whose entries are read once for all its wanted months."""
        year = next((year for year in self.years if _holds(year, month)), None)
        if year is None:
            self.task.tally.note(month, "OUTSIDE_ACCOUNTING_YEARS")
            return
        if month not in self.entries:
            await self._read(year)
        vouchers: dict[str, list[Row]] = {}
        for row in self.entries[month]:
            self._entry(month, row)
            if _is_counted(row):
                vouchers.setdefault(identifier(row, "voucherNumber"), []).append(row)
        for number, rows in vouchers.items():
            self._voucher(month, number, rows)

    async def _read(self, year: _Year) -> None:
        if year in self.unread:
            raise self.unread[year]
        wanted = [month for month in self.task.months if _holds(year, month)]
        found: dict[Month, list[Row]] = {month: [] for month in wanted}
        try:
            for row in await self._rows(YEARS, Months.spanning(wanted), "entryNumber", year.tail):
                found.get(month_of(day(row, "date")), []).append(row)
        except ConnectorError as error:
            self.unread[year] = error
            raise
        self.entries |= found

    async def _rows(self, path: str, window: Months, id_name: str, tail: str = "") -> list[Row]:
        """All rows dated in the window; month by month where they are too many for one list."""
        period = f"date$gte:{window.first_day}$and:date$lte:{window.last_day}"
        params = {"filter": period, "sort": id_name}
        most = MOST_IN_ONE_LIST if len(window) > 1 else None
        try:
            rows = await listed_pages(self.task.api, path, params, id_name=id_name, tail=tail, most=most)
        except TooManyRowsError:
            wanted = [month for month in window if month in self.task.tally]
            lists = [await self._rows(path, Months(month, month), id_name, tail) for month in wanted]
            return [row for rows in lists for row in rows]
        if any(not window.first_day <= day(row, "date") <= window.last_day for row in rows):
            raise UnreadableAnswerError("a list holds rows of days that were not asked for")
        return rows

    def _sale(self, month: Month, row: Row) -> None:
        tally = self.task.tally
        net, gross = amount(row, "netAmountInBaseCurrency"), amount(row, "grossAmountInBaseCurrency")
        rounding = ZERO if row.get("roundingAmount") is None else amount(row, "roundingAmount")
        vat = vat_in_base(row, tally.currency)
        if vat is None:
            vat = gross - net - rounding
        elif min(abs(gross - net - vat), abs(gross - net - rounding - vat)) > TOLERANCE:
            tally.note(month, "VAT_DIFFERS", times=1)
        tally.add_document(
            month,
            f"sale/{identifier(row, 'bookedInvoiceNumber')}",
            Metric.SALES_CREDIT_NOTE_COUNT if (net or gross) < 0 else Metric.SALES_INVOICE_COUNT,
            {Metric.SALES_NET: net, Metric.SALES_VAT: vat},
        )

    def _entry(self, month: Month, row: Row) -> None:
        """One row of the ledger, debit positive."""
        tally, debit = self.task.tally, amount(row, "amountInBaseCurrency")
        counts = {Metric.ENTRY_LINE_COUNT: ONE} if _is_counted(row) else {}
        side = self._result_side(_account(row, "account"))
        if side is not None:
            counts[side] = -debit if side is Metric.INCOME_TOTAL else debit
        if text(row, "entryType") == _MANUAL_INVOICE and row.get("customer"):
            tally.note(month, "MANUAL_CUSTOMER_INVOICES", times=1)
        tally.add(month, f"entry/{identifier(row, 'entryNumber')}", counts)

    def _voucher(self, month: Month, number: str, rows: Sequence[Row]) -> None:
        """A voucher; its bills and their credit notes where it has some."""
        tally, bills = self.task.tally, supplier_rows(rows)
        money: Mapping[Metric, Decimal] = {}
        if bills:
            gross = -sum((amount(row, "amountInBaseCurrency") for row in bills), ZERO)
            vat_rows = [row for row in rows if _account(row, "account") in self.vat_accounts]
            vat = sum((amount(row, "amountInBaseCurrency") for row in vat_rows), ZERO)
            money = {Metric.PURCHASE_NET: gross - vat, Metric.PURCHASE_VAT: vat}
        tally.add(month, f"voucher/{number}", {Metric.ENTRY_COUNT: ONE, **money})
        for row in bills:
            is_credit = amount(row, "amountInBaseCurrency") > 0
            count = Metric.PURCHASE_CREDIT_NOTE_COUNT if is_credit else Metric.PURCHASE_INVOICE_COUNT
            tally.add(month, f"purchase/{identifier(row, 'entryNumber')}", {count: ONE})

    def _result_side(self, number: str) -> Metric | None:
        """Where a row on this account counts; None for the balance sheet."""
        account = self.accounts.get(number)
        if account is None:
            raise UnreadableAnswerError("an entry's account is not in the chart of accounts")
        kind, side = text(account, "accountType"), account.get("debitCredit")
        if kind in _NO_RESULT:
            return None
        if kind != _RESULT or side not in _RESULT_SIDES:
            raise UnreadableAnswerError("accountType or debitCredit is of an unknown kind")
        return _RESULT_SIDES[side]


def vat_in_base(row: Row, currency: str) -> Decimal | None:
    """*unconfirmed*: the invoice's rate, for 100 of its currency, holds for its VAT; None without a rate."""
    vat = amount(row, "vatAmount")
    if text(row, "currency") == currency:
        return vat
    if row.get("exchangeRate") is None or amount(row, "exchangeRate") <= 0:
        return None
    return rounded(vat * amount(row, "exchangeRate") / 100, currency)


def supplier_rows(rows: Sequence[Row]) -> list[Row]:
    """*unconfirmed*: of a bill's voucher only the row on the creditors account names the supplier."""
    return [row for row in rows if text(row, "entryType") == _SUPPLIER_INVOICE and row.get("supplier")]


def _is_counted(row: Row) -> bool:
    """False for balances that were carried into the year."""
    kind = text(row, "entryType")
    if kind not in _ENTRY_TYPES:
        raise UnreadableAnswerError("entryType is of an unknown kind")
    return kind not in _OPENING


def _holds(year: _Year, month: Month) -> bool:
    """Years end with a month; the agreement's first one may begin within one."""
    return year.first <= month.last_day and month.first_day <= year.last


def _account(row: Row, name: str) -> str:
    return str(whole(mapping(row.get(name), name), "accountNumber"))
