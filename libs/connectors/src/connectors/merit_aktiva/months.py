"""What is read of Merit Aktiva for a set of months."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.errors import RejectedRequestError, UnreadableAnswerError
from connectors.merit_aktiva.calls import Body, post
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, amount, day, identifier, listed, mapping, text, whole
from connectors.sources import DOCUMENTS, ENTRIES, RESULT

LIST_MONTHS = 3
REPORT_MONTHS = 12
CREDIT = 5
# *unconfirmed*: which kinds of document firms count
COUNTED_KINDS = frozenset({0, 1, 2, 3, 4, CREDIT, 7, 9})
LEFT_OUT_KINDS = frozenset({6, 8})
REVENUE, EXPENSE = 3, 4
FORMULA_ROW = 4
TOLERANCE = Decimal("0.05")

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.PROFIT_AND_LOSS),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.DOCUMENTS,
}


def plan(task: Task) -> Plan:
    """The report first, then quarter by quarter, so that a limit leaves whole months behind."""
    months = _Months(task)
    parts = [Part(window, partial(months.report, window)) for window in windows(task.months, REPORT_MONTHS)]
    for window in windows(task.months, LIST_MONTHS):
        lists = (months.sales, months.purchases, months.payments)
        parts += [Part(window, partial(read, window)) for read in lists]
        wanted = [month for month in task.months if month in window]
        parts += [Part([month], partial(months.ledger, month)) for month in wanted]
    return Plan(parts)


@dataclass(slots=True)
class _Months:
    task: Task
    without_v2: set[str] = field(default_factory=set)
    income_from_ledger: set[Month] = field(default_factory=set)

    async def sales(self, window: Months) -> None:
        rows = await self._list("getinvoices", window)
        bucket(self.task.tally, window, rows, _document_day, self._sale)

    async def purchases(self, window: Months) -> None:
        rows = listed(await post(self.task.api, "/v1/getpurchorders", _period(window)), "getpurchorders")
        bucket(self.task.tally, window, rows, _document_day, self._purchase)

    async def payments(self, window: Months) -> None:
        rows = await self._list("getpayments", window)
        bucket(self.task.tally, window, rows, _document_day, self._payment)

    async def ledger(self, month: Month) -> None:
        body = {**_period(Months(month, month)), "WithLines": 1, "WithCostAlloc": 0}
        rows = listed(await post(self.task.api, "/v1/GetGLBatchesFull", body), "GetGLBatchesFull")
        bucket(self.task.tally, {month}, rows, lambda row: day(row, "BatchDate"), self._batch)

    async def report(self, window: Months) -> None:
        """Income and expenses; from the ledger's rows where the report is refused."""
        body: Body = {"EndDate": f"{window.last_day:%Y%m%d}", "PerCount": len(window), "DepFilter": ""}
        try:
            report = mapping(await post(self.task.api, "/v1/getprofitrep", body), "getprofitrep")
            if report.get("ErrorMsg"):
                raise RejectedRequestError("getprofitrep answers with an ErrorMsg")
        except RejectedRequestError:
            self._use_ledger(window)
            return
        lines = listed(report.get("Data"), "getprofitrep.Data")
        for column, month in enumerate(reversed(list(window))):
            if month in self.task.tally:
                self._column(month, lines, column)

    async def _list(self, method: str, window: Months) -> list[Row]:
        if method not in self.without_v2:
            try:
                return listed(await post(self.task.api, f"/v2/{method}", _period(window)), method)
            except RejectedRequestError as error:
                if error.status != 404:
                    raise
                self.without_v2.add(method)
        return listed(await post(self.task.api, f"/v1/{method}", _period(window)), method)

    def _sale(self, month: Month, row: Row) -> None:
        kind = 0 if row.get("AccountingDoc") is None else whole(row, "AccountingDoc")
        if kind in LEFT_OUT_KINDS:
            return
        if kind not in COUNTED_KINDS:
            raise UnreadableAnswerError("AccountingDoc is of an unknown kind")
        net, vat = sale_amounts(kind, amount(row, "TotalAmount"), amount(row, "TaxAmount"))
        is_credit = kind == CREDIT or net < 0
        self.task.tally.add_document(
            month,
            f"sale/{text(row, 'SIHId')}",
            Metric.SALES_CREDIT_NOTE_COUNT if is_credit else Metric.SALES_INVOICE_COUNT,
            {Metric.SALES_NET: net, Metric.SALES_VAT: vat},
            rate=self._rate(row),
        )

    def _purchase(self, month: Month, row: Row) -> None:
        net, vat = amount(row, "TotalAmount"), amount(row, "TaxAmount")
        self.task.tally.add_document(
            month,
            f"purchase/{text(row, 'PIHId')}",
            Metric.PURCHASE_CREDIT_NOTE_COUNT if net < 0 else Metric.PURCHASE_INVOICE_COUNT,
            {Metric.PURCHASE_NET: net, Metric.PURCHASE_VAT: vat},
            rate=self._rate(row),
        )

    def _payment(self, month: Month, row: Row) -> None:
        name = "PHId" if "PHId" in row else "PIHId"  # the reply says one, the manual the other
        record_id = f"payment/{identifier(row, name)}"
        self.task.tally.add(month, record_id, {Metric.BANK_TRANSACTION_COUNT: Decimal(1)})

    def _batch(self, month: Month, row: Row) -> None:
        lines = listed(row.get("Entries"), "Entries")
        counts = {Metric.ENTRY_COUNT: Decimal(1), Metric.ENTRY_LINE_COUNT: Decimal(len(lines))}
        if month in self.income_from_ledger:
            for line in lines:
                credit = amount(line, "CreditAmount") - amount(line, "DebitAmount")
                kind = whole(line, "TypeId")
                if kind == REVENUE:
                    counts[Metric.INCOME_TOTAL] = counts.get(Metric.INCOME_TOTAL, Decimal(0)) + credit
                elif kind == EXPENSE:
                    counts[Metric.EXPENSE_TOTAL] = counts.get(Metric.EXPENSE_TOTAL, Decimal(0)) - credit
        self.task.tally.add(month, f"entry/{text(row, 'GLBId')}", counts)

    def _rate(self, row: Row) -> Decimal | None:
        """Foreign units for one of the company's; *unconfirmed* that Poland has it the same way."""
        if text(row, "CurrencyCode") == self.task.tally.currency:
            return Decimal(1)
        return None if row.get("CurrencyRate") is None else amount(row, "CurrencyRate")

    def _use_ledger(self, window: Months) -> None:
        for month in (month for month in self.task.months if month in window):
            self.income_from_ledger.add(month)
            for metric in (Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL):
                self.task.tally.put(month, metric, Decimal(0), Source.LEDGER)
            self.task.tally.note(month, "INCOME_FROM_LEDGER")

    def _column(self, month: Month, lines: list[Row], column: int) -> None:
        tally = self.task.tally
        try:
            income, expenses, result = _profit_and_loss(lines, column)
        except UnreadableAnswerError as error:
            tally.fail([month], error)
            return
        tally.put(month, Metric.INCOME_TOTAL, income)
        tally.put(month, Metric.EXPENSE_TOTAL, expenses)
        if result is not None and abs(income - expenses - result) > TOLERANCE:
            tally.note(month, "PROFIT_AND_LOSS_DIFFERS")


def sale_amounts(kind: int, net: Decimal, vat: Decimal) -> tuple[Decimal, Decimal]:
    """*unconfirmed*: credits come with negative amounts; one that does not takes back all the same."""
    return (-net, -vat) if kind == CREDIT and net > 0 else (net, vat)


def _profit_and_loss(lines: list[Row], column: int) -> tuple[Decimal, Decimal, Decimal | None]:
    """Income, expenses and the report's own result in one column; the newest month is column 0."""
    totals = {REVENUE: Decimal(0), EXPENSE: Decimal(0)}
    result: Decimal | None = None
    for line in lines:
        for detail in listed(line.get("Details") or [], "Details"):
            kind = whole(detail, "TypeId")
            if kind in totals:
                totals[kind] += _balance(detail, column)
        if line.get("RowType") == FORMULA_ROW and line.get("Balance"):
            result = _balance(line, column)
    return totals[REVENUE], _expenses(totals[REVENUE], totals[EXPENSE], result), result


def _expenses(income: Decimal, raw: Decimal, result: Decimal | None) -> Decimal:
    """The sign of expenses is not documented: the result decides, else they are taken as positive."""
    if result is not None:
        nearest = min((-raw, raw), key=lambda expenses: abs(income - expenses - result))
        if abs(income - nearest - result) <= TOLERANCE:
            return nearest
    return abs(raw)


def _balance(line: Row, column: int) -> Decimal:
    balances: Any = line.get("Balance")
    if not isinstance(balances, list) or column >= len(balances):
        raise UnreadableAnswerError("the report has fewer columns than asked for")
    return amount({"Balance": balances[column]}, "Balance")


def _period(window: Months) -> Body:
    """Both ends belong to the period."""
    return {"PeriodStart": f"{window.first_day:%Y%m%d}", "PeriodEnd": f"{window.last_day:%Y%m%d}"}


_document_day = partial(day, name="DocumentDate")
