"""What is read of Scoro for a set of months."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.errors import UnreadableAnswerError
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount_or_text, day, identifier, text
from connectors.scoro.calls import BILLS, EXPENSES, INVOICES, listed_rows, paged_rows, period
from connectors.sources import DOCUMENTS, RESULT

LIST_MONTHS = 12
ONE = Decimal(1)
# *unconfirmed*: that `currency_rate` is units of the base currency for one of the document's.
RATE_IS_OWN = True

SOURCES = dict.fromkeys((*DOCUMENTS, *RESULT), Source.DOCUMENTS)


def plan(task: Task) -> Plan:
    """Each list once over a year."""
    months = _Months(task)
    parts: list[Part] = []
    for window in windows(task.months, LIST_MONTHS):
        lists = ((INVOICES, months.sale), (BILLS, months.purchase), (EXPENSES, months.expense))
        parts += [Part(window, partial(months.read, window, *one)) for one in lists]
    return Plan(parts, months.finish)


async def probe(api: Api, module: str, month: Month | None = None) -> None:
    """One row, to learn whether the module is open."""
    days = {"filter": period(month.first_day, month.last_day)} if month else {}
    await listed_rows(api, module, {**days, "per_page": 1, "page": 1})


@dataclass(slots=True)
class _Months:
    task: Task

    async def read(self, window: Months, module: str, count: Callable[[Month, Row], None]) -> None:
        rows = await paged_rows(self.task.api, module, window.first_day, window.last_day)
        bucket(self.task.tally, window, rows, lambda row: day(row, "date"), partial(self._counted, count))

    def sale(self, month: Month, row: Row) -> None:
        if self.task.settings.get("only_sent") == "yes" and not _is_set(row, "is_sent"):
            return
        net, vat = amount_or_text(row, "sum"), amount_or_text(row, "vat_sum")
        is_credit = _is_credit(row, net)
        if is_credit:
            net, vat = -abs(net), -abs(vat)
        money = {Metric.SALES_NET: net, Metric.SALES_VAT: vat, Metric.INCOME_TOTAL: net}
        metric = Metric.SALES_CREDIT_NOTE_COUNT if is_credit else Metric.SALES_INVOICE_COUNT
        self._add(month, f"sale/{identifier(row, 'id')}", metric, money, row)

    def purchase(self, month: Month, row: Row) -> None:
        """*unconfirmed*: that a bill which takes back is one with a negative sum."""
        net, vat = amount_or_text(row, "sum"), amount_or_text(row, "vat_sum")
        is_credit = net < 0
        money = {
            Metric.PURCHASE_NET: net,
            Metric.PURCHASE_VAT: -abs(vat) if is_credit else vat,
            Metric.EXPENSE_TOTAL: net,
        }
        metric = Metric.PURCHASE_CREDIT_NOTE_COUNT if is_credit else Metric.PURCHASE_INVOICE_COUNT
        self._add(month, f"purchase/{identifier(row, 'id')}", metric, money, row)

    def expense(self, month: Month, row: Row) -> None:
        """A receipt or a claim: part of the expenses, yet neither a bill nor part of the purchases."""
        money = {Metric.EXPENSE_TOTAL: amount_or_text(row, "sum")}
        self._add(month, f"expense/{identifier(row, 'id')}", None, money, row)
        self.task.tally.note(month, "EXPENSE_CLAIMS", times=1)

    def finish(self) -> None:
        """There is no ledger behind these figures, and a reader shall know it."""
        for month in self.task.tally.open_months:
            self.task.tally.note(month, "BILLING_FIGURES")

    def _counted(self, count: Callable[[Month, Row], None], month: Month, row: Row) -> None:
        if _is_set(row, "is_deleted"):
            return
        if self._is_other_entity_s(row):
            self.task.tally.note(month, "OTHER_ENTITY", times=1)
            return
        count(month, row)

    def _is_other_entity_s(self, row: Row) -> bool:
        """*unconfirmed*: that a site's lists mix its entities, told apart by `account_id`."""
        told, own = row.get("account_id"), self.task.settings["company_account_id"]
        return told not in (None, "") and str(told).casefold() != own.casefold()

    def _add(
        self, month: Month, record_id: str, count: Metric | None, money: dict[Metric, Decimal], row: Row
    ) -> None:
        rate: Decimal | None = ONE
        if text(row, "currency") != self.task.tally.currency:
            rate = None if row.get("currency_rate") in (None, "") else amount_or_text(row, "currency_rate")
        self.task.tally.add_document(month, record_id, count, money, rate=rate, rate_is_own=RATE_IS_OWN)
        if rate and rate != ONE:
            self.task.tally.note(month, "CONVERTED", times=1)


def _is_credit(row: Row, net: Decimal) -> bool:
    """*unconfirmed*: what marks a credit invoice; its amounts are subtracted whatever their sign."""
    credited = row.get("credited_invoices")
    if credited and not isinstance(credited, list):
        raise UnreadableAnswerError("credited_invoices is not a list")
    return bool(credited) or net < 0


def _is_set(row: Row, name: str) -> bool:
    """A flag, false where it is missing; *unconfirmed*: that it may come as a number or in quotes."""
    told = str(row.get(name) or "0").lower()
    if told not in {"true", "1", "false", "0"}:
        raise UnreadableAnswerError(f"{name} is neither true nor false")
    return told in {"true", "1"}
