"""The Accounting API 2.0: organisation, chart of accounts, lists and the report."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import uuid4

from starlette.datastructures import QueryParams

from sandbox.memo import Memo
from sandbox.xero import rows
from sandbox.xero.chart import account_rows, sections
from sandbox.xero.listing import ParameterError, Resource, Row, listed, read_query
from sandbox.xero.organisation import Organisation, months_span
from sandbox.xero.profit_and_loss import TIMEFRAME_MONTHS, periods_of, report

Lister = Callable[[Organisation, date, date, date], list[Row]]

LISTS: dict[str, tuple[Resource, Lister]] = {
    "Invoices": (rows.INVOICES, Organisation.invoices),
    "CreditNotes": (rows.CREDIT_NOTES, Organisation.credit_notes),
    "BankTransactions": (rows.BANK_TRANSACTIONS, Organisation.bank_transactions),
    "ManualJournals": (rows.MANUAL_JOURNALS, Organisation.manual_journals),
}
REPORT = "Reports/ProfitAndLoss"
RESOURCES = frozenset(LISTS) | {"Organisation", "Accounts", REPORT}
_LONGEST_REPORT_DAYS = 366
_MOST_PERIODS = 11
_ODD_TITLE_EVERY = 13


class Accounting:
    """Builds the body of each answer; raises QueryParseError or ParameterError for a bad question."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        # Pages of one list are asked for one after another: a few lists are enough.
        self._lists = Memo(8)

    def organisation(self, organisation: Organisation) -> Row:
        """GET /Organisation."""
        return self._envelope() | {"Organisations": [organisation.described()]}

    def accounts(self, organisation: Organisation) -> Row:
        """GET /Accounts."""
        return self._envelope() | {"Accounts": account_rows(organisation.account)}

    def listed(self, name: str, organisation: Organisation, sent: QueryParams, *, large: bool) -> Row:
        """One of the lists; a large organisation takes optimised filters only."""
        resource, lister = LISTS[name]
        query = read_query(resource, sent)
        if large and name == "Invoices" and not query.where.names <= rows.OPTIMISED:
            raise ParameterError("The filter is not optimised and the organisation has too many documents")
        today = self._now().date()
        first, last = months_span(query.since, query.before, today)
        key = (name, organisation.account, organisation.live.now.version, first, last, today)
        found = self._lists.get(key, lambda: lister(organisation, first, last, today))
        return self._envelope() | listed(resource, query, found)

    def profit_and_loss(self, organisation: Organisation, sent: QueryParams, *, odd_title: bool) -> Row:
        """GET /Reports/ProfitAndLoss; the current month when no days are given."""
        today = self._now().date()
        first = _day(sent, "fromDate") or today.replace(day=1)
        last = _day(sent, "toDate") or today
        if last < first or (last - first).days >= _LONGEST_REPORT_DAYS:
            raise ParameterError("The report dates must be in order and at most 365 days apart")
        periods = periods_of(first, last, _earlier(sent), _timeframe(sent))
        payments_only = sent.get("paymentsOnly", "").lower() == "true"
        odd = odd_title or organisation.number % _ODD_TITLE_EVERY == 0
        made = report(
            organisation.name,
            sections(organisation.account, organisation.number, unknown_title=odd),
            periods,
            lambda period: organisation.result(period, payments_only=payments_only),
            today,
        )
        return self._envelope() | {"Reports": [made]}

    def _envelope(self) -> Row:
        return {"Id": str(uuid4()), "Status": "OK", "ProviderName": "Ledgerbus", "DateTimeUTC": self._now()}


def _day(sent: QueryParams, name: str) -> date | None:
    if name not in sent:
        return None
    try:
        return date.fromisoformat(sent[name])
    except ValueError as error:
        raise ParameterError(f"{name} is not a date") from error


def _earlier(sent: QueryParams) -> int:
    text = sent.get("periods", "0")
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST_PERIODS):
        raise ParameterError("periods must be a number from 1 to 11")
    return int(text)


def _timeframe(sent: QueryParams) -> int:
    name = sent.get("timeframe", "MONTH").upper()
    if name not in TIMEFRAME_MONTHS:
        raise ParameterError("timeframe must be MONTH, QUARTER or YEAR")
    return TIMEFRAME_MONTHS[name]
