"""What QuickBooks' documents count, over recorded answers."""

from typing import Any

import httpx
import pytest
from support.quickbooks_answers import Answering
from support.quickbooks_readings import document, only, value
from sync_contracts.metrics import Metric


@pytest.mark.parametrize(
    ("fields", "net", "vat"),
    [
        ({"TxnTaxDetail": {"TotalTax": 20.0, "TaxLine": [{"Amount": 99.0}]}}, "100.00", "20.00"),
        ({"TxnTaxDetail": {"TaxLine": [{"Amount": 15.0}, {"Amount": 5.0}]}}, "100.00", "20.00"),
        ({"TxnTaxDetail": {"TaxLine": [{"Amount": 12.0}, {"Amount": -12.0}]}}, "120.00", "0.00"),
        ({"TxnTaxDetail": {}}, "120.00", "0.00"),
        ({}, "120.00", "0.00"),
        ({"GlobalTaxCalculation": "TaxInclusive", "TxnTaxDetail": {"TotalTax": 20.0}}, "100.00", "20.00"),
    ],
)
async def test_tax_stands_in_many_places_and_the_total_is_gross(
    fields: dict[str, Any], net: str, vat: str
) -> None:
    counts = await only(Answering(rows={"Invoice": [document(1, 120.0, **fields)]}))

    assert (value(counts, Metric.SALES_NET), value(counts, Metric.SALES_VAT)) == (net, vat)


@pytest.mark.parametrize(
    ("gross", "note", "counted"),
    [
        (0, "Voided", "0"),
        (0, "Sent twice - VOIDED by Ann", "0"),
        (0, "Thank you", "1"),
        (0, None, "1"),
        (10.0, "Avoid weekends", "1"),
    ],
)
async def test_a_void_is_a_total_of_nothing_with_a_note(gross: float, note: str | None, counted: str) -> None:
    row = document(1, gross) | ({"PrivateNote": note} if note else {})

    counts = await only(Answering(rows={"Invoice": [row]}))

    assert value(counts, Metric.SALES_INVOICE_COUNT) == counted


@pytest.mark.parametrize(
    "fields",
    [{"CurrencyRef": {"value": "GBP"}}, {}, {"CurrencyRef": {"value": "GBP"}, "ExchangeRate": 1}],
)
async def test_at_home_a_rate_that_is_left_out_is_one(fields: dict[str, Any]) -> None:
    row = {"Id": "1", "TxnDate": "2026-03-12", "TotalAmt": 12.34, **fields}

    assert value(await only(Answering(rows={"Invoice": [row]})), Metric.SALES_NET) == "12.34"


async def test_abroad_a_rate_that_is_left_out_is_unknown_and_said() -> None:
    row = {"Id": "1", "TxnDate": "2026-03-12", "TotalAmt": 12.34, "CurrencyRef": {"value": "USD"}}

    counts = await only(Answering(rows={"Invoice": [row]}))

    assert Metric.SALES_NET not in counts.values
    assert value(counts, Metric.SALES_INVOICE_COUNT) == "1"
    assert "UNCONVERTED 1" in counts.notes


async def test_amounts_are_read_as_they_are_written() -> None:
    row = b'{"Id":"1","TxnDate":"2026-03-12","TotalAmt":0.1,"TxnTaxDetail":{"TotalTax":0.30}}'
    answers = Answering()

    def exact(request: httpx.Request) -> httpx.Response:
        response = answers(request)
        if not request.url.path.endswith("/batch"):
            return response
        body = response.content.replace(
            b'{"bId":"Invoice","QueryResponse":{}}',
            b'{"bId":"Invoice","QueryResponse":{"Invoice":[' + row + b"]}}",
        )
        return httpx.Response(200, content=body)

    assert value(await only(exact), Metric.SALES_NET) == "-0.20"
