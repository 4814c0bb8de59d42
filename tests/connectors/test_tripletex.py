"""What is particular to Tripletex, over recorded answers."""

import json
from datetime import date
from typing import Any

import httpx
import pytest
from connectors.errors import ForbiddenError, RejectedRequestError
from connectors.protocol import Grant, MonthCounts, MonthFailure, MonthWait, Reading
from connectors.tripletex import TRIPLETEX
from support.connecting import Answers, SteppingClock, account_with, answering, json_of
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

MARCH = Month(2026, 3)
SESSION = "d5e1f3a0-7b42-4c19-9a66-0f2b8c3e1d57"
OWN = {"id": 3300121, "name": "Fjell og Fjord AS", "organizationNumber": "912345678"}
CLIENT = {"id": 5512873, "name": "Kystfisk AS", "organizationNumber": "987654321"}
DATES = {"/invoice": "invoiceDate", "/supplierInvoice": "invoiceDate", "/ledger/posting": "date"}


def invoice(number: int, gross: float, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "invoiceDate": "2026-03-04",
        "isCreditNote": False,
        "isCharged": True,
        "amount": gross,
        "amountExcludingVat": net,
        "amountRoundoff": 0.0,
        **fields,
    }


def bill(number: int, gross: float, net: float, *, voucher: int | None = 1, **fields: Any) -> dict[str, Any]:
    row = invoice(number, gross, net, **fields)
    del row["amountRoundoff"], row["isCharged"]
    return row | {"voucher": None if voucher is None else {"id": 990000 + number, "number": voucher}}


def posting(posting_id: int, amount: float, kind: str | None, voucher: int, **account: Any) -> dict[str, Any]:
    return {
        "id": posting_id,
        "date": "2026-03-06",
        "amount": amount,
        "account": {"number": 6800, "type": kind, "isBankAccount": False, **account},
        "voucher": {"id": voucher},
    }


def balance(number: int, kind: str | None, change: float) -> dict[str, Any]:
    return {"account": {"number": number, "name": "x", "type": kind}, "balanceChange": change}


class Company:
    """Lists with exclusive ends and offset pages; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {path: [] for path in DATES}
        self.balances: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = [CLIENT]
        self.answers: dict[str, httpx.Response] = {}
        self.requests: list[httpx.Request] = []
        self.most_rows = 10_000

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/v2")
        return self.answers.get(path) or self._answer(path, request.url.params)

    def _answer(self, path: str, asked: httpx.QueryParams) -> httpx.Response:
        if path == "/token/session/>whoAmI":
            return httpx.Response(200, json={"value": {"companyId": OWN["id"], "company": OWN}})
        if path == "/company/>withLoginAccess":
            return self._page(self.clients, asked)
        if path == "/balanceSheet":
            return self._page(self.balances, asked)
        name = DATES[path]
        first, end = asked[f"{name}From"], asked[f"{name}To"]
        rows = [row for row in self.lists[path] if first <= row[name] < end]
        if len(rows) > self.most_rows:
            return httpx.Response(
                422, json={"status": 422, "code": 23000, "message": "Result set too large."}
            )
        return self._page(rows, asked)

    def _page(self, rows: list[dict[str, Any]], asked: httpx.QueryParams) -> httpx.Response:
        start, count = int(asked["from"]), int(asked["count"])
        page = rows[start : start + count]
        hint = len(page) + (start + count < len(rows))
        body = {"fullResultSize": hint, "from": start, "count": len(page), "values": page}
        return httpx.Response(200, content=json.dumps(body))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == f"/v2{path}"]


async def read(
    company: Answers, *months: Month, company_id: str = "0", expected: Books | None = None
) -> Reading:
    settings = {"environment": "production", "company_id": company_id}
    async with answering(company, clock=SteppingClock()) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        return await TRIPLETEX.read_months(session, account, months or (MARCH,), expected=expected)


async def march(company: Company) -> MonthCounts:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result


async def test_the_recorded_month() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(700001, 12500.0, 10000.0),
        invoice(700002, 23000.0, 23000.0, invoiceDate="2026-03-31"),
        invoice(700003, -2500.0, -2000.0, isCreditNote=True, invoiceDate="2026-03-31"),
    ]
    company.lists["/supplierInvoice"] = [
        bill(810001, -6250.0, -5000.0, voucher=41),
        bill(810002, 1250.0, 1000.0, voucher=44, isCreditNote=True),
        bill(810003, 0, 0, voucher=0),
    ]
    company.balances = [
        balance(3000, "OPERATING_REVENUES", -31000.0),
        balance(5000, "OPERATING_EXPENSES", 20000.0),
        balance(6800, "OPERATING_EXPENSES", 4000.0),
        balance(8050, "INVESTMENT_INCOME", -15.0),
    ]
    company.lists["/ledger/posting"] = [
        posting(1, -31000.0, "OPERATING_REVENUES", 90),
        posting(2, 31000.0, "ASSETS", 90, isBankAccount=True),
        posting(3, 24000.0, "OPERATING_EXPENSES", 91),
        posting(4, -15.0, "INVESTMENT_INCOME", 92),
    ]

    counts = await march(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "31000.00",
        Metric.SALES_VAT: "2000.00",
        Metric.PURCHASE_NET: "4000.00",
        Metric.PURCHASE_VAT: "1000.00",
        Metric.INCOME_TOTAL: "31015.00",
        Metric.EXPENSE_TOTAL: "24000.00",
        Metric.ENTRY_COUNT: "3",
        Metric.ENTRY_LINE_COUNT: "4",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "5",
    }
    assert counts.notes == ("NOT_BOOKED 1",)
    assert counts.values[Metric.SALES_NET].unit == "NOK"


async def test_ends_are_exclusive_and_both_are_sent() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(1, 10.0, 10.0, invoiceDate="2026-03-31"),
        invoice(2, 10.0, 10.0, invoiceDate="2026-04-01"),
    ]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 1
    for path, name in {**DATES, "/balanceSheet": "date"}.items():
        (asked,) = company.asked(path)
        assert (asked[f"{name}From"], asked[f"{name}To"]) == ("2026-03-01", "2026-04-01")
    (report,) = company.asked("/balanceSheet")
    assert (report["accountNumberFrom"], report["accountNumberTo"]) == ("3000", "9000")


async def test_one_month_takes_four_calls_and_twelve_take_fifteen() -> None:
    one, twelve = await read(Company()), await read(Company(), *Months.ending(MARCH, 12))

    assert (one.calls, one.identity_calls) == (4, 1)
    assert (twelve.calls, twelve.identity_calls) == (15, 1)


async def test_the_size_that_a_page_tells_is_no_total() -> None:
    company = Company()
    company.lists["/invoice"] = [invoice(number, 1.0, 1.0) for number in range(2500)]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 2500
    assert [asked["from"] for asked in company.asked("/invoice")] == ["0", "1000", "2000"]


async def test_too_many_rows_halve_the_period() -> None:
    company = Company()
    company.most_rows = 4
    company.lists["/invoice"] = [
        invoice(number, 1.0, 1.0, invoiceDate=date(2026, 3, number).isoformat()) for number in range(1, 32)
    ]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 31


async def test_too_many_rows_on_one_day_fail_the_months() -> None:
    company = Company()
    company.most_rows = 1
    company.lists["/invoice"] = [invoice(1, 1.0, 1.0), invoice(2, 1.0, 1.0)]

    failed = (await read(company)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST


async def test_round_off_is_not_vat() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(1, 125.5, 100.0, amountRoundoff=0.5),
        invoice(2, 1.0, 1.0, amountRoundoff=None),
    ]

    assert (await march(company)).values[Metric.SALES_VAT].value == 25


async def test_rows_that_are_not_charged_do_not_count() -> None:
    company = Company()
    company.lists["/invoice"] = [invoice(1, 125.0, 100.0, isCharged=False)]

    assert (await march(company)).values[Metric.DOCUMENT_COUNT].value == 0


@pytest.mark.parametrize("voucher", [0, None])
async def test_bills_that_are_not_booked_are_noted(voucher: int | None) -> None:
    company = Company()
    company.lists["/supplierInvoice"] = [bill(1, 0, 0, voucher=voucher), bill(2, 0, 0, voucher=voucher)]

    counts = await march(company)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 0
    assert counts.notes == ("NOT_BOOKED 2",)


@pytest.mark.parametrize(
    ("number", "kind", "income", "expenses"),
    [
        (3000, "OPERATING_REVENUES", -10, 0),
        (8050, "INVESTMENT_INCOME", -10, 0),
        (8400, "EXTRAORDINARY_INCOME", -10, 0),
        (6000, "OPERATING_EXPENSES", 0, 10),
        (8150, "COST_OF_CAPITAL", 0, 10),
        (8500, "EXTRAORDINARY_COST", 0, 10),
        (8300, "TAX_ON_ORDINARY_ACTIVITIES", 0, 0),
        (8600, "TAX_ON_EXTRAORDINARY_ACTIVITIES", 0, 0),
        (8800, "ANNUAL_RESULT", 0, 0),
        (8960, "TRANSFERS_AND_ALLOCATIONS", 0, 0),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
async def test_each_kind_of_account(number: int, kind: str, income: int, expenses: int, typed: bool) -> None:
    company = Company()
    told = kind if typed else None
    company.balances = [balance(number, told, 10.0)]
    company.lists["/ledger/posting"] = [posting(1, 10.0, told, 90, number=number)]

    counts = await march(company)

    assert counts.values[Metric.INCOME_TOTAL].value == income
    assert counts.values[Metric.EXPENSE_TOTAL].value == expenses
    assert counts.notes == ()


async def test_report_and_postings_that_differ_are_noted() -> None:
    company = Company()
    company.balances = [balance(3000, "OPERATING_REVENUES", -100.0)]

    counts = await march(company)

    assert counts.values[Metric.INCOME_TOTAL].value == 100
    assert counts.notes == ("PROFIT_AND_LOSS_DIFFERS",)


async def test_an_account_of_an_unknown_kind_fails_its_month() -> None:
    company = Company()
    company.balances = [balance(8200, None, 1.0)]

    failed = (await read(company)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


async def test_a_page_cut_short_is_noticed() -> None:
    company = Company()
    short = {"fullResultSize": 2, "from": 0, "count": 2, "values": [invoice(1, 1.0, 1.0)]}
    company.answers["/invoice"] = httpx.Response(200, json=short)

    assert isinstance((await read(company)).months[MARCH], MonthFailure)


async def test_an_accountant_reads_its_client_s_books() -> None:
    company = Company()

    reading = await read(company, company_id="5512873")

    users = {one.url.path: one.headers["authorization"] for one in company.requests}
    own, client = (
        "Basic MDpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc=",
        "Basic NTUxMjg3MzpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc=",
    )
    assert users["/v2/company/>withLoginAccess"] == own
    assert users["/v2/invoice"] == client
    assert reading.books == Books(external_id="5512873", name="Kystfisk AS", currency="NOK")


async def test_a_company_that_the_token_does_not_open_is_a_missing_right() -> None:
    settings = {"environment": "production", "company_id": "77"}

    async with answering(Company()) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        with pytest.raises(ForbiddenError, match="company"):
            await TRIPLETEX.test(session, account)


@pytest.mark.parametrize("company_id", ["0", "3300121"])
async def test_a_test_takes_at_most_two_calls_and_names_the_company(company_id: str) -> None:
    company = Company()
    settings = {"environment": "production", "company_id": company_id}

    async with answering(company) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        found = await TRIPLETEX.test(session, account)

    assert found.books.name == "Fjell og Fjord AS"
    assert found.known
    assert found.calls == len(company.requests) <= 2


async def test_special_signs_in_paths_are_encoded() -> None:
    company = Company()

    await read(company)

    assert company.requests[0].url.raw_path.startswith(b"/v2/token/session/%3EwhoAmI?fields=")


async def test_other_books_are_told_before_anything_is_read() -> None:
    reading = await read(Company(), expected=Books(external_id="1"))

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.WRONG_COMPANY
    assert reading.calls == 0


async def test_a_probe_asks_one_row_of_each_list() -> None:
    company = Company()
    settings = {"environment": "production", "company_id": "0"}

    async with answering(company) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        await TRIPLETEX.probe_rights(session, account, MARCH)
        company.answers["/supplierInvoice"] = httpx.Response(403, json={"code": 9000})
        with pytest.raises(ForbiddenError, match="supplierInvoice"):
            await TRIPLETEX.probe_rights(session, account, MARCH)

    assert {one.url.params["count"] for one in company.requests} == {"1"}
    assert len(company.requests) == 4 + 2


async def test_few_remaining_calls_are_a_pause_before_the_limit_is_hit() -> None:
    company = Company()
    clock = SteppingClock()

    def answer(request: httpx.Request) -> httpx.Response:
        response = company(request)
        response.headers.update({"X-Rate-Limit-Remaining": "4", "X-Rate-Limit-Reset": "7"})
        return response

    async with answering(answer, clock=clock) as session:
        account = account_with(
            TRIPLETEX, {"session_token": SESSION}, {"environment": "test", "company_id": "0"}
        )
        await TRIPLETEX.read_months(session, account, [MARCH])

    assert set(clock.slept_s) == {8.0}


async def test_on_a_throttle_whole_months_are_kept_and_the_rest_waits() -> None:
    company = Company()
    limit = httpx.Response(429, headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "40"})

    def answer(request: httpx.Request) -> httpx.Response:
        return limit if len(company.asked("/balanceSheet")) >= 4 else company(request)

    months = list(Months.ending(MARCH, 12))
    reading = await read(answer, *months)

    kept = [month for month, result in reading.months.items() if isinstance(result, MonthCounts)]
    waits = [result for result in reading.months.values() if isinstance(result, MonthWait)]
    assert kept == months[:4]
    assert len(waits) == 8
    assert {wait.reason for wait in waits} == {WaitReason.RATE_LIMITED}


async def test_signing_in_sends_the_tokens_in_the_body_and_never_in_the_address() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(201, json={"value": {"id": 1, "token": SESSION}})

    operators = {Provider.TRIPLETEX: {"consumer_token_test": "eyJjb25zdW1lciI6MX0="}}
    grant = Grant({"employee_token": "eyJlbXBsb3llZSI6MX0="})
    clock = SteppingClock()
    async with answering(answer, clock=clock, operators=operators) as session:
        signed_in = await TRIPLETEX.sign_in(session, grant, {"environment": "test", "company_id": "0"})

    (request,) = requests
    assert (request.method, str(request.url)) == (
        "POST",
        "https://api-test.tripletex.tech/v2/token/session/:create",
    )
    assert "authorization" not in request.headers
    assert json_of(request) == {
        "consumerToken": "eyJjb25zdW1lciI6MX0=",
        "employeeToken": "eyJlbXBsb3llZSI6MX0=",
        "expirationDate": "2026-05-04",
    }
    assert signed_in.access.values == {"session_token": SESSION}
    assert signed_in.access.expires_at is not None
    assert (signed_in.access.expires_at - clock.now()).total_seconds() == 24 * 3600
    assert signed_in.grant == grant
    assert signed_in.calls == 1


async def test_without_the_installation_s_token_the_operator_is_told() -> None:
    async with answering(lambda _: httpx.Response(500)) as session:
        with pytest.raises(RejectedRequestError, match="consumer token"):
            await TRIPLETEX.sign_in(
                session, Grant({"employee_token": "eyJ"}), {"environment": "test", "company_id": "0"}
            )


def test_an_accountant_s_clients_share_one_limit_and_environments_do_not() -> None:
    grant = Grant({"employee_token": "eyJ"})

    def key(environment: str, company_id: str) -> str:
        return TRIPLETEX.account_key(grant, {"environment": environment, "company_id": company_id})

    assert key("production", "1") == key("production", "2") != key("test", "1")
