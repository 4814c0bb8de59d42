"""What is read of Trigon for a set of months."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import TypeVar

from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import DOCUMENT_COUNTS, Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.errors import ForbiddenError, UnreadableAnswerError
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, identifier, listed, text, whole
from connectors.sources import DOCUMENTS, ENTRIES, RESULT
from connectors.trigon.calls import NotOfferedError, counts_of, first_page, rows_between
from connectors.trigon.contract import (
    LONGEST_MONTHS,
    AccountType,
    Count,
    DocumentType,
    Field,
    Listing,
    Status,
)

ZERO, ONE = Decimal(0), Decimal(1)
Word = TypeVar("Word", bound=StrEnum)

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.LEDGER),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.DOCUMENTS,
}


@dataclass(frozen=True, slots=True)
class Side:
    """A list of documents, and the metrics that it gives."""

    listing: Listing
    invoices: Metric
    credits: Metric
    net: Metric
    vat: Metric

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.invoices, self.credits, self.net, self.vat


SALES = Side(
    Listing.SALES,
    Metric.SALES_INVOICE_COUNT,
    Metric.SALES_CREDIT_NOTE_COUNT,
    Metric.SALES_NET,
    Metric.SALES_VAT,
)
PURCHASES = Side(
    Listing.PURCHASES,
    Metric.PURCHASE_INVOICE_COUNT,
    Metric.PURCHASE_CREDIT_NOTE_COUNT,
    Metric.PURCHASE_NET,
    Metric.PURCHASE_VAT,
)
# What cannot be told without a list.
GIVES: Mapping[Listing, tuple[Metric, ...]] = {
    Listing.SALES: SALES.metrics,
    Listing.PURCHASES: PURCHASES.metrics,
    Listing.ENTRIES: (Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT),
    Listing.BANK: (Metric.BANK_TRANSACTION_COUNT,),
}
COUNTED: Mapping[Count, Metric] = {
    Count.SALES_INVOICES: Metric.SALES_INVOICE_COUNT,
    Count.SALES_CREDITS: Metric.SALES_CREDIT_NOTE_COUNT,
    Count.PURCHASE_INVOICES: Metric.PURCHASE_INVOICE_COUNT,
    Count.PURCHASE_CREDITS: Metric.PURCHASE_CREDIT_NOTE_COUNT,
    Count.ENTRIES: Metric.ENTRY_COUNT,
    Count.ENTRY_ROWS: Metric.ENTRY_LINE_COUNT,
    Count.BANK_TRANSACTIONS: Metric.BANK_TRANSACTION_COUNT,
}
# What a debit on an account of this type adds; other types are on the balance sheet.
RESULTS = {
    AccountType.INCOME: (Metric.INCOME_TOTAL, -1),
    AccountType.EXPENSE: (Metric.EXPENSE_TOTAL, 1),
}
# A month is read without these where the role may not see them.
_DISPENSABLE = frozenset({Listing.ENTRIES, Listing.EXPENSE_LINES, Listing.BANK})
_ALL_BUT_COUNTS = (Listing.SALES, Listing.PURCHASES, Listing.ENTRIES)


def plan(task: Task) -> Plan:
    """Each list once over a year; counts month by month, where there is nothing else."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, LONGEST_MONTHS):
        parts += [Part(window, partial(months.documents, side, window)) for side in (SALES, PURCHASES)]
        parts += [Part(window, partial(read, window)) for read in (months.entries, months.bank)]
    parts += [Part([month], partial(months.counts, month)) for month in task.months]
    return Plan(parts, months.finish)


async def probe(api: Api, month: Month) -> None:
    """A day of each list that a month cannot do without."""
    for listing in (Listing.SALES, Listing.PURCHASES):
        try:
            await first_page(api, listing, month.first_day, month.first_day)
        except NotOfferedError:
            continue  # what is not offered needs no right


@dataclass(slots=True)
class _Months:
    task: Task
    missing: dict[Listing, set[Month]] = field(default_factory=lambda: {one: set() for one in Listing})
    told: dict[Month, dict[Metric, Decimal]] = field(default_factory=dict)

    async def documents(self, side: Side, window: Months) -> None:
        await self._read(side.listing, window, partial(self._document, side))

    async def entries(self, window: Months) -> None:
        """The ledger; where it is refused or not offered, expense lines stand in beside the documents."""
        is_given = await self._read(Listing.ENTRIES, window, self._entry)
        if not is_given and not all(map(self._has_only_counts, self._wanted(window))):
            await self._read(Listing.EXPENSE_LINES, window, self._expense_line)

    async def bank(self, window: Months) -> None:
        await self._read(Listing.BANK, window, self._bank_transaction)

    async def counts(self, month: Month) -> None:
        if self._has_only_counts(month):
            row = await counts_of(self.task.api, str(month))
            given = {count: metric for count, metric in COUNTED.items() if row.get(count) is not None}
            self.told[month] = {metric: Decimal(whole(row, count)) for count, metric in given.items()}

    def finish(self) -> None:
        """What a missing list would have given is absent, or what stands in for it."""
        for month in self.task.tally.open_months:
            for listing, metrics in GIVES.items():
                if month in self.missing[listing]:
                    self._put(month, {metric: self.told.get(month, {}).get(metric) for metric in metrics})
            if month in self.told:
                self._put(month, {Metric.INCOME_TOTAL: None, Metric.EXPENSE_TOTAL: None})
                self.task.tally.note(month, "COUNTS_ONLY")
            elif month in self.missing[Listing.ENTRIES]:
                self._take_from_documents(month)
            if any(self.task.tally.amount(month, metric) is None for metric in DOCUMENT_COUNTS):
                self._put(month, {Metric.DOCUMENT_COUNT: None})

    async def _read(self, listing: Listing, window: Months, count: Callable[[Month, Row], None]) -> bool:
        """False where the system does not have the list, or the role may not see one of the dispensable."""
        try:
            rows = await rows_between(self.task.api, listing, window.first_day, window.last_day)
        except NotOfferedError:
            self.missing[listing].update(self._wanted(window))
            return False
        except ForbiddenError as error:
            if error.code is not ProblemCode.NO_PERMISSION or listing not in _DISPENSABLE:
                raise
            self.missing[listing].update(self._wanted(window))
            if listing is Listing.BANK:
                self._note(window, "BANK_REFUSED")
            return False
        bucket(self.task.tally, window, rows, lambda row: day(row, Field.DATE), count)
        return True

    def _note(self, window: Months, note: str) -> None:
        for month in self._wanted(window):
            self.task.tally.note(month, note)

    def _wanted(self, window: Months) -> list[Month]:
        return [month for month in self.task.months if month in window]

    def _has_only_counts(self, month: Month) -> bool:
        return all(month in self.missing[listing] for listing in _ALL_BUT_COUNTS)

    def _put(self, month: Month, values: Mapping[Metric, Decimal | None]) -> None:
        for metric, value in values.items():
            self.task.tally.put(month, metric, value)

    def _take_from_documents(self, month: Month) -> None:
        """Expense lines have been added up already; without them expenses would lack a part."""
        tally = self.task.tally
        purchases, lines = tally.amount(month, Metric.PURCHASE_NET), tally.amount(month, Metric.EXPENSE_TOTAL)
        is_whole = purchases is not None and month not in self.missing[Listing.EXPENSE_LINES]
        expenses = (purchases or ZERO) + (lines or ZERO) if is_whole else None
        tally.put(month, Metric.INCOME_TOTAL, tally.amount(month, Metric.SALES_NET), Source.DOCUMENTS)
        tally.put(month, Metric.EXPENSE_TOTAL, expenses, Source.DOCUMENTS)
        tally.note(month, "INCOME_FROM_DOCUMENTS")

    def _document(self, side: Side, month: Month, row: Row) -> None:
        if _word(Status, row, Field.STATUS) is not Status.CONFIRMED:
            return
        net, vat = amount(row, Field.NET), amount(row, Field.VAT)
        is_credit = _word(DocumentType, row, Field.TYPE) is DocumentType.CREDIT
        if is_credit:
            net, vat = -abs(net), -abs(vat)
        self.task.tally.add_document(
            month,
            f"{side.listing}/{identifier(row, Field.ID)}",
            side.credits if is_credit else side.invoices,
            {side.net: net, side.vat: vat},
            rate=self._rate(row),
            rate_is_own=True,
        )

    def _rate(self, row: Row) -> Decimal | None:
        """Euros for one unit of the document's currency."""
        if text(row, Field.CURRENCY) == self.task.tally.currency:
            return ONE
        return None if row.get(Field.RATE) is None else amount(row, Field.RATE)

    def _entry(self, month: Month, row: Row) -> None:
        lines = listed(row.get(Field.ROWS), Field.ROWS)
        counts = {Metric.ENTRY_COUNT: ONE, Metric.ENTRY_LINE_COUNT: Decimal(len(lines))}
        for line in lines:
            debit = amount(line, Field.DEBIT) - amount(line, Field.CREDIT)
            kind = _word(AccountType, line, Field.ACCOUNT_TYPE)
            if kind in RESULTS:
                metric, sign = RESULTS[kind]
                counts[metric] = counts.get(metric, ZERO) + sign * debit
        self.task.tally.add(month, f"{Listing.ENTRIES}/{identifier(row, Field.ID)}", counts)

    def _expense_line(self, month: Month, row: Row) -> None:
        record_id = f"{Listing.EXPENSE_LINES}/{identifier(row, Field.ID)}"
        self.task.tally.add(month, record_id, {Metric.EXPENSE_TOTAL: amount(row, Field.NET)})

    def _bank_transaction(self, month: Month, row: Row) -> None:
        record_id = f"{Listing.BANK}/{identifier(row, Field.ID)}"
        self.task.tally.add(month, record_id, {Metric.BANK_TRANSACTION_COUNT: ONE})


def _word(kind: type[Word], row: Row, name: str) -> Word:
    try:
        return kind(text(row, name))
    except ValueError:
        raise UnreadableAnswerError(f"{name} is of an unknown kind") from None
