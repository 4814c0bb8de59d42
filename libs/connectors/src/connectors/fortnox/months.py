"""What is read of Fortnox for a set of months."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from urllib.parse import quote

from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

from connectors.api import Api, Call
from connectors.errors import ConnectorError, UnreadableAnswerError
from connectors.fortnox.calls import listed_pages
from connectors.fortnox.documents import PURCHASES, SALES, Amounts, Document, Side, VoucherKey, purchase, sale
from connectors.fortnox.sie import SieVoucher, read_sie
from connectors.reading import Part, Plan, Task, bucket, windows
from connectors.rows import Row, day, flag, mapping, month_of, whole
from connectors.sources import DOCUMENTS, ENTRIES, RESULT

LIST_MONTHS = 36
DETAILS_A_MONTH = 200
SIE_PATIENCE = 2.0  # a file of several megabytes takes tens of seconds
ZERO = Decimal(0)
ONE = Decimal(1)
YEARS = "/3/financialyears"

# The Swedish standard chart (BAS); *unconfirmed* that a company keeps to it. 8500 to 8999 are
# appropriations, tax and the year's result: neither income nor expense.
INCOME = (range(3000, 4000), range(8000, 8400))
EXPENSES = (range(4000, 8000), range(8400, 8500))
BANK = range(1920, 1990)

SOURCES = {
    **dict.fromkeys(DOCUMENTS, Source.DOCUMENTS),
    **dict.fromkeys(RESULT, Source.LEDGER),
    **dict.fromkeys(ENTRIES, Source.LEDGER),
    Metric.BANK_TRANSACTION_COUNT: Source.LEDGER,
}


def plan(task: Task) -> Plan:
    """Both lists over the whole range, one file a financial year, then each month's net and VAT."""
    months = _Months(task)
    parts = [Part(task.months, months.read_years)]
    for window in windows(task.months, LIST_MONTHS):
        parts += [Part(window, partial(read, window)) for read in (months.read_sales, months.read_purchases)]
    parts.append(Part(task.months, months.read_ledger))
    parts += [Part([month], partial(months.count_documents, month)) for month in task.months]
    return Plan(parts)


async def probe(api: Api, month: Month) -> None:
    """One row of each list: a scope or licence that is missing is refused."""
    days = _days(Months(month, month))
    for path, params in ((YEARS, {}), (SALES.path, days), (PURCHASES.path, days)):
        await api.json(Call(path=path, params={**params, "limit": "1"}))


@dataclass(frozen=True, slots=True)
class _Year:
    """A financial year: up to 18 months, and a company's first may begin on any day."""

    id: int
    first: date
    last: date

    def meets(self, month: Month) -> bool:
        return self.first <= month.last_day and month.first_day <= self.last


@dataclass(slots=True)
class _Months:
    task: Task
    years: list[_Year] = field(default_factory=list)
    documents: dict[Month, list[Document]] = field(default_factory=lambda: defaultdict(list))
    uses: Counter[VoucherKey] = field(default_factory=Counter)
    vouchers: dict[VoucherKey, SieVoucher] = field(default_factory=dict)

    async def read_years(self) -> None:
        rows = await listed_pages(self.task.api, YEARS, {}, name="FinancialYears", id_name="Id")
        self.years = [_Year(whole(row, "Id"), day(row, "FromDate"), day(row, "ToDate")) for row in rows]
        for month in self.task.months:
            if not any(year.meets(month) for year in self.years):
                self.task.tally.note(month, "OUTSIDE_ACCOUNTING_YEARS")

    async def read_sales(self, window: Months) -> None:
        asked = {**_days(window), "sortby": "documentnumber"}
        await self._read_list(SALES, sale, window, asked)

    async def read_purchases(self, window: Months) -> None:
        """*unconfirmed*: whether this list heeds the days; rows of other months are left out either way."""
        await self._read_list(PURCHASES, purchase, window, _days(window))

    async def read_ledger(self) -> None:
        """One file for each financial year that a month or a document's voucher lies in."""
        for year in self.years:
            touched = [month for month in self.task.tally.open_months if self._needs(month, year)]
            if not touched:
                continue
            try:
                await self._read_year(year)
            except ConnectorError as error:
                self.task.tally.fail(touched, error)

    async def count_documents(self, month: Month) -> None:
        """Documents without a voucher, as where books follow payments, are asked for one by one.

        Where they are too many none is asked for: a sum without the rest would be none.
        """
        left = DETAILS_A_MONTH
        for side in (SALES, PURCHASES):
            documents = [one for one in self.documents[month] if one.side is side]
            known = {one.number: self._from_vouchers(one) for one in documents}
            wanted = sum(amounts is None for amounts in known.values())
            asks = wanted <= left
            left -= wanted if asks else 0
            for document in documents:
                amounts = known[document.number]
                if amounts is None and asks:
                    amounts = await self._from_detail(document)
                self._count(month, document, amounts)

    async def _read_list(
        self,
        side: Side,
        read: Callable[[Row], Document | None],
        window: Months,
        asked: Mapping[str, str],
    ) -> None:
        rows = await listed_pages(self.task.api, side.path, asked, name=side.rows, id_name=side.number)
        keep = partial(self._keep, side, read)
        bucket(self.task.tally, window, rows, lambda row: day(row, "InvoiceDate"), keep)

    def _keep(self, side: Side, read: Callable[[Row], Document | None], month: Month, row: Row) -> None:
        if flag(row, side.cancelled):
            return
        document = read(row)
        if document is None:
            self.task.tally.note(month, "NOT_BOOKED", times=1)
            return
        self.documents[month].append(document)
        self.uses.update(document.vouchers)

    def _needs(self, month: Month, year: _Year) -> bool:
        keys = (key for document in self.documents[month] for key in document.vouchers)
        return year.meets(month) or any(key.year == year.id for key in keys)

    async def _read_year(self, year: _Year) -> None:
        call = Call(
            path="/3/sie/4",
            params={"financialyear": str(year.id)},
            headers={"Accept": "application/octet-stream"},
            patience=SIE_PATIENCE,
        )
        content = (await self.task.api.send(call)).content
        file = await asyncio.to_thread(read_sie, content)
        if (file.first, file.last) != (year.first, year.last):
            raise UnreadableAnswerError("the SIE file is of another financial year")
        for voucher in file.vouchers:
            key = VoucherKey(year.id, voucher.series, voucher.number)
            if key in self.uses:
                self.vouchers[key] = voucher
            self._count_voucher(key, voucher)

    def _count_voucher(self, key: VoucherKey, voucher: SieVoucher) -> None:
        """The voucher in its own month, each row in the month of its own day."""
        tally, record_id = self.task.tally, f"voucher/{key.year}/{key.series}/{key.number}"
        own_month = _month_of(voucher.day)
        months = {own_month, *(_month_of(row.day) for row in voucher.rows)}.intersection(self.task.months)
        if voucher.problem is not None:
            tally.fail(months, UnreadableAnswerError(voucher.problem))
            return
        for month in months:
            sums: dict[Metric, Decimal] = {}
            if month == own_month:
                sums = {Metric.ENTRY_COUNT: ONE, Metric.ENTRY_LINE_COUNT: Decimal(len(voucher.rows))}
            for row in voucher.rows:
                metric = _place(row.account) if _month_of(row.day) == month else None
                if metric is not None:
                    sums[metric] = sums.get(metric, ZERO) + _share(metric, row.amount)
            tally.add(month, record_id, sums)

    def _from_vouchers(self, document: Document) -> Amounts | None:
        """None unless all of its vouchers are there, and nobody else's."""
        keys = document.vouchers
        if not keys or any(key not in self.vouchers or self.uses[key] > 1 for key in keys):
            return None
        return document.amounts_of(self.vouchers[key] for key in keys)

    async def _from_detail(self, document: Document) -> Amounts:
        call = Call(path=document.side.path, path_tail=f"/{quote(document.number, safe='')}")
        answer = mapping(await self.task.api.json(call), document.side.path)
        return document.amounts_in(mapping(answer.get(document.side.detail), document.side.detail))

    def _count(self, month: Month, document: Document, amounts: Amounts | None) -> None:
        tally, side = self.task.tally, document.side
        if amounts is None:
            tally.add(month, document.record_id, {document.count: ONE})
            tally.note(month, "AMOUNTS_NOT_READ", times=1)
            for metric in (side.net, side.vat):
                tally.put(month, metric, None)
            return
        money = {side.net: amounts.net, side.vat: amounts.vat}
        tally.add_document(
            month, document.record_id, document.count, money, rate=amounts.rate, rate_is_own=True
        )


_month_of = lru_cache(maxsize=4096)(month_of)


def _days(window: Months) -> dict[str, str]:
    """*unconfirmed*: both ends belong to the period."""
    return {"fromdate": window.first_day.isoformat(), "todate": window.last_day.isoformat()}


def _place(account: int) -> Metric | None:
    if any(account in accounts for accounts in INCOME):
        return Metric.INCOME_TOTAL
    if any(account in accounts for accounts in EXPENSES):
        return Metric.EXPENSE_TOTAL
    return Metric.BANK_TRANSACTION_COUNT if account in BANK else None


def _share(metric: Metric, debit: Decimal) -> Decimal:
    """What a row adds to its metric."""
    if metric is Metric.BANK_TRANSACTION_COUNT:
        return ONE
    return -debit if metric is Metric.INCOME_TOTAL else debit
