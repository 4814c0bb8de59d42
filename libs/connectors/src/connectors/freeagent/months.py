"""What is read of FreeAgent for a set of months."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TypeVar

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Call
from connectors.errors import ForbiddenError, UnreadableAnswerError
from connectors.freeagent.amounts import ZERO, bill_amounts, credit_note_amounts, invoice_amounts
from connectors.freeagent.bank import claims, transactions
from connectors.freeagent.calls import count, dated_on, pages, patiently, period
from connectors.reading import Part, Plan, Task, bucket
from connectors.rows import Row, amount_or_text, day, mapping, text
from connectors.sources import DOCUMENTS, ENTRIES, RESULT

T = TypeVar("T")

STARTS_ON = "freeagent_start_date"
ONE = Decimal(1)
RATE_MULTIPLIES = True  # *unconfirmed* but for one documented example
# Beyond about two years back, lists are asked for whole.
LONGEST_VIEW_MONTHS = 24
NOT_ISSUED = frozenset({"draft", "scheduled to email"})
ISSUED = frozenset(
    {
        *("open", "zero value", "overdue", "paid", "overpaid", "refunded"),
        *("written-off", "part written-off"),
    }
)
# Figures may be whole pounds, each rounded by itself.
TOLERANCE = Decimal("1.00")

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.PROFIT_AND_LOSS),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.DOCUMENTS,
}
_SALES = (Metric.SALES_NET, Metric.SALES_VAT)
_PURCHASES = (Metric.PURCHASE_NET, Metric.PURCHASE_VAT)
_MONEY = {
    Metric.SALES_INVOICE_COUNT: _SALES,
    Metric.SALES_CREDIT_NOTE_COUNT: _SALES,
    Metric.PURCHASE_INVOICE_COUNT: _PURCHASES,
    Metric.PURCHASE_CREDIT_NOTE_COUNT: _PURCHASES,
}
_ACCOUNTING, _BANKING, _DOCUMENTS = "accounting", "banking", "documents"


def plan(task: Task) -> Plan:
    """The lists over the whole range, then month by month, so that a limit leaves whole months behind."""
    starts_on = date.fromisoformat(task.api.facts.get(STARTS_ON, date.min.isoformat()))
    wanted = [month for month in task.months if month.last_day >= starts_on]
    for month in set(task.months) - set(wanted):
        task.tally.note(month, "BEFORE_THE_BOOKS")
    if not wanted:
        return Plan(())
    months = _Months(task, wanted, Months(wanted[0], wanted[-1]))
    lists = (months.invoices, months.credit_notes, months.bills, months.journals, months.bank)
    parts = [Part(wanted, read) for read in lists]
    for month in wanted:
        parts += [Part([month], partial(months.report, month)), Part([month], partial(months.ledger, month))]
    return Plan(parts, months.fill_in_refused_reports)


def view(first: Month, today: date) -> str:
    """Invoices and credit notes are not listed by day, only by how many months they go back."""
    current = Month.of(today)
    length = len(Months(min(first, current), current)) + 1  # one more, for who counts from today's day
    return f"last_{length}_months" if length <= LONGEST_VIEW_MONTHS else "all"


@dataclass(slots=True)
class _Months:
    task: Task
    wanted: list[Month]
    span: Months
    refused: dict[str, ForbiddenError] = field(default_factory=dict)
    without_report: set[Month] = field(default_factory=set)
    claims: dict[Month, Decimal] | None = None
    asking_claims: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def invoices(self) -> None:
        rows = await self._viewed("/invoices")
        bucket(self.task.tally, self.wanted, rows, dated_on, self._invoice)

    async def credit_notes(self) -> None:
        rows = await self._viewed("/credit_notes")
        bucket(self.task.tally, self.wanted, rows, dated_on, self._credit_note)

    async def bills(self) -> None:
        rows = await self._with(
            _DOCUMENTS, partial(pages, self.task.api, "/bills", period(self.span.first, self.span.last))
        )
        bucket(self.task.tally, self.wanted, rows, dated_on, self._bill)

    async def journals(self) -> None:
        """Journal sets; opening balances stand apart and have no day."""
        try:
            rows = await self._with(
                _ACCOUNTING,
                partial(pages, self.task.api, "/journal_sets", period(self.span.first, self.span.last)),
            )
        except ForbiddenError:
            self._leave_out(self.wanted, Metric.ENTRY_COUNT, "MANUAL_JOURNALS_REFUSED")
            return
        for month in self.wanted:
            self.task.tally.note(month, "ENTRIES_ARE_MANUAL_JOURNALS")
        bucket(self.task.tally, self.wanted, rows, dated_on, self._journal)

    async def bank(self) -> None:
        ask = partial(transactions, self.task.api, self.wanted, self.span)
        try:
            found = await self._with(_BANKING, ask)
        except ForbiddenError:
            self._leave_out(self.wanted, Metric.BANK_TRANSACTION_COUNT, "BANK_REFUSED")
            return
        for month, number in found.items():
            self.task.tally.put(month, Metric.BANK_TRANSACTION_COUNT, number)

    async def report(self, month: Month) -> None:
        """Income and expenses; where the level is too low, the documents fill in for them at the end."""
        call = Call(path="/accounting/profit_and_loss/summary", params=period(month))
        try:
            answer = await self._with(_ACCOUNTING, partial(self.task.api.json, call))
        except ForbiddenError:
            self.without_report.add(month)
            await self._read_claims()
            return
        summary = mapping(mapping(answer, "the report").get("profit_and_loss_summary"), "the report")
        if not _is_of(month, summary, self._today()):
            raise UnreadableAnswerError("the profit and loss is of another period")
        income, expenses = amount_or_text(summary, "income"), amount_or_text(summary, "expenses")
        tally = self.task.tally
        tally.put(month, Metric.INCOME_TOTAL, income)
        tally.put(month, Metric.EXPENSE_TOTAL, expenses)
        if abs(income - expenses - amount_or_text(summary, "operating_profit")) > TOLERANCE:
            tally.note(month, "PROFIT_AND_LOSS_DIFFERS")
        if not any("." in str(summary[name]) for name in ("income", "expenses")):
            tally.note(month, "INCOME_IN_WHOLE_UNITS")

    async def ledger(self, month: Month) -> None:
        params = period(month)
        try:
            rows = await self._with(
                _ACCOUNTING, partial(count, self.task.api, "/accounting/transactions", params)
            )
        except ForbiddenError:
            self._leave_out([month], Metric.ENTRY_LINE_COUNT, "LEDGER_REFUSED")
            return
        self.task.tally.put(month, Metric.ENTRY_LINE_COUNT, Decimal(rows))

    def fill_in_refused_reports(self) -> None:
        """Income and expenses from documents and expense claims; journals and the bank are not in them."""
        tally = self.task.tally
        for month in self.without_report:
            bills, claims = tally.amount(month, Metric.PURCHASE_NET), (self.claims or {}).get(month, ZERO)
            tally.put(month, Metric.INCOME_TOTAL, tally.amount(month, Metric.SALES_NET), Source.DOCUMENTS)
            expenses = None if bills is None else bills + claims
            tally.put(month, Metric.EXPENSE_TOTAL, expenses, Source.DOCUMENTS)
            tally.note(month, "INCOME_FROM_DOCUMENTS")

    async def _viewed(self, path: str) -> list[Row]:
        params = {"view": view(self.span.first, self._today())}
        return await self._with(_DOCUMENTS, partial(pages, self.task.api, path, params))

    async def _with(self, right: str, ask: Callable[[], Awaitable[T]]) -> T:
        """An answer that needs a right; once that is refused for good, nothing more is asked with it."""
        if right in self.refused:
            raise self.refused[right]
        try:
            return await patiently(self.task.api, ask)
        except ForbiddenError as error:
            self.refused[right] = error
            raise

    async def _read_claims(self) -> None:
        """What staff paid out of their own pockets, once for the whole range."""
        async with self.asking_claims:
            if self.claims is not None:
                return
            self.claims = await claims(self.task.api, self.wanted, self.span, self.task.tally.currency)

    def _invoice(self, month: Month, row: Row) -> None:
        if _is_issued(row):
            self._add(month, row, Metric.SALES_INVOICE_COUNT, invoice_amounts(row))

    def _credit_note(self, month: Month, row: Row) -> None:
        if _is_issued(row):
            self._add(month, row, Metric.SALES_CREDIT_NOTE_COUNT, credit_note_amounts(row))

    def _bill(self, month: Month, row: Row) -> None:
        is_refund = amount_or_text(row, "total_value") < 0
        kind = Metric.PURCHASE_CREDIT_NOTE_COUNT if is_refund else Metric.PURCHASE_INVOICE_COUNT
        self._add(month, row, kind, bill_amounts(row))

    def _journal(self, month: Month, row: Row) -> None:
        self.task.tally.add(month, _record_id(row), {Metric.ENTRY_COUNT: ONE})

    def _add(self, month: Month, row: Row, kind: Metric, amounts: tuple[Decimal, Decimal]) -> None:
        money = dict(zip(_MONEY[kind], amounts, strict=True))
        rate = self._rate(row)
        self.task.tally.add_document(
            month, _record_id(row), kind, money, rate=rate, rate_is_own=RATE_MULTIPLIES
        )

    def _rate(self, row: Row) -> Decimal | None:
        if text(row, "currency") == self.task.tally.currency:
            return ONE
        return None if row.get("exchange_rate") in {None, ""} else amount_or_text(row, "exchange_rate")

    def _leave_out(self, months: Collection[Month], metric: Metric, note: str) -> None:
        for month in months:
            self.task.tally.put(month, metric, None)
            self.task.tally.note(month, note)

    def _today(self) -> date:
        return self.task.api.session.clock.now().date()


def _is_issued(row: Row) -> bool:
    status = text(row, "status").lower()
    if status not in NOT_ISSUED | ISSUED:
        raise UnreadableAnswerError("status is of an unknown kind")
    return status in ISSUED


def _record_id(row: Row) -> str:
    """The end of its address, the same wherever the API is."""
    return "/".join(text(row, "url").split("/")[-2:])


def _is_of(month: Month, summary: Row, today: date) -> bool:
    """A month that has not ended may be cut off at today (*unconfirmed*)."""
    ends_on = day(summary, "to")
    is_whole = ends_on == month.last_day or today <= ends_on < month.last_day
    return day(summary, "from") == month.first_day and is_whole
