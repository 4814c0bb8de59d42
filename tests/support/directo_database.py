"""A Directo database that answers as recorded, and readings of it."""

from collections.abc import Mapping
from typing import Any

import httpx
from connectors.directo import DIRECTO
from connectors.protocol import MonthCounts, Reading
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

JANUARY, FEBRUARY = Month(2026, 1), Month(2026, 2)
KEY = "k-51d0aa"
PLAIN = {"interface": "rest", "sales_from": "ledger"}
INVOICED = {**PLAIN, "sales_from": "invoices"}
CLASSES = {"1020": 0, "1210": "0", "2115": 1, "2225": "1", "2330": "1", "3100": 3, "4200": "4", "5050": 4}
Line = Mapping[str, Any]


def debit(account: str, amount: float, **fields: Any) -> Line:
    return {"account": account, "debitamount": amount, **fields}


def credit(account: str, amount: float, **fields: Any) -> Line:
    return {"account": account, "debitamount": None, "creditamount": amount, **fields}


def document(kind: str, number: int | str, day: str, *lines: Line) -> dict[str, Any]:
    return {"type": kind, "number": number, "date": f"{day}T00:00:00", "rows": list(lines)}


SALE = document(
    "ARVE", 31001, "2026-01-05", debit("1210", 620.0), credit("3100", 500.0), credit("2330", 120.0)
)
CREDIT = document(
    "ARVE", 31002, "2026-01-31", debit("1210", -62.0), credit("3100", -50.0), credit("2330", -12.0)
)
RECEIPT = document("FIN", 9, "2026-01-14", debit("1020", 620.0), credit("1210", 620.0))


class Database:
    """Answers by resource; whoever wants another answer sets it."""

    def __init__(self, *ledger: Mapping[str, Any]) -> None:
        self.answers: dict[str, Any] = {
            "accounts": [{"code": code, "class": kind} for code, kind in CLASSES.items()],
            "transactions": list(ledger),
            "invoices": [],
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.url.path.rpartition("/")[2]]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def asked(self) -> list[str]:
        return [f"{one.url.path}?{one.url.query.decode()}" for one in self.requests]


async def read(
    database: Database,
    *months: Month,
    settings: Mapping[str, str] = PLAIN,
    clock: SteppingClock | None = None,
) -> Reading:
    async with answering(database, clock=clock) as session:
        account = account_with(DIRECTO, {"api_key": KEY}, settings)
        return await DIRECTO.read_months(session, account, months or (JANUARY,))


async def january(database: Database, settings: Mapping[str, str] = PLAIN) -> MonthCounts:
    result = (await read(database, settings=settings)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def told(counts: MonthCounts) -> dict[Metric, str]:
    return {metric: str(one.value) for metric, one in counts.values.items()}
