"""What a vendor calls our own mistake, and what its gateway answers, against the imitations.

Missing access, rights, plans and limits are in the conformance suite and in each provider's own file.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from connectors.api import Api, Call
from connectors.errors import ProviderDownError, RejectedRequestError
from connectors.rest import RestConnector
from support.conformance_readings import account_of
from support.connecting import connected
from support.sandbox_server import RunningSandbox
from sync_contracts.providers import Provider

MARCH = {"from_date": "2026-03-01", "to_date": "2026-03-31"}


def posted(path: str, body: Any) -> Call:
    return Call(
        method="POST",
        path=path,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )


def merit(method: str, first: str, last: str) -> Call:
    return posted(method, {"PeriodStart": first, "PeriodEnd": last})


def xero(path: str, **params: str) -> Call:
    return Call(path=f"/api.xro/2.0/{path}", params=params)


def tripletex(path: str, **params: str) -> Call:
    return Call(path=path, params={"from": "0", "count": "1000", **params})


def smartaccounts(service: str, **params: str) -> Call:
    return Call(path=f"/{service}:get", params=params)


def trigon(firm: str, listing: str, **params: str) -> Call:
    return Call(path=f"/v1/firms/{firm}/{listing}", params=params)


@asynccontextmanager
async def asking(sandbox: RunningSandbox, provider: Provider) -> AsyncIterator[Api]:
    """The vendor's API as the connector speaks to it."""
    async with connected(sandbox, account_of(sandbox, provider)) as books:
        connector = books.connector
        assert isinstance(connector, RestConnector)
        yield Api(books.session, connector._spec.host(books.session, books.account), budget_s=60)


@pytest.mark.parametrize(
    ("provider", "call", "status", "vendor_code"),
    [
        (Provider.MERIT_AKTIVA, posted("/v1/getnothing", {}), 404, ""),
        (Provider.MERIT_AKTIVA, merit("/v1/getpurchorders", "20250101", "20260131"), 400, ""),
        (Provider.MERIT_AKTIVA, merit("/v1/GetGLBatchesFull", "20260101", "20260228"), 400, ""),
        (Provider.XERO, xero("Nothing"), 404, ""),
        (Provider.XERO, xero("Invoices", where="Date>>1", page="1"), 400, "16"),
        (Provider.XERO, xero("Invoices", page="1", pageSize="1001"), 400, "10"),
        (Provider.XERO, xero("Reports/ProfitAndLoss", fromDate="soon", toDate="2026-03-31"), 400, "10"),
        (Provider.TRIPLETEX, tripletex("/nothing"), 404, "6000"),
        (Provider.TRIPLETEX, tripletex("/invoice", invoiceDateFrom="2026-03-01"), 422, "15000"),
        (
            Provider.TRIPLETEX,
            tripletex("/invoice", invoiceDateFrom="2026-03-01", invoiceDateTo="2026-03-01"),
            422,
            "18000",
        ),
        (
            Provider.TRIPLETEX,
            tripletex(
                "/invoice", invoiceDateFrom="2026-03-01", invoiceDateTo="2026-04-01", fields="amountOpen"
            ),
            400,
            "11000",
        ),
        (Provider.SMARTACCOUNTS, smartaccounts("general/nothing"), 404, None),
        (Provider.SMARTACCOUNTS, smartaccounts("general/entries", dateFrom="2026-03-01"), 400, None),
        (Provider.E_CONOMIC, Call(path="/nothing"), 404, None),
        (Provider.E_CONOMIC, Call(path="/accounting-years/1815_6_1816/entries"), 404, None),
        (Provider.E_CONOMIC, Call(path="/invoices/booked", params={"pagesize": "1001"}), 400, None),
        (Provider.E_CONOMIC, Call(path="/invoices/booked", params={"filter": "date$near:2026"}), 400, None),
        (Provider.E_CONOMIC, Call(method="POST", path="/invoices/booked"), 405, None),
        (Provider.QUICKBOOKS, Call(path="/nothing"), 404, "4"),
        (Provider.QUICKBOOKS, Call(path="/query", params={"query": "select * from"}), 400, "4000"),
        (
            Provider.QUICKBOOKS,
            Call(path="/query", params={"query": "select * from Bill maxresults 0"}),
            400,
            "4001",
        ),
        (Provider.FORTNOX, Call(path="/3/nothing"), 404, "2000434"),
        (Provider.FORTNOX, Call(path="/3/invoices", path_tail="/99999999"), 404, "2000434"),
        (Provider.FORTNOX, Call(path="/3/invoices", params={"fromDate": "2026-03-01"}), 400, "2000588"),
        (Provider.FORTNOX, Call(path="/3/invoices", params={"filter": "lost"}), 400, "2000587"),
        (Provider.FREEAGENT, Call(path="/nothing"), 404, ""),
        (Provider.FREEAGENT, Call(path="/invoices", params={"view": "last_x_months"}), 400, ""),
        (Provider.FREEAGENT, Call(path="/bills", params={**MARCH, "from_date": "March"}), 400, ""),
        (Provider.DIRECTO, Call(path="/apidirect/v1/nothing"), 404, ""),
        (Provider.DIRECTO, Call(path="/apidirect/v1/transactions", params={"colour": "red"}), 400, ""),
        (Provider.SCORO, posted("/nothing/list", {}), 404, ""),
        (Provider.TRIGON, trigon("none", "sales-invoices"), 404, None),
        (Provider.TRIGON, Call(path="/v1/nothing"), 404, None),
    ],
)
async def test_our_own_mistake_is_told_as_the_vendor_s_refusal(
    sandbox: RunningSandbox, provider: Provider, call: Call, status: int, vendor_code: str | None
) -> None:
    async with asking(sandbox, provider) as api:
        with pytest.raises(RejectedRequestError) as caught:
            await api.send(call)

    assert caught.value.status == status
    assert vendor_code is None or caught.value.vendor_code == vendor_code
    assert sum(api.calls.values()) == 1  # nothing is asked twice


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("provider", Provider)
async def test_a_gateway_s_answer_is_an_outage_that_is_tried_again(
    sandbox: RunningSandbox, provider: Provider, status: int
) -> None:
    async with connected(sandbox, account_of(sandbox, provider)) as books:
        sandbox.fault(account_of(sandbox, provider), "gateway_502", status=status)
        with pytest.raises(ProviderDownError) as caught:
            await books.connector.test(books.session, books.account)

    assert str(status) in caught.value.detail
