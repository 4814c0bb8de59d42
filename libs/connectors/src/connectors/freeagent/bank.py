"""What moved on FreeAgent's bank accounts, and what staff paid out of their own pockets."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.freeagent.amounts import ZERO, expense_cost
from connectors.freeagent.calls import PAGE_SIZE, LongListError, count, dated_on, pages, period
from connectors.rows import Row, day, month_of, text

_PATH = "/bank_transactions"


async def transactions(api: Api, wanted: Collection[Month], span: Months) -> dict[Month, Decimal]:
    """How many transactions each month has, on all accounts."""
    found = dict.fromkeys(wanted, ZERO)
    for account in await pages(api, "/bank_accounts", {}):
        if _may_have_moved(account, span.first_day):
            await _add(api, {"bank_account": text(account, "url")}, span, found)
    return found


async def claims(api: Api, wanted: Collection[Month], span: Months, currency: str) -> dict[Month, Decimal]:
    """Net cost of each month's expense claims."""
    found = dict.fromkeys(wanted, ZERO)
    for row in await pages(api, "/expenses", period(span.first, span.last)):
        month = month_of(dated_on(row))
        if month in found:
            found[month] += expense_cost(row, currency)
    return found


async def _add(api: Api, ask: dict[str, str], span: Months, found: dict[Month, Decimal]) -> None:
    """Row by row where that takes no more calls than asking month by month."""
    try:
        rows = await pages(
            api, _PATH, {**ask, **period(span.first, span.last)}, at_most=PAGE_SIZE * (1 + len(found))
        )
    except LongListError:
        for month in found:
            found[month] += await count(api, _PATH, {**ask, **period(month)})
        return
    for row in rows:
        month = month_of(dated_on(row))
        if month in found:
            found[month] += 1


def _may_have_moved(account: Row, since: date) -> bool:
    """False for an account that was hidden from view and has been idle for longer than we look back."""
    if str(account.get("status") or "").lower() != "hidden" or not account.get("latest_activity_date"):
        return True
    return day(account, "latest_activity_date") >= since
