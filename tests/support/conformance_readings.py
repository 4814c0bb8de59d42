"""What the conformance suite asks of an account and says of a reading."""

from collections.abc import Mapping, Sequence
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
