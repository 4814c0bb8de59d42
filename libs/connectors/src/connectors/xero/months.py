"""What is read of Xero for a set of months."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Call
from connectors.errors import ForbiddenError, RejectedRequestError, UnreadableAnswerError
from connectors.kinds import PURCHASE_CREDIT_NOTE, PURCHASE_INVOICE, SALES_CREDIT_NOTE, SALES_INVOICE
from connectors.pagination import NumberedPage, numbered_pages
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, listed, mapping, text, whole
from connectors.sources import DOCUMENTS, RESULT
from connectors.xero.report import Totals, by_account, by_title

PATH = "/api.xro/2.0"
PAGE_SIZE = 1000
LIST_MONTHS = 12
COUNTED = frozenset({"AUTHORISED", "PAID"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRAPPED = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.PROFIT_AND_LOSS),
    Metric.ENTRY_COUNT: Source.LEDGER,
    Metric.BANK_TRANSACTION_COUNT: Source.DOCUMENTS,
}
KINDS = {
    "ACCREC": SALES_INVOICE,
    "ACCPAY": PURCHASE_INVOICE,
    "ACCRECCREDIT": SALES_CREDIT_NOTE,
    "ACCPAYCREDIT": PURCHASE_CREDIT_NOTE,
}


def plan(task: Task) -> Plan:
    """The lists over the whole range, then one report a month."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, LIST_MONTHS):
        lists = (months.invoices, months.credit_notes, months.bank_transactions, months.manual_journals)
        parts += [Part(window, partial(read, window)) for read in lists]
    parts += [Part([month], partial(months.report, month)) for month in task.months]
    return Plan(parts, months.fill_in_refused_reports)


@dataclass(slots=True)
class _Months:
    task: Task
    without_report: set[Month] = field(default_factory=set)
    classes: dict[str, str] | None = None
    asking_accounts: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def invoices(self, window: Months) -> None:
        """Sales and bills; without summaryOnly where it is refused or leaves fields out (*unconfirmed*)."""
        full = {"Statuses": ",".join(sorted(COUNTED))}
        try:
            rows = await self._list("Invoices", "InvoiceID", window, {**full, "summaryOnly": "true"})
            if all({"SubTotal", "TotalTax", "CurrencyCode"} <= set(row) for row in rows):
                return bucket(self.task.tally, window, rows, document_day, self._document)
        except RejectedRequestError as error:
            if error.status != 400:
                raise
        rows = await self._list("Invoices", "InvoiceID", window, full)
        return bucket(self.task.tally, window, rows, document_day, self._document)

    async def credit_notes(self, window: Months) -> None:
        rows = await self._list("CreditNotes", "CreditNoteID", window, {})
        bucket(self.task.tally, window, rows, document_day, self._document)

    async def bank_transactions(self, window: Months) -> None:
        rows = await self._list("BankTransactions", "BankTransactionID", window, {}, status="AUTHORISED")
        count = partial(self._counted, "AUTHORISED", "BankTransactionID", Metric.BANK_TRANSACTION_COUNT)
        bucket(self.task.tally, window, rows, document_day, count)

    async def manual_journals(self, window: Months) -> None:
        """The right to them may be missing: then their number is absent, and the month is whole."""
        tally = self.task.tally
        try:
            rows = await self._list("ManualJournals", "ManualJournalID", window, {}, status="POSTED")
        except ForbiddenError:
            for month in (month for month in self.task.months if month in window):
                tally.put(month, Metric.ENTRY_COUNT, None)
                tally.note(month, "MANUAL_JOURNALS_REFUSED")
            return
        for month in (month for month in self.task.months if month in window):
            tally.note(month, "ENTRIES_ARE_MANUAL_JOURNALS")
        count = partial(self._counted, "POSTED", "ManualJournalID", Metric.ENTRY_COUNT)
        bucket(tally, window, rows, document_day, count)

    async def report(self, month: Month) -> None:
        """Income and expenses; where the right is missing, the documents fill in for them at the end."""
        if self.without_report:
            self.without_report.add(month)
            return
        parameters = {
            "fromDate": month.first_day.isoformat(),
            "toDate": month.last_day.isoformat(),
            "standardLayout": "true",
            "paymentsOnly": "false",
        }
        try:
            answer = await self.task.api.json(Call(path=f"{PATH}/Reports/ProfitAndLoss", params=parameters))
        except ForbiddenError:
            self.without_report.add(month)
            return
        reports = listed(mapping(answer, "the report").get("Reports"), "Reports")
        rows = listed(reports[0].get("Rows") if reports else None, "Rows")
        totals = by_title(rows) or by_account(rows, await self._account_classes())
        self._put(month, totals)

    def fill_in_refused_reports(self) -> None:
        """Income and expenses from the documents; spent and received money and journals are not in them."""
        tally = self.task.tally
        for month in self.without_report:
            tally.put(month, Metric.INCOME_TOTAL, tally.amount(month, Metric.SALES_NET), Source.DOCUMENTS)
            tally.put(month, Metric.EXPENSE_TOTAL, tally.amount(month, Metric.PURCHASE_NET), Source.DOCUMENTS)
            tally.note(month, "INCOME_FROM_DOCUMENTS")

    async def _account_classes(self) -> dict[str, str]:
        async with self.asking_accounts:
            if self.classes is not None:
                return self.classes
            answer = mapping(await self.task.api.json(Call(path=f"{PATH}/Accounts")), "Accounts")
            accounts = listed(answer.get("Accounts"), "Accounts")
            self.classes = {text(row, "AccountID"): str(row.get("Class")) for row in accounts}
            return self.classes

    def _put(self, month: Month, totals: Totals) -> None:
        self.task.tally.put(month, Metric.INCOME_TOTAL, totals.income)
        self.task.tally.put(month, Metric.EXPENSE_TOTAL, totals.expenses)

    async def _list(
        self, name: str, id_name: str, window: Months, extra: Mapping[str, str], *, status: str | None = None
    ) -> list[Row]:
        where = f"Date>={_filter_day(window.first_day)} AND Date<{_filter_day(window.day_after)}"
        if status:
            where += f' AND Status=="{status}"'

        async def fetch(number: int) -> NumberedPage:
            page = {"page": str(number), "pageSize": str(PAGE_SIZE)}
            call = Call(path=f"{PATH}/{name}", params={"where": where, **extra, **page})
            answer = mapping(await self.task.api.json(call), name)
            rows = listed(answer.get(name), name)
            if "pagination" not in answer:
                return NumberedPage(rows, None, None)
            told = mapping(answer["pagination"], "pagination")
            return NumberedPage(rows, whole(told, "pageCount"), whole(told, "itemCount"))

        return await numbered_pages(fetch, size=PAGE_SIZE, id_of=lambda row: text(row, id_name))

    def _document(self, month: Month, row: Row) -> None:
        if text(row, "Status") not in COUNTED:
            return
        kind = KINDS.get(text(row, "Type"))
        if kind is None:
            raise UnreadableAnswerError("Type is of an unknown kind")
        record_id = row.get("InvoiceID") or row.get("CreditNoteID")
        self.task.tally.add_document(
            month,
            f"document/{record_id}",
            kind.count,
            kind.money(amount(row, "SubTotal"), amount(row, "TotalTax")),
            rate=self._rate(row),
        )

    def _rate(self, row: Row) -> Decimal | None:
        """Units of the document's currency for one of the organisation's."""
        if text(row, "CurrencyCode") == self.task.tally.currency:
            return Decimal(1)
        return None if row.get("CurrencyRate") is None else amount(row, "CurrencyRate")

    def _counted(self, status: str, id_name: str, metric: Metric, month: Month, row: Row) -> None:
        if text(row, "Status") == status:
            self.task.tally.add(month, f"{metric}/{text(row, id_name)}", {metric: Decimal(1)})


def document_day(row: Row) -> date:
    """DateString where there is one, else Date: milliseconds at midnight UTC, whatever its offset says."""
    if row.get("DateString"):
        return day(row, "DateString")
    found = _WRAPPED.fullmatch(text(row, "Date"))
    if found is None:
        raise UnreadableAnswerError("Date is not a date")
    try:
        return (_EPOCH + timedelta(milliseconds=int(found[1]))).date()
    except OverflowError:
        raise UnreadableAnswerError("Date is not a date") from None


def _filter_day(day: date) -> str:
    return f"DateTime({day:%Y,%m,%d})"
