"""The query language, pages and batches."""

from __future__ import annotations

from typing import Any

import pytest
from support.quickbooks_caller import MARCH, quickbooks_caller
from support.sandbox_server import RunningSandbox


def test_pages_hold_every_row_once(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)

    rows = app.rows("Invoice", MARCH, most=3)

    assert len(rows) == app.count("Invoice", MARCH) > 6
    assert len({row["Id"] for row in rows}) == len(rows)


def test_a_page_tells_where_it_begins_and_what_it_holds(sandbox: RunningSandbox) -> None:
    found = quickbooks_caller(sandbox).query(
        f"SELECT * FROM Invoice WHERE {MARCH} STARTPOSITION 3 MAXRESULTS 2"
    )

    assert (found["startPosition"], found["maxResults"], len(found["Invoice"])) == (3, 2, 2)


def test_beyond_the_end_the_answer_is_empty(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)

    assert app.query(f"select * from Invoice where {MARCH} startposition 5000 maxresults 10") == {}
    assert app.query("select * from Bill where TxnDate >= '2009-01-01' and TxnDate <= '2009-01-31'") == {}


def test_without_maxresults_there_are_a_hundred_rows(sandbox: RunningSandbox) -> None:
    assert len(quickbooks_caller(sandbox).query("select * from Invoice")["Invoice"]) == 100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from Invoice where TxnDate >= '2026-03-01' or Id = '1'", "4000"),
        ("select Id, TotalAmt from Invoice", "4000"),
        ("select * from Invoice group by TxnDate", "4000"),
        ("select * from Invoice maxresults 0", "4001"),
        ("select * from Invoice maxresults 1001", "4001"),
        ("select * from Invoice startposition 0", "4001"),
        ("select * from Estimates", "4001"),
        ("select * from Invoice where Status = 'Draft'", "4001"),
        ("select * from Invoice where TxnDate >= 'March'", "4001"),
    ],
)
def test_what_the_language_does_not_know_is_refused(sandbox: RunningSandbox, text: str, code: str) -> None:
    refused = quickbooks_caller(sandbox).get("query", query=text)

    assert refused.status_code == 400
    assert refused.json()["Fault"]["Error"][0]["code"] == code


def by_name(answer: Any) -> dict[str, Any]:
    return {item["bId"]: item for item in answer.json()["BatchItemResponse"]}


def test_a_batch_answers_each_query_in_an_order_of_its_own(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    asked = {
        "first": f"select count(*) from Invoice where {MARCH}",
        "wrong": "select * from Invoice maxresults 0",
        "last": f"select * from Bill where {MARCH} maxresults 1000",
    }

    answer = app.batch(asked)

    assert list(by_name(answer)) == ["last", "wrong", "first"]
    assert by_name(answer)["first"]["QueryResponse"]["totalCount"] == app.count("Invoice", MARCH)
    assert by_name(answer)["wrong"]["Fault"]["Error"][0]["code"] == "4001"
    assert len(by_name(answer)["last"]["QueryResponse"]["Bill"]) == len(app.rows("Bill", MARCH))


@pytest.mark.parametrize("items", [0, 31])
def test_a_batch_has_one_to_thirty_queries(sandbox: RunningSandbox, items: int) -> None:
    query = "select count(*) from Invoice"

    answer = quickbooks_caller(sandbox).batch({f"q{number}": query for number in range(items)})

    assert answer.status_code == 400


def test_one_query_can_fail_alone(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    sandbox.fault(app.account, "item_fault", entity="Deposit", code="10000")

    answer = app.batch({"a": f"select count(*) from Deposit where {MARCH}", "b": "select count(*) from Bill"})

    assert "Fault" in by_name(answer)["a"]
    assert "QueryResponse" in by_name(answer)["b"]


def test_a_page_cut_short_still_tells_how_many_rows_it_should_hold(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    sandbox.fault(app.account, "short_page", times=1)

    found = app.query(f"select * from Invoice where {MARCH} maxresults 1000")

    assert found["maxResults"] == len(found["Invoice"]) + 1


@pytest.mark.parametrize(("options", "field"), [({}, "TotalAmt"), ({"field": "date"}, "TxnDate")])
def test_a_row_may_be_unreadable(sandbox: RunningSandbox, options: dict[str, str], field: str) -> None:
    app = quickbooks_caller(sandbox)
    good = app.query(f"select * from Invoice where {MARCH}")["Invoice"]
    sandbox.fault(app.account, "unreadable", times=1, **options)

    broken = app.query(f"select * from Invoice where {MARCH}")["Invoice"]

    assert {name for name in good[0] if good[0][name] != broken[0][name]} == {field}
    assert broken[1:] == good[1:]
