from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sandbox.clock import Clock
from support.sandbox_server import running_sandbox
from support.xero_calls import XeroCaller, xero_caller

SPAN = "Date>=DateTime(2025,05,01) AND Date<DateTime(2026,04,01)"
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
BOTH = "AUTHORISED,PAID"


@pytest.fixture(scope="module")
def app() -> Iterator[XeroCaller]:
    with running_sandbox(clients=2, documents=30, clock=Clock(NOON)) as running:
        running.http.post("/xero/_limits", json={"minute": 1000}).raise_for_status()
        yield xero_caller(running)


def test_days_are_milliseconds_at_midnight_utc_with_escaped_slashes(app: XeroCaller) -> None:
    where = "Date>=DateTime(2026,03,31) AND Date<DateTime(2026,04,01)"

    answer = app.get("Invoices", where=where, page=1)

    assert answer.headers["content-type"].startswith("application/json")
    assert r'"Date":"\/Date(1774915200000+0000)\/"' in answer.text
    assert {one["DateString"] for one in answer.json()["Invoices"]} == {"2026-03-31T00:00:00"}


def test_instants_come_without_an_offset(app: XeroCaller) -> None:
    assert re.fullmatch(r"/Date\(\d+\)/", app.body("Organisation")["DateTimeUTC"])


def test_amounts_have_two_decimals_in_the_raw_text(app: XeroCaller) -> None:
    text = app.get("Invoices", where=SPAN, page=1, pageSize=1).text

    assert re.search(r'"SubTotal":\d+\.\d\d,', text)


def test_the_interval_is_half_open_and_both_its_ends_have_documents(app: XeroCaller) -> None:
    found = app.body("Invoices", where=SPAN, page=1, pageSize=1000)["Invoices"]

    days = [one["DateString"][:10] for one in found]
    assert (min(days), max(days)) == ("2025-05-01", "2026-03-31")


def test_every_status_is_listed_unless_statuses_are_asked_for(app: XeroCaller) -> None:
    every = app.body("Invoices", where=SPAN, page=1, pageSize=1000)["Invoices"]
    booked = app.body("Invoices", where=SPAN, Statuses=BOTH, page=1, pageSize=1000)["Invoices"]
    notes = app.body("CreditNotes", where=SPAN, Statuses=BOTH, page=1, pageSize=1000)["CreditNotes"]

    counted = {"AUTHORISED", "PAID"}
    assert {one["Status"] for one in every} == {"DRAFT", "SUBMITTED", "DELETED", "VOIDED"} | counted
    assert {one["Status"] for one in booked} == counted
    assert {"DRAFT", "VOIDED"} & {one["Status"] for one in notes}


def test_voided_documents_keep_their_amounts_and_credit_notes_are_positive(app: XeroCaller) -> None:
    every = app.body("Invoices", where=f'{SPAN} AND Status=="VOIDED"', page=1)["Invoices"]
    notes = app.body("CreditNotes", where=SPAN, page=1, pageSize=1000)["CreditNotes"]

    assert every
    assert all(one["Total"] > 0 for one in every + notes)
    assert {one["Type"] for one in notes} == {"ACCRECCREDIT", "ACCPAYCREDIT"}


def test_prepayments_are_no_invoices(app: XeroCaller) -> None:
    found = app.body("Invoices", where=SPAN, page=1, pageSize=1000)["Invoices"]

    assert {one["Type"] for one in found} == {"ACCREC", "ACCPAY"}
    assert not any(one["InvoiceNumber"].startswith("E") for one in found)


def test_foreign_documents_carry_a_rate_and_own_ones_carry_one_zero_or_nothing(app: XeroCaller) -> None:
    found = app.body("Invoices", where=SPAN, page=1, pageSize=1000)["Invoices"]

    own = {one.get("CurrencyRate") for one in found if one["CurrencyCode"] == "EUR"}
    foreign = [one["CurrencyRate"] for one in found if one["CurrencyCode"] != "EUR"]
    assert own == {1.0, 0.0, None}
    assert foreign
    assert all(rate > 0 for rate in foreign)


def test_the_subtotal_is_without_tax_whatever_the_lines_are(app: XeroCaller) -> None:
    found = app.body("Invoices", where=SPAN, page=1, pageSize=1000)["Invoices"]

    assert {one["LineAmountTypes"] for one in found} == {"Exclusive", "Inclusive", "NoTax"}
    assert all(round(one["Total"] - one["TotalTax"] - one["SubTotal"], 2) == 0 for one in found)


def test_pages_tell_how_many_there_are_and_together_hold_each_row_once(app: XeroCaller) -> None:
    whole = app.body("Invoices", where=SPAN, page=1, pageSize=1000)
    pages = [app.body("Invoices", where=SPAN, page=number, pageSize=100) for number in (1, 2, 3)]

    count = whole["pagination"]["itemCount"]
    told = {"page": 2, "pageSize": 100, "pageCount": -(-count // 100), "itemCount": count}
    assert pages[1]["pagination"] == told
    ids = [one["InvoiceID"] for page in pages for one in page["Invoices"]]
    assert ids == [one["InvoiceID"] for one in whole["Invoices"]]
    assert len(set(ids)) == count > 250


def test_the_usual_page_holds_a_hundred_rows(app: XeroCaller) -> None:
    assert len(app.body("Invoices", where=SPAN, page=1)["Invoices"]) == 100


def test_without_a_page_everything_comes_at_once_and_without_lines(app: XeroCaller) -> None:
    whole = app.body("Invoices", where=SPAN)
    paged = app.body("Invoices", where=SPAN, page=1)
    light = app.body("Invoices", where=SPAN, page=1, summaryOnly="true")

    assert len(whole["Invoices"]) > 250
    assert "pagination" not in whole
    assert "LineItems" not in whole["Invoices"][0]
    assert "LineItems" in paged["Invoices"][0]
    assert {"LineItems", "Payments"}.isdisjoint(light["Invoices"][0])
    assert {"SubTotal", "TotalTax", "Total", "CurrencyCode"} <= set(light["Invoices"][0])


@pytest.mark.parametrize(
    "sent", [{"page": 0}, {"page": 1, "pageSize": 0}, {"page": 1, "pageSize": 1001}, {"page": "x"}]
)
def test_impossible_pages_are_refused(app: XeroCaller, sent: dict[str, Any]) -> None:
    answer = app.get("Invoices", **sent)

    assert answer.status_code == 400
    assert (answer.json()["ErrorNumber"], answer.json()["Type"]) == (10, "ValidationException")


@pytest.mark.parametrize("name", ["Invoices", "CreditNotes", "ManualJournals", "BankTransactions"])
def test_a_filter_that_nobody_understands_is_refused(app: XeroCaller, name: str) -> None:
    answer = app.get(name, where="Date>=soon", page=1)

    assert answer.status_code == 400
    assert (answer.json()["ErrorNumber"], answer.json()["Type"]) == (16, "QueryParseException")


def test_one_row_pages_count_posted_journals_and_authorised_bank_transactions(app: XeroCaller) -> None:
    journals = app.body("ManualJournals", where=f'{SPAN} AND Status=="POSTED"', page=1, pageSize=1)
    moves = app.body("BankTransactions", where=f'{SPAN} AND Status=="AUTHORISED"', page=1, pageSize=1)
    every = app.body("ManualJournals", where=SPAN, page=1, pageSize=1000)["ManualJournals"]

    posted = [one for one in every if one["Status"] == "POSTED"]
    assert journals["pagination"]["itemCount"] == len(posted) < len(every)
    assert len(journals["ManualJournals"]) == len(moves["BankTransactions"]) == 1
    assert "DateString" not in journals["ManualJournals"][0]
    assert moves["BankTransactions"][0]["Type"] in {"SPEND", "RECEIVE"}


def test_sorted_manual_journals_repeat_their_rows_on_every_page(app: XeroCaller) -> None:
    pages = [
        app.body("ManualJournals", where=SPAN, page=number, pageSize=5, order="Date")["ManualJournals"]
        for number in (1, 2)
    ]

    assert pages[0] == pages[1]


def test_nobody_gets_json_without_asking_for_it(app: XeroCaller) -> None:
    answer = app.get("Invoices", where=SPAN, page=1, pageSize=1, headers={"Accept": ""})

    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Invoices><Invoice><Type>" in answer.text
    assert "<Date>2025-05-01T00:00:00</Date>" in answer.text
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_unknown_resources_are_not_found_and_writing_is_not_there(app: XeroCaller) -> None:
    url = f"{app.account['endpoints']['api']}/api.xro/2.0/Invoices"
    headers = {
        "Authorization": f"Bearer {app.credentials['access_token']}",
        "xero-tenant-id": app.credentials["tenant_id"],
    }

    assert app.get("Nonsense").status_code == 404
    assert app.sandbox.http.post(url, headers=headers, json={}).status_code == 501


def test_the_organisation_says_who_it_is(app: XeroCaller) -> None:
    (told,) = app.body("Organisation")["Organisations"]

    assert told["Name"] == app.account["name"]
    assert told["OrganisationID"] == app.credentials["tenant_id"]
    assert (told["BaseCurrency"], told["CountryCode"]) == ("EUR", "EE")
    assert (told["OrganisationStatus"], told["IsDemoCompany"]) == ("ACTIVE", False)
