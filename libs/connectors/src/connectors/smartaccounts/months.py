"""What is read of SmartAccounts for a set of months."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.errors import ForbiddenError, UnreadableAnswerError
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, identifier, listed, text
from connectors.smartaccounts.calls import first_page, listed_rows, paged_rows
from connectors.sources import DOCUMENTS, ENTRIES, RESULT

ACCOUNTS = "settings/accounts"
SALES = "purchasesales/clientinvoices"
PURCHASES = "purchasesales/vendorinvoices"
LEDGER = "general/entries"
LIST_MONTHS = 12
CREDIT = "CRE"
BANK_PAYMENT = "BANK_PAYMENT"
TOLERANCE = Decimal("0.05")
ZERO, ONE = Decimal(0), Decimal(1)

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.LEDGER),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.LEDGER,
}
# What a debit on an account of this type adds; other types are on the balance sheet.
RESULTS = {"INCOME": (Metric.INCOME_TOTAL, -1), "EXPENSE": (Metric.EXPENSE_TOTAL, 1)}
_FROM_DOCUMENTS = {
    Metric.INCOME_TOTAL: Metric.SALES_NET,
    Metric.EXPENSE_TOTAL: Metric.PURCHASE_NET,
}
_LEDGER_COUNTS = (Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.BANK_TRANSACTION_COUNT)


def plan(task: Task) -> Plan:
    """Each list once over a year."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, LIST_MONTHS):
        lists = (months.ledger, months.sales, months.purchases)
        parts += [Part(window, partial(read, window)) for read in lists]
    return Plan(parts, months.finish)


async def account_types(api: Api) -> dict[str, str]:
    """The type of each ledger account, by code."""
    return {identifier(row, "code"): text(row, "type") for row in await listed_rows(api, ACCOUNTS)}


async def probe(api: Api, month: Month) -> None:
    """A day of each list that a month cannot do without; without the ledger it is read all the same."""
    day = _period(month.first_day, month.first_day)
    for service in (SALES, PURCHASES):
        await first_page(api, service, {**day, "dateType": "date"})


@dataclass(slots=True)
class _Months:
    task: Task
    types: dict[str, str] = field(default_factory=dict)
    without_ledger: set[Month] = field(default_factory=set)
    with_result: set[Month] = field(default_factory=set)

    async def ledger(self, window: Months) -> None:
        """Entries and, through the chart of accounts, the result; the right to them may be missing."""
        api, asked = self.task.api, {**_period(window.first_day, window.last_day), "fetchRows": "true"}
        try:
            self.types = self.types or await account_types(api)
            rows = await paged_rows(api, LEDGER, asked)
        except ForbiddenError as error:
            if error.code is not ProblemCode.NO_PERMISSION:
                raise
            self.without_ledger.update(month for month in self.task.months if month in window)
            return
        bucket(self.task.tally, window, rows, _day, self._entry)

    async def sales(self, window: Months) -> None:
        bucket(self.task.tally, window, await self._documents(SALES, window), _day, self._sale)

    async def purchases(self, window: Months) -> None:
        bucket(self.task.tally, window, await self._documents(PURCHASES, window), _day, self._purchase)

    def finish(self) -> None:
        """Documents fill in for a ledger that may not be read."""
        tally = self.task.tally
        for month in self.without_ledger:
            for metric in _LEDGER_COUNTS:
                tally.put(month, metric, None)
            for metric, documents in _FROM_DOCUMENTS.items():
                tally.put(month, metric, tally.amount(month, documents), Source.DOCUMENTS)
            tally.note(month, "INCOME_FROM_DOCUMENTS")
        for month in self.with_result:
            if month.number == 12 and self._is_without_result(month):
                tally.note(month, "YEAR_MAY_BE_CLOSED")

    async def _documents(self, service: str, window: Months) -> list[Row]:
        asked = {**_period(window.first_day, window.last_day), "dateType": "date"}
        return await paged_rows(self.task.api, service, asked)

    def _sale(self, month: Month, row: Row) -> None:
        """A credit's amounts have no documented sign: they are taken as negative, whatever they are."""
        kind, net, vat = row.get("type"), amount(row, "amount"), amount(row, "vatAmount")
        if kind not in {None, CREDIT}:
            raise UnreadableAnswerError("type is of an unknown kind")
        if kind == CREDIT:
            net, vat = -abs(net), -abs(vat)
        self.task.tally.add_document(
            month,
            f"sale/{identifier(row, 'id')}",
            Metric.SALES_CREDIT_NOTE_COUNT if kind == CREDIT else Metric.SALES_INVOICE_COUNT,
            {Metric.SALES_NET: net, Metric.SALES_VAT: vat},
            rate=self._rate(row),
        )

    def _purchase(self, month: Month, row: Row) -> None:
        net, vat = amount(row, "amount"), amount(row, "vatAmount")
        self.task.tally.add_document(
            month,
            f"purchase/{identifier(row, 'id')}",
            Metric.PURCHASE_CREDIT_NOTE_COUNT if net < 0 else Metric.PURCHASE_INVOICE_COUNT,
            {Metric.PURCHASE_NET: net, Metric.PURCHASE_VAT: vat},
            rate=self._rate(row),
        )

    def _entry(self, month: Month, row: Row) -> None:
        lines = listed(row.get("rows"), "rows")
        counts = {
            Metric.ENTRY_COUNT: ONE,
            Metric.ENTRY_LINE_COUNT: Decimal(len(lines)),
            Metric.BANK_TRANSACTION_COUNT: ONE if text(row, "docType") == BANK_PAYMENT else ZERO,
        }
        unknown = 0
        for line in lines:
            debit = amount(line, "debitAmount") - amount(line, "creditAmount")
            kind = self.types.get(identifier(line, "account"))
            unknown += kind is None
            if kind in RESULTS:
                metric, sign = RESULTS[kind]
                self.with_result.add(month)
                counts[metric] = counts.get(metric, ZERO) + sign * debit
        self.task.tally.add(month, f"entry/{identifier(row, 'id')}", counts)
        if unknown:
            self.task.tally.note(month, "UNKNOWN_ACCOUNT", times=unknown)

    def _rate(self, row: Row) -> Decimal | None:
        """Units of the invoice's currency for one euro."""
        if text(row, "currency") == self.task.tally.currency:
            return ONE
        return None if row.get("exchangeRate") is None else amount(row, "exchangeRate")

    def _is_without_result(self, month: Month) -> bool:
        """Rows of income and expenses that end at nothing: what a closing entry would leave."""
        told = [self.task.tally.amount(month, metric) for metric in _FROM_DOCUMENTS]
        return all(one is not None and abs(one) <= TOLERANCE for one in told)


def _period(first: date, last: date) -> dict[str, str]:
    """Both ends belong to the period."""
    return {"dateFrom": f"{first:%d.%m.%Y}", "dateTo": f"{last:%d.%m.%Y}"}


def _day(row: Row) -> date:
    try:
        return datetime.strptime(text(row, "date"), "%d.%m.%Y").date()  # noqa: DTZ007 (a day, no instant)
    except ValueError:
        raise UnreadableAnswerError("date is not a date") from None
