"""What is read of Directo for a set of months."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.directo.calls import REST, account_classes, ledger
from connectors.directo.documents import (
    EXPENSES,
    INCOME,
    LIABILITIES,
    PURCHASE,
    SALE,
    ZERO,
    Document,
    account_of,
    by_class,
)
from connectors.directo.invoices import day_of, invoice, invoice_rows, is_confirmed, without_right
from connectors.errors import UnreadableAnswerError
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row
from connectors.sources import DOCUMENTS, ENTRIES, RESULT, SALES

LIST_MONTHS = 12
# A row may be dated in another month than its document; *unconfirmed* that it is never further away.
AROUND = timedelta(days=31)
LEDGER, INVOICES = "ledger", "invoices"
ONE = Decimal(1)

# A purchase's VAT cannot be told from its rows.
_DOCUMENTS = tuple(metric for metric in DOCUMENTS if metric is not Metric.PURCHASE_VAT)
SOURCES = dict.fromkeys((*_DOCUMENTS, *RESULT, *ENTRIES, Metric.BANK_TRANSACTION_COUNT), Source.LEDGER)
_WITHOUT_CLASSES = (*(metric for metric in _DOCUMENTS if metric is not Metric.DOCUMENT_COUNT), *RESULT)


def plan(task: Task) -> Plan:
    """Everything at once over a year."""
    months = _Months(task)
    return Plan([Part(window, partial(months.read, window)) for window in windows(task.months, LIST_MONTHS)])


async def probe(api: Api, settings: Mapping[str, str], month: Month) -> None:
    """A day of each list that a month cannot do without."""
    await ledger(api, settings, month.first_day, month.first_day)
    if settings["sales_from"] == INVOICES:
        await invoice_rows(api, month.first_day, month.first_day)


@dataclass(slots=True)
class _Months:
    task: Task
    classes: dict[str, str] | None = None
    banks: frozenset[str] = field(init=False)
    sales: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.banks = frozenset(filter(None, self.task.settings.get("bank_accounts", "").split(",")))

    @property
    def has_classes(self) -> bool:
        return self.task.settings["interface"] == REST

    @property
    def takes_invoices(self) -> bool:
        return self.task.settings["sales_from"] == INVOICES

    async def read(self, window: Months) -> None:
        api, settings = self.task.api, self.task.settings
        if self.has_classes:
            self.classes = self.classes or await account_classes(api)
        rows = await ledger(api, settings, window.first_day - AROUND, window.last_day + AROUND)
        documents = [Document.of(row) for row in rows]
        invoices = await invoice_rows(api, window.first_day, window.last_day) if self.takes_invoices else None
        for month in (month for month in self.task.months if month in window):
            self._begin(month, documents)
        self._each(documents, window)
        if invoices is not None:
            if self.sales and not invoices:
                raise without_right()
            bucket(self.task.tally, window, invoices, day_of, self._invoice)

    def _begin(self, month: Month, documents: list[Document]) -> None:
        """What the month can tell, and from where."""
        tally = self.task.tally
        absent = () if self.has_classes else _WITHOUT_CLASSES
        for metric in (*absent, *(() if self.banks else (Metric.BANK_TRANSACTION_COUNT,))):
            tally.put(month, metric, None)
        for metric in SALES if self.takes_invoices else ():
            tally.put(month, metric, ZERO, Source.DOCUMENTS)
        tally.note(month, "PURCHASES_ARE_EXPENSES" if self.has_classes else "NO_ACCOUNT_CLASSES")
        if not documents:
            tally.note(month, "LEDGER_IS_EMPTY")
        elif not any("date" in line for document in documents for line in document.all_lines()):
            tally.note(month, "ROWS_WITHOUT_DATES")

    def _each(self, documents: Iterable[Document], window: Months) -> None:
        """Count each document in the months that it touches; what is unreadable fails those."""
        for document in documents:
            for month in sorted({document.month, *document.lines}):
                if month not in self.task.tally or month not in window:
                    continue
                try:
                    self._rows(month, document, document.lines.get(month, []))
                    if month == document.month:
                        self._header(month, document)
                except UnreadableAnswerError as error:
                    self.task.tally.fail([month], error)

    def _rows(self, month: Month, document: Document, lines: list[Row]) -> None:
        if not lines:
            return
        sums = by_class(lines, self.classes)
        accounts = {account_of(line) for line in lines}
        counts = {
            Metric.ENTRY_COUNT: ONE,
            Metric.ENTRY_LINE_COUNT: Decimal(len(lines)),
            Metric.BANK_TRANSACTION_COUNT: ONE if accounts & self.banks else ZERO,
            Metric.INCOME_TOTAL: sums.get(INCOME, ZERO),
            Metric.EXPENSE_TOTAL: -sums.get(EXPENSES, ZERO),
        }
        self._add(month, f"entry/{document.name}", counts)

    def _header(self, month: Month, document: Document) -> None:
        sums = by_class(document.all_lines(), self.classes)
        if document.kind == SALE:
            net, vat = sums.get(INCOME, ZERO), sums.get(LIABILITIES, ZERO)
            if self.takes_invoices:
                self.sales[document.number] = net, vat
                return
            count = Metric.SALES_CREDIT_NOTE_COUNT if net < 0 else Metric.SALES_INVOICE_COUNT
            counts = {count: ONE, Metric.SALES_NET: net, Metric.SALES_VAT: vat}
            self._add(month, f"document/{document.name}", counts)
        elif document.kind == PURCHASE:
            net = -sums.get(EXPENSES, ZERO)
            count = Metric.PURCHASE_CREDIT_NOTE_COUNT if net < 0 else Metric.PURCHASE_INVOICE_COUNT
            self._add(month, f"document/{document.name}", {count: ONE, Metric.PURCHASE_NET: net})
        if not self.has_classes and document.kind in {SALE, PURCHASE}:
            # Credits cannot be told from invoices: their number together still says something.
            side = "SALES" if document.kind == SALE else "PURCHASE"
            self.task.tally.note(month, f"{side}_DOCUMENTS", times=1)

    def _invoice(self, month: Month, row: Row) -> None:
        """An invoice's own amounts; the ledger's where they are foreign or the key's fields lack them."""
        if not is_confirmed(row):
            return
        tally, found = self.task.tally, invoice(row, self.task.tally.currency)
        net, vat, is_foreign = found.net, found.vat, found.is_foreign
        booked = self.sales.get(found.number)
        if booked is not None and (is_foreign or net is None or vat is None):
            (net, vat), is_foreign = booked, False
            tally.note(month, "SALES_FROM_LEDGER", times=1)
        if net is None or vat is None:
            raise UnreadableAnswerError("an invoice has no net or VAT, and the ledger does not know it")
        record_id = f"document/{SALE}/{found.number}/{day_of(row)}"
        if not tally.is_new(month, record_id):
            raise UnreadableAnswerError("an invoice came twice")
        tally.add_document(
            month,
            record_id,
            Metric.SALES_CREDIT_NOTE_COUNT if net < 0 else Metric.SALES_INVOICE_COUNT,
            {Metric.SALES_NET: net, Metric.SALES_VAT: vat},
            rate=None if is_foreign else ONE,
        )

    def _add(self, month: Month, record_id: str, counts: Mapping[Metric, Decimal]) -> None:
        if not self.task.tally.is_new(month, record_id):
            raise UnreadableAnswerError("a document came twice")
        self.task.tally.add(month, record_id, counts)
