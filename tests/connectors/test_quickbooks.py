"""How QuickBooks' queries become months, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts
from support.quickbooks_answers import Answering, reading
from support.quickbooks_readings import MARCH, document, failure, group, only, report, value
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

FEBRUARY = Month(2024, 2)
FAULT = {"Error": [{"Message": "It failed", "Detail": "", "code": "10000"}], "type": "SystemFault"}


async def test_a_month_of_every_kind_of_document() -> None:
    answers = Answering(
        rows={
            "Invoice": [
                document(1, 600.0, 100.0, TxnDate="2026-03-01"),
                document(4, 250.0, TxnDate="2026-03-31", CurrencyRef={"value": "USD"}, ExchangeRate=1.2801),
                document(7, 0, TxnDate="2026-03-15", PrivateNote="Voided"),
            ],
            "CreditMemo": [document(9, 60.0, 10.0)],
            "Bill": [document(10, 120.0, 20.0)],
            "VendorCredit": [document(11, 12.0, 2.0)],
        },
        counts={
            "JournalEntry": 3,
            "Purchase": 5,
            "Deposit": 1,
            "Transfer": 2,
            "Payment": 4,
            "BillPayment": 6,
        },
        report=report(
            group("Income", "770.03"),
            group("COGS", "40.00"),
            group("GrossProfit", "730.03"),
            group("Expenses", "50.00"),
            group("OtherIncome", "5.50"),
            group("OtherExpenses", "0.25"),
            group("NetIncome", "685.28"),
            months=Months(MARCH, MARCH),
        ),
    )

    counts = await only(answers)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.DOCUMENT_COUNT: "5",
        Metric.SALES_NET: "770.03",  # 500.00, 320.03 (half up) and -50.00
        Metric.SALES_VAT: "90.00",
        Metric.PURCHASE_NET: "90.00",
        Metric.PURCHASE_VAT: "18.00",
        Metric.INCOME_TOTAL: "775.53",
        Metric.EXPENSE_TOTAL: "90.25",
        Metric.ENTRY_COUNT: "3",
        Metric.BANK_TRANSACTION_COUNT: "18",
    }
    assert counts.values[Metric.INCOME_TOTAL].source is Source.PROFIT_AND_LOSS
    assert counts.notes == ("ENTRIES_ARE_MANUAL_JOURNALS", "VOIDED_MOVEMENTS_COUNTED")
    assert counts.record_count == 5


async def test_a_month_is_asked_for_in_two_calls() -> None:
    answers = Answering()

    read = await reading(answers, FEBRUARY)

    assert (read.calls, read.identity_calls) == (2, 2)
    where = "where TxnDate >= '2024-02-01' and TxnDate <= '2024-02-29'"
    assert answers.queries == [
        [
            *(
                f"select count(*) from {entity} {where}"
                for entity in ("JournalEntry", "Purchase", "Deposit", "Transfer", "Payment", "BillPayment")
            ),
            *(
                f"select * from {entity} {where} orderby Id startposition 1 maxresults 1000"
                for entity in ("Invoice", "CreditMemo", "Bill", "VendorCredit")
            ),
        ]
    ]
    asked = next(one for one in answers.requests if "ProfitAndLoss" in one.url.path)
    assert dict(asked.url.params) == {
        "start_date": "2024-02-01",
        "end_date": "2024-02-29",
        "accounting_method": "Accrual",
        "summarize_column_by": "Total",
        "minorversion": "75",
    }
    assert asked.headers["authorization"] == "Bearer eyJ-made-up"
    assert asked.headers["accept"] == "application/json"
    assert {one.url.params["minorversion"] for one in answers.requests} == {"75"}


async def test_a_year_is_asked_for_in_four_calls_of_at_most_thirty_queries() -> None:
    answers = Answering()

    read = await reading(answers, *Months.ending(MARCH, 12))

    assert read.calls == 4
    assert [len(batch) for batch in sorted(answers.queries, key=len)] == [18, 28, 30]


async def test_two_years_are_two_windows() -> None:
    read = await reading(Answering(), *Months.ending(MARCH, 24))

    assert read.calls == 8
    assert all(isinstance(result, MonthCounts) for result in read.months.values())


async def test_full_pages_are_followed_to_the_end_and_only_those() -> None:
    rows = {
        "Invoice": [document(number, 1.0) for number in range(2000)],
        "Bill": [document(number, 2.0) for number in range(1001)],
        "CreditMemo": [document(1, 1.0)],
    }
    answers = Answering(rows=rows)

    read = await reading(answers, MARCH)

    result = read.months[MARCH]
    assert isinstance(result, MonthCounts)
    assert value(result, Metric.SALES_INVOICE_COUNT) == "2000"
    assert value(result, Metric.PURCHASE_INVOICE_COUNT) == "1001"
    assert [len(batch) for batch in answers.queries] == [10, 2, 1]  # 2,000 rows end with an empty page
    assert read.calls == 4


async def test_a_page_that_comes_again_is_no_page() -> None:
    page = [document(number, 1.0) for number in range(1000)]
    answers = Answering(items={"from Invoice": {"QueryResponse": {"Invoice": page}}})

    assert failure(await reading(answers, MARCH)) is ProblemCode.UNREADABLE_ANSWER


async def test_an_entity_that_cannot_be_ordered_is_asked_without() -> None:
    refused = {"Fault": {"Error": [{"Message": "not sortable", "code": "4001"}], "type": "ValidationFault"}}
    answers = Answering(rows={"Bill": [document(1, 10.0)]}, items={"from Bill where": refused})

    def once(request: httpx.Request) -> httpx.Response:
        response = answers(request)
        if request.url.path.endswith("/batch"):
            answers.items.clear()
        return response

    counts = await only(once)

    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == "1"
    assert answers.queries[1] == [
        "select * from Bill where TxnDate >= '2026-03-01' and TxnDate <= '2026-03-31' "
        "startposition 1 maxresults 1000"
    ]


async def test_a_count_of_nothing_may_come_without_a_number() -> None:
    answers = Answering(items={"count(*) from Transfer": {"QueryResponse": {}}}, counts={"Purchase": 2})

    assert value(await only(answers), Metric.BANK_TRANSACTION_COUNT) == "2"


async def test_a_count_that_fails_alone_fails_its_month_alone() -> None:
    months = Months(Month(2026, 2), MARCH)
    answers = Answering(items={"from Deposit where TxnDate >= '2026-02-01'": {"Fault": FAULT}})

    read = await reading(answers, *months)

    assert failure(read, Month(2026, 2)) is ProblemCode.PROVIDER_DOWN
    assert isinstance(read.months[MARCH], MonthCounts)


async def test_a_list_that_fails_alone_fails_all_its_months() -> None:
    months = Months(Month(2026, 2), MARCH)

    read = await reading(Answering(items={"from Bill ": {"Fault": FAULT}}), *months)

    assert {failure(read, month) for month in months} == {ProblemCode.PROVIDER_DOWN}


async def test_a_query_that_a_batch_leaves_out_is_not_taken_for_nothing() -> None:
    answers = Answering()

    def forgetful(request: httpx.Request) -> httpx.Response:
        response = answers(request)
        if not request.url.path.endswith("/batch"):
            return response
        items = response.json()["BatchItemResponse"]
        return httpx.Response(
            200, json={"BatchItemResponse": [one for one in items if one["bId"] != "VendorCredit"]}
        )

    assert failure(await reading(forgetful, MARCH)) is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(
    "row",
    [
        {"Id": "1", "TxnDate": "2026-03-12", "TotalAmt": "12.00"},
        {"Id": "1", "TxnDate": "2026-03-12"},
        {"TxnDate": "2026-03-12", "TotalAmt": 12.0},
        {"Id": "1", "TxnDate": "soon", "TotalAmt": 12.0},
        {"Id": "1", "TxnDate": "2026-03-12", "TotalAmt": 1.0, "TxnTaxDetail": {"TotalTax": None}},
        {"Id": "1", "TxnDate": "2026-03-12", "TotalAmt": 1.0, "CurrencyRef": {}},
    ],
)
async def test_a_row_that_does_not_parse_fails_its_month(row: dict[str, Any]) -> None:
    answers = Answering(items={"from Invoice": {"QueryResponse": {"Invoice": [row]}}})

    assert failure(await reading(answers, MARCH)) is ProblemCode.UNREADABLE_ANSWER
