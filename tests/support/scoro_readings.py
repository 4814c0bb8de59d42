"""Readings of a Scoro site and its rows."""

from decimal import Decimal
from typing import Any

from connectors.protocol import MonthCounts, Reading
from connectors.scoro import SCORO
from support.connecting import account_with, answering
from support.scoro_site import ACCESS, SETTINGS, Site
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

DECEMBER, JANUARY = Month(2025, 12), Month(2026, 1)


def row(number: int, net: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "date": "2026-01-14",
        "currency": "EUR",
        "currency_rate": 1,
        "sum": net,
        "vat_sum": 0,
        "is_sent": True,
        "is_deleted": False,
        "account_id": "kauri-ou",
        "lines": None,
        **fields,
    }


def claim(number: int, net: Any, **fields: Any) -> dict[str, Any]:
    told = row(number, net, tax_sum=9.99, **fields)
    del told["vat_sum"]
    return told


async def read(site: Site, *months: Month, **settings: str) -> Reading:
    async with answering(site) as session:
        account = account_with(SCORO, ACCESS, {**SETTINGS, **settings})
        return await SCORO.read_months(session, account, months or (JANUARY,))


async def january(site: Site, **settings: str) -> MonthCounts:
    result = (await read(site, JANUARY, **settings)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value
