"""What is particular to SmartAccounts, over recorded answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.api import Call
from connectors.errors import FormError
from connectors.protocol import Access, MonthCounts, MonthFailure, MonthWait, Reading
from connectors.smartaccounts import SMARTACCOUNTS
from connectors.smartaccounts.calls import signed
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

JANUARY = Month(2026, 1)
ACCESS = {"api_key": "7c4a1e90d2b85f3360ad", "api_secret": "5e0d7c1b9a48f3266017d2c4b8e9f0a3"}
WINTER = datetime(2026, 1, 15, 6, 9, 10, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 6, 9, 10, tzinfo=UTC)
SALES, PURCHASES = "purchasesales/clientinvoices", "purchasesales/vendorinvoices"
LEDGER, CHART = "general/entries", "settings/accounts"
KEYS = {SALES: "clientInvoices", PURCHASES: "vendorInvoices", LEDGER: "entries", CHART: "accounts"}
TYPES = {
    "1010": "ASSET",
    "1200": "ASSET",
    "2100": "LIABILITY",
    "2310": "LIABILITY",
    "3000": "INCOME",
    "4000": "EXPENSE",
    "5000": "EXPENSE",
}


def invoice(number: int, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"i-{number}",
        "type": None,
        "date": "14.01.2026",
        "currency": "EUR",
        "exchangeRate": None,
        "amount": net,
        "vatAmount": 0.0,
        **fields,
    }


def entry(number: int, *rows: tuple[str | int, float, float], **fields: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "docType": "LEDGER_ENTRY",
        "date": "14.01.2026",
        "rows": [
            {"account": account, "debitAmount": debit, "creditAmount": credit}
            for account, debit, credit in rows
        ],
        **fields,
    }


class Company:
    """Answers by service, in pages; whoever wants another answer sets it."""

    def __init__(self, page_size: int = 100) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            SALES: [],
            PURCHASES: [],
            LEDGER: [],
            CHART: [{"code": code, "type": kind} for code, kind in TYPES.items()],
        }
        self.answers: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []
        self._page_size = page_size

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        service = request.url.path.removeprefix("/en/api/").removesuffix(":get")
        answer = self.answers.get(service)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer if answer is not None else self._page(service, request))

    def asked(self, service: str) -> list[Mapping[str, str]]:
        """The parameters of each call of a service, without those of signing."""
        return [
            {name: value for name, value in one.url.params.items() if name not in SIGNING}
            for one in self.requests
            if one.url.path == f"/en/api/{service}:get"
        ]

    def _page(self, service: str, request: httpx.Request) -> dict[str, Any]:
        rows = self.rows[service]
        if service == CHART:
            return {"accounts": rows}
        number = int(request.url.params["pageNumber"])
        end = number * self._page_size
        first = {"deleted": ["gone-1"]} if number == 1 else {}
        return {
            "hasMoreEntries": end < len(rows),
            **first,
            KEYS[service]: rows[end - self._page_size : end],
        }


SIGNING = {"timestamp", "apikey", "signature"}


async def read(company: Company, *months: Month, clock: SteppingClock | None = None) -> Reading:
    async with answering(company, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        return await SMARTACCOUNTS.read_months(session, account, months or (JANUARY,))


async def january(company: Company) -> MonthCounts:
    result = (await read(company)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value


@pytest.mark.parametrize(
    ("at", "params", "timestamp", "signature"),
    [
        (WINTER, {}, "15012026080910", "ef297ab29e18ba2a5f4366a0634248d3154ad73447b64b0c2fc8c84c32d11486"),
        (
            SUMMER,
            {"dateFrom": "01.02.2024", "dateTo": "29.02.2024", "dateType": "date", "pageNumber": "2"},
            "15072026090910",
            "6ec9b9c5446706d66188c74758356286451df98101b03193a3c528a8b5d9909a",
        ),
        (
            WINTER,
            {"clientName": "Põhjala Aed, AS"},
            "15012026080910",
            "027670421f8c5ffbd90eaeebc8547d87129dc770771ee6a74e1872765af432c1",
        ),
    ],
)
def test_a_query_is_signed_in_estonian_time(
    at: datetime, params: dict[str, str], timestamp: str, signature: str
) -> None:
    call = signed(Call(path="/settings/accounts:get", params=params), Access(ACCESS), at)

    assert list(call.params) == ["timestamp", "apikey", *params, "signature"]
    assert call.params["timestamp"] == timestamp
    assert call.params["signature"] == signature


def test_a_body_is_signed_behind_the_query() -> None:
    call = signed(Call(path="/settings/accounts:get", body=b"{}"), Access(ACCESS), WINTER)

    assert call.params["signature"] == "67ca91193d290a7c733b6636a85e4e17de9d96bbb758754ba54966d872cd3376"


async def test_what_is_sent_is_what_was_signed_and_the_signature_is_last() -> None:
    company = Company()

    async with answering(company, clock=SteppingClock(at=WINTER)) as session:
        await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))

    assert company.requests[0].method == "GET"
    assert str(company.requests[0].url) == (
        "https://sa.smartaccounts.eu/en/api/settings/accounts:get"
        "?timestamp=15012026080910&apikey=7c4a1e90d2b85f3360ad"
        "&signature=ef297ab29e18ba2a5f4366a0634248d3154ad73447b64b0c2fc8c84c32d11486"
    )


async def test_a_retry_has_a_new_timestamp_and_signature() -> None:
    company = Company()
    company.answers[CHART] = httpx.Response(502)

    async with answering(company) as session:
        with pytest.raises(Exception, match="502"):
            await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))

    sent = [dict(request.url.params) for request in company.requests]
    assert len({one["timestamp"] for one in sent}) == len({one["signature"] for one in sent}) == 3


async def test_the_recorded_month() -> None:
    company = Company()
    company.rows[SALES] = [
        invoice(1, 640.00, vatAmount=153.60, roundAmount=0.02, exchangeRate=1.0),
        invoice(2, 120.40, vatAmount=28.90),
        invoice(3, -50.00, type="CRE", vatAmount=-12.00, baseForCreditInvoiceId="i-1"),
        invoice(4, 271.05, currency="USD", exchangeRate=1.0842, date="31.01.2026"),
    ]
    company.rows[PURCHASES] = [
        invoice(1, 300.00, vatAmount=72.00, date="01.01.2026"),
        invoice(2, 45.00, reverseVatChargeType="UNION"),
        invoice(3, -20.00, vatAmount=-4.80),
    ]
    company.rows[LEDGER] = [
        entry(1, ("1200", 793.60, 0.0), ("3000", 0.0, 640.0), ("2310", 0.0, 153.6), docType="CLIENT_INVOICE"),
        entry(2, ("4000", 300.0, 0.0), ("2310", 72.0, 0.0), ("2100", 0.0, 372.0), docType="VENDOR_INVOICE"),
        entry(3, ("1010", 793.6, 0.0), ("1200", 0.0, 793.6), docType="BANK_PAYMENT"),
        entry(4, ("2100", 10.0, 0.0), ("1000", 0.0, 10.0), docType="CASH_PAYMENT"),
        entry(5, (5000, 700.0, 0.0), ("2200", 0.0, 700.0), docType="PERIOD_SALARY"),
    ]
    company.rows[CHART] += [{"code": 1000, "type": "ASSET"}, {"code": 2200, "type": "LIABILITY"}]

    counts = await january(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "3",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "960.40",
        Metric.SALES_VAT: "170.50",
        Metric.PURCHASE_NET: "325.00",
        Metric.PURCHASE_VAT: "67.20",
        Metric.INCOME_TOTAL: "640.00",
        Metric.EXPENSE_TOTAL: "1000.00",
        Metric.ENTRY_COUNT: "5",
        Metric.ENTRY_LINE_COUNT: "12",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "7",
    }
    assert counts.values[Metric.SALES_NET].unit == "EUR"
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.record_count == 12
    assert counts.notes == ()


async def test_a_month_takes_four_calls_with_both_of_its_days() -> None:
    company = Company()

    reading = await read(company, Month(2024, 2))

    assert reading.calls == len(company.requests) == 4
    days = {"dateFrom": "01.02.2024", "dateTo": "29.02.2024"}
    assert company.asked(CHART) == [{}]
    assert (
        company.asked(SALES) == company.asked(PURCHASES) == [{**days, "dateType": "date", "pageNumber": "1"}]
    )
    assert company.asked(LEDGER) == [{**days, "fetchRows": "true", "pageNumber": "1"}]


async def test_a_year_is_one_range_of_pages() -> None:
    company = Company()
    company.rows[SALES] = [invoice(number, 1.0) for number in range(480)]
    company.rows[PURCHASES] = [invoice(number, 1.0) for number in range(720)]
    company.rows[LEDGER] = [entry(number) for number in range(3000)]

    reading = await read(company, *Months.ending(JANUARY, 12))

    assert reading.calls == len(company.requests) == 1 + 5 + 8 + 30
    assert company.asked(LEDGER)[0]["dateFrom"] == "01.02.2025"
    assert [one["pageNumber"] for one in company.asked(SALES)] == ["1", "2", "3", "4", "5"]
    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_INVOICE_COUNT) == 480


async def test_more_than_a_year_asks_for_the_chart_once() -> None:
    company = Company()

    reading = await read(company, *Months.ending(JANUARY, 13))

    assert reading.calls == 1 + 2 * 3


async def test_a_page_may_hold_any_number_of_rows() -> None:
    company = Company(page_size=7)
    company.rows[SALES] = [invoice(number, 1.0) for number in range(15)]

    counts = await january(company)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 15
    assert len(company.asked(SALES)) == 3


async def test_a_long_list_is_read_within_the_limit_without_beginning_again() -> None:
    company, clock = Company(), SteppingClock()
    company.rows[LEDGER] = [entry(number) for number in range(7000)]

    reading = await read(company, clock=clock)

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 73
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60


async def test_the_day_s_budget_makes_the_month_wait_for_the_next_day() -> None:
    company, clock = Company(), SteppingClock()
    day = next(budget for budget in SMARTACCOUNTS.budgets if budget.is_daily)

    async with answering(company, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        session.limiter.correct(day, account.account_key, 900 - 8)
        readings = [await SMARTACCOUNTS.read_months(session, account, [JANUARY]) for _ in range(3)]

    wait = readings[2].months[JANUARY]
    assert all(isinstance(reading.months[JANUARY], MonthCounts) for reading in readings[:2])
    assert isinstance(wait, MonthWait)
    assert wait.reason is WaitReason.DAILY_LIMIT
    assert len(company.requests) == 8


async def test_a_page_that_is_repeated_fails_the_months_of_its_list() -> None:
    company = Company()
    company.answers[SALES] = {"hasMoreEntries": True, "clientInvoices": [invoice(1, 5.0)]}

    reading = await read(company)

    assert isinstance(reading.months[JANUARY], MonthFailure)
    assert len(company.asked(SALES)) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"hasMoreEntries": False, "templates": [invoice(1, 5.0)]},
        {"hasMoreEntries": False, "deleted": [], "clientInvoices": [invoice(1, 5.0)], "total": 1},
    ],
)
async def test_a_list_may_have_any_key(answer: Any) -> None:
    company = Company()
    company.answers[SALES] = answer

    assert value(await january(company), Metric.SALES_NET) == 5


async def test_a_bare_array_is_a_list_that_ends_with_an_empty_page() -> None:
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if SALES in request.url.path:
            rows = [invoice(1, 5.0)] if request.url.params["pageNumber"] == "1" else []
            return httpx.Response(200, json=rows)
        return company(request)

    async with answering(answer) as session:
        reading = await SMARTACCOUNTS.read_months(session, account_with(SMARTACCOUNTS, ACCESS, {}), [JANUARY])

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_NET) == 5


@pytest.mark.parametrize(
    "answer",
    [
        {"hasMoreEntries": False, "deleted": []},
        {"hasMoreEntries": False, "clientInvoices": [], "others": []},
        {"clientInvoices": [invoice(1, 5.0)]},
        {"hasMoreEntries": "false", "clientInvoices": []},
        {"errors": [{"code": "SOMETHING-NEW"}]},
        {"hasMoreEntries": True, "clientInvoices": []},
    ],
)
async def test_a_list_that_cannot_be_found_is_never_an_empty_one(answer: Any) -> None:
    company = Company()
    company.answers[SALES] = answer

    failed = (await read(company)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(("net", "vat"), [(80.0, 19.2), (-80.0, -19.2)])
async def test_a_sales_credit_is_subtracted_whatever_its_sign(net: float, vat: float) -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, net, type="CRE", vatAmount=vat)]

    counts = await january(company)

    assert value(counts, Metric.SALES_CREDIT_NOTE_COUNT) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == -80
    assert str(value(counts, Metric.SALES_VAT)) == "-19.20"


async def test_a_negative_sales_invoice_without_a_type_is_an_invoice() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, -5.0)]

    counts = await january(company)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == -5


async def test_ids_and_accounts_may_be_numbers() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 5.0, id=7)]
    company.rows[LEDGER] = [entry(1, (3000, 0.0, 5.0), id=8)]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 5
    assert counts.record_count == 2


async def test_a_foreign_invoice_is_divided_by_its_rate_and_without_one_the_sum_is_absent() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 1.0, currency="USD", exchangeRate=0.8)]
    company.rows[PURCHASES] = [invoice(1, 9.0, currency="USD"), invoice(2, 1.0)]

    counts = await january(company)

    assert value(counts, Metric.SALES_NET) == Decimal("1.25")
    assert {Metric.PURCHASE_NET, Metric.PURCHASE_VAT}.isdisjoint(counts.values)
    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == 2
    assert counts.notes == ("UNCONVERTED 1",)


async def test_rows_outside_the_months_asked_for_are_dropped() -> None:
    company = Company()
    company.rows[SALES] = [
        invoice(1, 5.0, date="31.12.2025"),
        invoice(2, 7.0),
        invoice(3, 9.0, date="01.02.2026"),
    ]

    assert value(await january(company), Metric.SALES_NET) == 7


async def test_an_unknown_account_is_noted_and_not_counted() -> None:
    company = Company()
    company.rows[LEDGER] = [entry(1, ("3999", 0.0, 5.0), ("3000", 0.0, 2.0)), entry(2, ("3999", 1.0, 0.0))]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 2
    assert value(counts, Metric.ENTRY_LINE_COUNT) == 3
    assert counts.notes == ("UNKNOWN_ACCOUNT 2",)


async def test_red_storno_takes_back() -> None:
    company = Company()
    company.rows[LEDGER] = [entry(1, ("3000", 0.0, 5.0)), entry(2, ("3000", 0.0, -2.0), ("4000", -1.0, 0.0))]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 3
    assert value(counts, Metric.EXPENSE_TOTAL) == -1


@pytest.mark.parametrize("refused", [CHART, LEDGER])
@pytest.mark.parametrize("status", [401, 403])
async def test_without_the_right_to_the_ledger_documents_fill_in(refused: str, status: int) -> None:
    company = Company()
    company.rows[SALES], company.rows[PURCHASES] = [invoice(1, 50.0)], [invoice(1, 20.0)]
    told = {"errors": [{"code": "NO-PERMISSION", "message": "No permission for this service"}]}
    company.answers[refused] = httpx.Response(status, json=told)

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 50
    assert counts.values[Metric.EXPENSE_TOTAL].source is Source.DOCUMENTS
    absent = {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.BANK_TRANSACTION_COUNT}
    assert absent.isdisjoint(counts.values)
    assert counts.notes == ("INCOME_FROM_DOCUMENTS",)


async def test_an_unpaid_bill_is_not_taken_for_a_missing_right() -> None:
    company = Company()
    told = {"errors": [{"code": "BILLING-ERROR", "message": "Service unavailable (billing error)"}]}
    company.answers[LEDGER] = httpx.Response(503, json=told)

    failed = (await read(company)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_PLAN_TOO_LOW


async def test_a_december_whose_result_ends_at_nothing_is_noted() -> None:
    company, december = Company(), Month(2025, 12)
    company.rows[LEDGER] = [
        entry(1, ("1200", 90.0, 0.0), ("3000", 0.0, 90.0), date="05.12.2025"),
        entry(2, ("3000", 90.0, 0.0), ("2100", 0.0, 90.0), date="31.12.2025"),
        entry(3, ("3000", 90.0, 90.0)),
    ]

    reading = await read(company, december, JANUARY)

    closed, usual = reading.months[december], reading.months[JANUARY]
    assert isinstance(closed, MonthCounts)
    assert isinstance(usual, MonthCounts)
    assert closed.notes == ("YEAR_MAY_BE_CLOSED",)
    assert usual.notes == ()


@pytest.mark.parametrize(
    ("service", "row"),
    [
        (SALES, invoice(1, 0.0, amount="about 12")),
        (SALES, invoice(1, 0.0, vatAmount=None)),
        (SALES, invoice(1, 0.0, type="PRE")),
        (SALES, invoice(1, 0.0, currency=None)),
        (PURCHASES, invoice(1, 0.0, currency="USD", exchangeRate="1.08")),
        (LEDGER, entry(1, rows=None)),
        (LEDGER, entry(1, docType=None)),
        (LEDGER, entry(1, ("3000", 0.0, 5.0), rows=[{"account": "3000", "debitAmount": 1.0}])),
    ],
)
async def test_a_bad_row_fails_its_month_only(service: str, row: dict[str, Any]) -> None:
    company = Company()
    company.rows[service] = [row]

    reading = await read(company, Month(2025, 12), JANUARY)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[Month(2025, 12)], MonthCounts)


@pytest.mark.parametrize("day", ["2026-01-14", "14.13.2026", "", None])
async def test_a_row_without_a_date_fails_every_month_of_its_list(day: str | None) -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 5.0, date=day)]

    reading = await read(company, *Months.ending(JANUARY, 3))

    assert {type(result) for result in reading.months.values()} == {MonthFailure}


async def test_a_clock_that_is_off_is_corrected_once_by_the_provider_s() -> None:
    clock, company = SteppingClock(), Company()
    provider_now = clock.now() + timedelta(minutes=40)
    estonian = provider_now + timedelta(hours=3)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["timestamp"] != f"{estonian:%d%m%Y%H%M%S}":
            told = f"{provider_now:%a, %d %b %Y %H:%M:%S GMT}"
            return httpx.Response(401, headers={"Date": told})
        return company(request)

    async with answering(answer, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        reading = await SMARTACCOUNTS.read_months(session, account, [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 5


def test_the_form_asks_for_both_keys_and_strips_what_came_along() -> None:
    with pytest.raises(FormError) as caught:
        SMARTACCOUNTS.split({})
    credentials = SMARTACCOUNTS.split({"api_key": " 7c4a 1e90\n", "api_secret": "\u00a05e0d"})

    assert [problem.field for problem in caught.value.problems] == ["api_key", "api_secret"]
    assert credentials.grant.values == {"api_key": "7c4a1e90", "api_secret": "5e0d"}
    assert credentials.settings == {}
    assert [field.name for field in SMARTACCOUNTS.form.fields if field.secret] == ["api_secret"]
