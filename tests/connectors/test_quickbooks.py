"""What is particular to QuickBooks Online, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.errors import ForbiddenError, FormError
from connectors.protocol import Access, Grant, MonthCounts, MonthFailure, Reading
from connectors.quickbooks import QUICKBOOKS
from support.connecting import answering
from support.quickbooks_answers import REALM, Answering, account, reading
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

MARCH = Month(2026, 3)
FEBRUARY = Month(2024, 2)
FAULT = {"Error": [{"Message": "It failed", "Detail": "", "code": "10000"}], "type": "SystemFault"}


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


async def test_columns_of_a_year_are_known_by_their_own_days() -> None:
    months = Months(Month(2026, 1), MARCH)
    columns = [MARCH, Month(2026, 1), Month(2026, 2)]
    answers = Answering(
        report=report(
            group("Income", "300.00", "100.00", "", "400.00"),
            group("Expenses", "30.00", "10.00", "", "40.00"),
            group("NetIncome", "270.00", "90.00", "", "360.00"),
            months=months,
            columns=columns,
        )
    )

    read = await reading(answers, *months)

    incomes = [
        value(result, Metric.INCOME_TOTAL)
        for result in read.months.values()
        if isinstance(result, MonthCounts)
    ]
    assert incomes == ["100.00", "0.00", "300.00"]


async def test_a_month_without_a_column_fails_alone() -> None:
    months = Months(Month(2026, 2), MARCH)
    rows = group("Income", "300.00", "300.00")

    read = await reading(Answering(report=report(rows, months=months, columns=[MARCH])), *months)

    assert failure(read, Month(2026, 2)) is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(read.months[MARCH], MonthCounts)


async def test_money_posted_to_a_parent_account_is_in_the_group_s_total_alone() -> None:
    inner = {
        "Header": {"ColData": [{"value": "Consulting", "id": "21"}, {"value": "300.00"}]},
        "Rows": {"Row": [{"ColData": [{"value": "Workshops"}, {"value": "520.03"}], "type": "Data"}]},
        "Summary": {"ColData": [{"value": "Total Consulting"}, {"value": "820.03"}]},
        "type": "Section",
    }
    income = group("Income", "820.03") | {"Rows": {"Row": [inner]}}

    counts = await only(Answering(report=report(income, months=Months(MARCH, MARCH))))

    assert value(counts, Metric.INCOME_TOTAL) == "820.03"


async def test_a_report_that_does_not_add_up_is_told() -> None:
    rows = (group("Income", "100.00"), group("NetIncome", "60.00"))

    counts = await only(Answering(report=report(*rows, months=Months(MARCH, MARCH))))

    assert "PROFIT_AND_LOSS_DIFFERS" in counts.notes


def broken(kind: str) -> dict[str, Any]:
    month = Months(MARCH, MARCH)
    good = report(group("Income", "1.00"), months=month)
    match kind:
        case "another period":
            return report(group("Income", "1.00"), months=Months(Month(2026, 2), MARCH))
        case "another basis":
            return good | {"Header": good["Header"] | {"ReportBasis": "Cash"}}
        case "no rows though there is data":
            return good | {"Rows": {}}
        case "a cell that is text":
            return report(group("Income", "about ten"), months=month)
        case "a cell that is missing":
            return report(group("Income"), months=month)
        case "a group without its total":
            rows = {"Row": [{"ColData": [{"value": "Sales"}, {"value": "9.00"}], "type": "Data"}]}
            return report({"group": "Income", "Rows": rows}, months=month)
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "another period",
        "another basis",
        "no rows though there is data",
        "a cell that is text",
        "a cell that is missing",
        "a group without its total",
    ],
)
async def test_a_report_that_is_not_what_was_asked_for_fails_the_month(kind: str) -> None:
    assert failure(await reading(Answering(report=broken(kind)), MARCH)) is ProblemCode.UNREADABLE_ANSWER


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


async def test_books_are_known_by_realm_and_the_instant_of_their_making() -> None:
    async with answering(Answering()) as session:
        found = await QUICKBOOKS.identify(session, account())

    assert (found.known, found.calls) == (True, 2)
    assert found.books.external_id == f"{REALM}@2023-05-02T15:00:00Z"
    assert (found.books.name, found.books.currency) == ("Pine Works Ltd", "GBP")


async def test_without_that_instant_nobody_can_tell_whose_books_they_are() -> None:
    answers = Answering()

    def nameless(request: httpx.Request) -> httpx.Response:
        if "companyinfo" in request.url.path:
            return httpx.Response(200, json={"CompanyInfo": {"CompanyName": "Pine Works Ltd", "Id": "1"}})
        return answers(request)

    async with answering(nameless) as session:
        found = await QUICKBOOKS.identify(session, account())

    assert (found.known, found.books.external_id) == (False, None)


@pytest.mark.parametrize(
    ("environment", "host"),
    [("production", "quickbooks.api.intuit.com"), ("sandbox", "sandbox-quickbooks.api.intuit.com")],
)
async def test_each_environment_has_its_own_host(environment: str, host: str) -> None:
    answers = Answering()

    async with answering(answers) as session:
        await QUICKBOOKS.test(session, account(environment))

    assert {one.url.host for one in answers.requests} == {host}


async def test_a_probe_asks_for_one_row_of_each_list_and_tells_a_missing_right() -> None:
    denied = {"Fault": {"Error": [{"code": "5020"}], "type": "ValidationFault"}}
    answers = Answering(items={"from VendorCredit": denied})

    async with answering(answers) as session:
        with pytest.raises(ForbiddenError) as caught:
            await QUICKBOOKS.probe_rights(session, account(), MARCH)

    assert len(answers.queries[0]) == 10
    assert "maxresults 1" in answers.queries[0][0]
    assert "administrator" in caught.value.cause


async def test_an_empty_report_needs_no_columns_and_no_rows() -> None:
    counts = await only(Answering(report=None))

    assert value(counts, Metric.INCOME_TOTAL) == value(counts, Metric.EXPENSE_TOTAL) == "0.00"


FIELDS = {"refresh_token": "RT1-made-up", "realm_id": REALM}


def test_a_form_s_fields_are_sorted() -> None:
    given = FIELDS | {
        "environment": "Sandbox",
        "client_id": "ABq7",
        "client_secret": "s",
        "access_token": "eyJ",
        "expires_at": "2026-04-01T10:00:00+00:00",
    }

    credentials = QUICKBOOKS.split(given)

    assert credentials.settings == {"realm_id": REALM, "environment": "sandbox"}
    assert credentials.grant == Grant(FIELDS | {"client_id": "ABq7", "client_secret": "s"})
    assert credentials.access is not None
    assert credentials.access.values == Access({"access_token": "eyJ"}).values


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "refresh_token"),
        ({"realm_id": REALM}, "refresh_token"),
        ({"refresh_token": "RT1-made-up"}, "realm_id"),
        (FIELDS | {"realm_id": "../../evil.example"}, "realm_id"),
        (FIELDS | {"realm_id": "123"}, "realm_id"),
        (FIELDS | {"environment": "staging"}, "environment"),
    ],
)
def test_fields_that_do_not_fit_are_named(fields: dict[str, str], named: str) -> None:
    with pytest.raises(FormError) as caught:
        QUICKBOOKS.split(fields)

    assert [problem.field for problem in caught.value.problems] == [named]


def test_a_company_is_one_token_set_and_one_account_whoever_consents() -> None:
    first, again = (Grant({"realm_id": REALM, "refresh_token": token}) for token in ("RT1-a", "RT1-b"))
    other = Grant({"realm_id": "9130350000000048", "refresh_token": "RT1-a"})
    settings = {"realm_id": REALM, "environment": "production"}

    assert QUICKBOOKS.owner_key(first) == QUICKBOOKS.owner_key(again) != QUICKBOOKS.owner_key(other)
    assert QUICKBOOKS.account_key(first, settings) == QUICKBOOKS.account_key(again, settings)
    assert REALM not in QUICKBOOKS.account_key(first, settings)
