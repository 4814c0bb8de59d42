"""What is read of QuickBooks Online for a set of months."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import product

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api, Call
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.kinds import PURCHASE_CREDIT_NOTE, PURCHASE_INVOICE, SALES_CREDIT_NOTE, SALES_INVOICE
from connectors.quickbooks.batch import MOST_QUERIES, Answers, Listing, ask, count_query, total_count
from connectors.quickbooks.report import Report, parameters
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, identifier, listed, mapping, text
from connectors.sources import DOCUMENTS, RESULT

WINDOW_MONTHS = 12
TOLERANCE = Decimal("0.05")
ZERO = Decimal(0)
VOID_NOTE = "void"  # *unconfirmed*: the word in other languages than English

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.PROFIT_AND_LOSS),
    Metric.ENTRY_COUNT: Source.LEDGER,
    Metric.BANK_TRANSACTION_COUNT: Source.DOCUMENTS,
}
# Sales receipts and refund receipts are paid at once: they are no invoices, and stand in the report only.
KINDS = {
    "Invoice": SALES_INVOICE,
    "CreditMemo": SALES_CREDIT_NOTE,
    "Bill": PURCHASE_INVOICE,
    "VendorCredit": PURCHASE_CREDIT_NOTE,
}
COUNTED = {
    "JournalEntry": Metric.ENTRY_COUNT,
    **dict.fromkeys(
        ("Purchase", "Deposit", "Transfer", "Payment", "BillPayment"), Metric.BANK_TRANSACTION_COUNT
    ),
}


def plan(task: Task) -> Plan:
    """One report and the lists over the range; the counts fill the batches, months after months."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, WINDOW_MONTHS):
        wanted = [month for month in task.months if month in window]
        beside_lists = (MOST_QUERIES - len(KINDS)) // len(COUNTED)
        alone = MOST_QUERIES // len(COUNTED)
        later = wanted[beside_lists:]
        parts.append(Part(window, partial(months.report, window)))
        parts.append(Part(window, partial(months.documents, window, wanted[:beside_lists])))
        for start in range(0, len(later), alone):
            chunk = later[start : start + alone]
            parts.append(Part(chunk, partial(months.counts, chunk)))
    return Plan(parts)


async def probe(api: Api, month: Month) -> None:
    """One row of each list, each count and the report: what the user may not see is refused."""
    period = Months(month, month)
    lists = {entity: Listing(entity, period, page_size=1).query for entity in KINDS}
    counts = {entity: count_query(entity, period) for entity in COUNTED}
    for answer in (await ask(api, lists | counts)).values():
        if isinstance(answer, ConnectorError):
            raise answer
    await api.json(Call(path="/reports/ProfitAndLoss", params=parameters(period)))


@dataclass(slots=True)
class _Months:
    task: Task

    async def report(self, window: Months) -> None:
        """Income and expenses of each month, from its own column."""
        call = Call(path="/reports/ProfitAndLoss", params=parameters(window))
        report = Report(await self.task.api.json(call), window)
        for month in (month for month in self.task.months if month in window):
            try:
                self._put(month, report)
            except UnreadableAnswerError as error:
                self.task.tally.fail([month], error)

    async def documents(self, window: Months, counted: Sequence[Month]) -> None:
        """The four lists, page after page together; the first call also counts some months."""
        lists = {entity: Listing(entity, window) for entity in KINDS}
        queries = _counts(counted)
        while not all(one.is_whole for one in lists.values()):
            queries |= {entity: one.query for entity, one in lists.items() if not one.is_whole}
            answers = await ask(self.task.api, queries)
            for entity in lists.keys() & answers.keys():
                lists[entity].take(answers[entity])
            self._take_counts(counted, answers)
            queries, counted = {}, ()
        for entity, one in lists.items():
            count = partial(self._document, entity)
            bucket(self.task.tally, window, one.rows, lambda row: day(row, "TxnDate"), count)

    async def counts(self, months: Sequence[Month]) -> None:
        self._take_counts(months, await ask(self.task.api, _counts(months)))

    def _put(self, month: Month, report: Report) -> None:
        tally, totals = self.task.tally, report.totals(month)
        tally.put(month, Metric.INCOME_TOTAL, totals.income)
        tally.put(month, Metric.EXPENSE_TOTAL, totals.expenses)
        difference = totals.income - totals.expenses - (totals.result or ZERO)
        if totals.result is not None and abs(difference) > TOLERANCE:
            tally.note(month, "PROFIT_AND_LOSS_DIFFERS")

    def _take_counts(self, months: Sequence[Month], answers: Answers) -> None:
        """Records that are only counted; an error is the month's own, unless it concerns all that follows."""
        tally = self.task.tally
        for month in months:
            tally.note(month, "ENTRIES_ARE_MANUAL_JOURNALS")
            tally.note(month, "VOIDED_MOVEMENTS_COUNTED")
            for entity, metric in COUNTED.items():
                try:
                    number = Decimal(_good(answers[_name(entity, month)]))
                except (AccessRefusedError, ThrottledError):
                    raise
                except ConnectorError as error:
                    tally.fail([month], error)
                else:
                    tally.put(month, metric, (tally.amount(month, metric) or ZERO) + number)

    def _document(self, entity: str, month: Month, row: Row) -> None:
        gross = amount(row, "TotalAmt")
        if gross == 0 and VOID_NOTE in str(row.get("PrivateNote") or "").casefold():
            return
        kind, tax = KINDS[entity], _tax(row)
        self.task.tally.add_document(
            month,
            f"{entity}/{identifier(row, 'Id')}",
            kind.count,
            kind.money(gross - tax, tax),
            rate=self._rate(row),
            rate_is_own=True,
        )

    def _rate(self, row: Row) -> Decimal | None:
        """Home units for one of the document's; without one it is 1 at home and unknown abroad."""
        reference = row.get("CurrencyRef")
        currency = (
            self.task.tally.currency
            if reference is None
            else text(mapping(reference, "CurrencyRef"), "value")
        )
        if currency == self.task.tally.currency:
            return Decimal(1)
        return None if row.get("ExchangeRate") is None else amount(row, "ExchangeRate")


def _tax(row: Row) -> Decimal:
    """The total, else the tax lines' sum (reverse charge comes in pairs); nothing where there is no tax."""
    detail = mapping(row.get("TxnTaxDetail") or {}, "TxnTaxDetail")
    if "TotalTax" in detail:
        return amount(detail, "TotalTax")
    return sum((amount(line, "Amount") for line in listed(detail.get("TaxLine") or [], "TaxLine")), ZERO)


def _good(answer: Row | ConnectorError) -> int:
    if isinstance(answer, ConnectorError):
        raise answer
    return total_count(answer)


def _counts(months: Sequence[Month]) -> dict[str, str]:
    return {
        _name(entity, month): count_query(entity, Months(month, month))
        for month, entity in product(months, COUNTED)
    }


def _name(entity: str, month: Month) -> str:
    return f"{entity}/{month}"
