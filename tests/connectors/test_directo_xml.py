"""Directo's older interface, over recorded answers."""

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure
from support.directo_database import JANUARY, KEY, Database, read, told
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

XML = {"interface": "xml_direct", "sales_from": "ledger"}


def xml(*elements: str, container: bool = True) -> httpx.Response:
    inner = "".join(elements)
    body = f"<transactions>{inner}</transactions>" if container else inner
    return httpx.Response(200, text=f'<?xml version="1.0" encoding="utf-8"?>\n<transport>{body}</transport>')


XML_SALE = """<transaction number="31001" type="ARVE" date="2026-01-05T00:00:00" comment="&lt;err&gt;">
 <rows><row rn="1" account="1210" debitamount="620.0000" date="2026-01-05T00:00:00"/>
 <row rn="2" account="3100" creditamount="500.0000" date="2026-01-31T00:00:00"/>
 <row rn="3" account="2330" creditamount="120.0000" date="2026-02-01T00:00:00"/></rows></transaction>"""
XML_BILL = '<transaction number="700" type="OST" date="2026-01-31T00:00:00"><rows/></transaction>'


@pytest.mark.parametrize("container", [True, False])
async def test_xml_direct_gives_counts_and_leaves_out_what_needs_classes(container: bool) -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml(XML_SALE, XML_BILL, container=container)

    reading = await read(database, settings={**XML, "bank_accounts": "1210"})

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert told(counts) == {
        Metric.ENTRY_COUNT: "1",
        Metric.ENTRY_LINE_COUNT: "2",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "2",
    }
    assert counts.notes == ("NO_ACCOUNT_CLASSES", "SALES_DOCUMENTS 1", "PURCHASE_DOCUMENTS 1")
    assert reading.calls == 1


async def test_xml_direct_is_asked_in_both_places_but_told_the_token_in_one() -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml()

    await read(database, Month(2024, 2), settings=XML)

    (request,) = database.requests
    filters = "get=1&what=transaction&date1=01.01.2024&date2=31.03.2024"
    assert request.method == "POST"
    assert str(request.url) == f"https://login.directo.ee/xmlcore/cap_xml_direct/xmlcore.asp?{filters}"
    assert request.content.decode() == f"token={KEY}&{filters}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE transport [<!ENTITY a "b">]><transport>&a;</transport>',
        "<transport><transactions>",
        "<html><body>Directo</body></html>",
        "Directo",
        '<?xml version="1.0" encoding="utf-16"?><transport/>'.encode("utf-16"),
    ],
)
async def test_what_is_not_the_ledger_s_xml_is_never_an_empty_ledger(body: str | bytes) -> None:
    database = Database()
    database.answers["xmlcore.asp"] = httpx.Response(200, content=body)

    reading = await read(database, settings=XML)

    result = reading.months[JANUARY]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.UNREADABLE_ANSWER
    assert reading.calls == 2


async def test_an_amount_in_xml_that_is_none_fails_the_month() -> None:
    database = Database()
    database.answers["xmlcore.asp"] = xml(XML_SALE.replace("500.0000", "n/a"))

    assert isinstance((await read(database, settings=XML)).months[JANUARY], MonthFailure)
