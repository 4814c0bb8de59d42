"""What the conformance suite asks of an account and says of a reading."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from connectors.protocol import MonthCounts, MonthResult
from support.owed import OWED
from support.sandbox_server import RunningSandbox
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider


def account_of(sandbox: RunningSandbox, provider: Provider, number: int = 1) -> dict[str, Any]:
    return sandbox.accounts(provider)[number - 1]


def last_months(account: Mapping[str, Any], count: int) -> list[Month]:
    return list(Months.ending(Month.parse(account["last_month"]), count))


def fewest_calls(sandbox: RunningSandbox, account: dict[str, Any], months: Sequence[Month]) -> int:
    truths = [sandbox.truth(account, str(month)) for month in months]
    return OWED[Provider(account["provider"])].calls(truths)


def told(result: MonthResult) -> dict[str, dict[str, str]]:
    assert isinstance(result, MonthCounts), result
    return {str(metric): {"value": str(one.value), "unit": one.unit} for metric, one in result.values.items()}


def busy_months(sandbox: RunningSandbox, account: dict[str, Any]) -> list[Month]:
    """The last two months in a row that hold documents of every kind."""
    counts = [f"{kind}_count" for kind in ("sales_invoice", "purchase_invoice")]
    year = last_months(account, 12)
    for earlier, later in reversed(list(pairwise(year))):
        truths = [sandbox.truth(account, str(month)) for month in (earlier, later)]
        if all(int(truth[count]["value"]) > 0 for truth in truths for count in counts):
            return [earlier, later]
    raise AssertionError("the year has no two busy months in a row")
