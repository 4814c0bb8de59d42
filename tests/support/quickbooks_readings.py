"""Readings of a QuickBooks company, its documents and reports."""

from typing import Any

from connectors.protocol import MonthCounts, MonthFailure, Reading
from support.quickbooks_answers import reading
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months

MARCH = Month(2026, 3)


def document(number: int, gross: float, tax: float | None = None, **fields: Any) -> dict[str, Any]:
    detail = {} if tax is None else {"TxnTaxDetail": {"TotalTax": tax}}
    home = {"CurrencyRef": {"value": "GBP"}, "ExchangeRate": 1}
    return {"Id": str(number), "TxnDate": "2026-03-12", "TotalAmt": gross, **home, **detail, **fields}


def group(name: str, *amounts: str) -> dict[str, Any]:
    cells = [{"value": f"Total {name}"}, *({"value": amount} for amount in amounts)]
    return {"Summary": {"ColData": cells}, "type": "Section", "group": name}


def report(*rows: dict[str, Any], months: Months, columns: list[Month] | None = None) -> dict[str, Any]:
    header = {
        "ReportBasis": "Accrual",
        "StartPeriod": months.first_day.isoformat(),
        "EndPeriod": months.last_day.isoformat(),
        "Option": [{"Name": "NoReportData", "Value": "false"}],
    }
    heads = [{"ColType": "Account", "MetaData": [{"Name": "ColKey", "Value": "account"}]}]
    for month in columns or []:
        days = {"StartDate": month.first_day.isoformat(), "EndDate": month.last_day.isoformat()}
        heads.append(
            {"ColType": "Money", "MetaData": [{"Name": name, "Value": day} for name, day in days.items()]}
        )
    heads.append({"ColType": "Money", "MetaData": [{"Name": "ColKey", "Value": "total"}]})
    return {"Header": header, "Columns": {"Column": heads}, "Rows": {"Row": list(rows)}}


async def only(answers: Any, month: Month = MARCH) -> MonthCounts:
    result = (await reading(answers, month)).months[month]
    assert isinstance(result, MonthCounts), result
    return result


def value(counts: MonthCounts, metric: Metric) -> str:
    return str(counts.values[metric].value)


def failure(read: Reading, month: Month = MARCH) -> ProblemCode:
    result = read.months[month]
    assert isinstance(result, MonthFailure), result
    return result.code
