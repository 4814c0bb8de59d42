"""What is particular to FreeAgent, over recorded answers."""

from decimal import Decimal

import httpx
import pytest
from connectors.errors import FormError
from connectors.freeagent import FREEAGENT
from connectors.freeagent.months import view
from connectors.protocol import Grant, MonthCounts
from support.connecting import SteppingClock
from support.freeagent_company import (
    ACCOUNT,
    LEDGER,
    MARCH,
    REFUSED,
    REPORT,
    Company,
    bill,
    credit_note,
    dated,
    failed,
    invoice,
    march,
    read,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


async def test_the_recorded_month() -> None:
    company = Company()
    company.largest_page = 2
    company.lists |= {
        "invoices": [
            invoice(61, "820.0", "164.0", dated_on="2026-03-01", status="Overdue"),
            invoice(62, "350.0", currency="USD", exchange_rate="0.7921", status="Paid"),
            invoice(63, "90.0", "18.0", status="Draft"),
            invoice(64, "45.0", "9.0", dated_on="2026-04-01"),
            invoice(65, "10.5", "2.1", dated_on="2026-03-31", status="Written-off"),
        ],
        "credit_notes": [credit_note(8, "-70.0", "-14.0"), credit_note(9, "-5.0", status="Draft")],
        "bills": [
            bill(91, "360.0", "-60.0", net_value="-300.0"),
            bill(92, "-48.0", "8.0", net_value="40.0", status="Refunded"),
        ],
        "journal_sets": [dated("journal_sets", 1), dated("journal_sets", 2, "2026-03-31")],
        LEDGER: [dated(LEDGER, number) for number in range(17)],
        "bank_transactions": [dated("bank_transactions", number) for number in range(3)],
    }
    company.figures = {"income": "1102.24", "expenses": "410.0", "operating_profit": "692.24"}

    counts = await march(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "3",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "1037.74",  # 820 + 277.24 (350 at 0.7921, rounded up) + 10.50 - 70
        Metric.SALES_VAT: "152.10",
        Metric.PURCHASE_NET: "260.00",
        Metric.PURCHASE_VAT: "52.00",
        Metric.INCOME_TOTAL: "1102.24",
        Metric.EXPENSE_TOTAL: "410.00",
        Metric.ENTRY_COUNT: "2",
        Metric.ENTRY_LINE_COUNT: "17",
        Metric.BANK_TRANSACTION_COUNT: "3",
        Metric.DOCUMENT_COUNT: "6",
    }
    assert counts.notes == ("ENTRIES_ARE_MANUAL_JOURNALS",)
    assert counts.record_count == 8


async def test_each_call_carries_what_the_vendor_asks_for() -> None:
    company = Company()

    reading = await read(company)

    assert (reading.calls, reading.identity_calls) == (8, 1)
    assert reading.books == Books(external_id="700412", name="Heron Print Ltd", currency="GBP")
    for request in company.requests:
        assert request.headers["authorization"] == "Bearer 1a-made-up"
        assert request.headers["accept"] == "application/json"
        assert request.headers["user-agent"]
        assert "x-subdomain" not in request.headers
        assert request.url.host == "api.freeagent.com"


async def test_the_questions_of_a_year() -> None:
    company = Company()

    reading = await read(company, list(Months.ending(MARCH, 12)))

    assert reading.calls == 30
    period = {"from_date": "2025-04-01", "to_date": "2026-03-31"}
    page = {"per_page": "100", "page": "1"}
    assert [dict(asked) for asked in company.asked("invoices")] == [{"view": "last_15_months", **page}]
    assert [dict(asked) for asked in company.asked("credit_notes")] == [{"view": "last_15_months", **page}]
    assert [dict(asked) for asked in company.asked("bills")] == [{**period, **page}]
    assert [dict(asked) for asked in company.asked("journal_sets")] == [{**period, **page}]
    assert [dict(asked) for asked in company.asked("bank_transactions")] == [
        {"bank_account": ACCOUNT["url"], **period, **page}
    ]
    months = [(month.first_day.isoformat(), month.last_day.isoformat()) for month in Months.ending(MARCH, 12)]
    for path in (REPORT, LEDGER):
        assert sorted((asked["from_date"], asked["to_date"]) for asked in company.asked(path)) == months


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (Month(2026, 3), "last_4_months"),
        (Month(2026, 5), "last_2_months"),
        (Month(2026, 6), "last_2_months"),
        (Month(2024, 7), "last_24_months"),
        (Month(2024, 6), "all"),
    ],
)
def test_how_far_back_invoices_are_asked_for(first: Month, expected: str) -> None:
    assert view(first, SteppingClock().now().date()) == expected


@pytest.mark.parametrize(
    ("figures", "notes"),
    [
        ({"income": "1022", "expenses": "450", "operating_profit": "573"}, {"INCOME_IN_WHOLE_UNITS"}),
        ({"income": "1022.0", "expenses": "450.5", "operating_profit": "571.5"}, set()),
        ({"income": "1022.0", "expenses": "450.0", "operating_profit": "500.0"}, {"PROFIT_AND_LOSS_DIFFERS"}),
    ],
)
async def test_the_report_may_be_in_whole_pounds_and_is_checked(
    figures: dict[str, str], notes: set[str]
) -> None:
    company = Company()
    company.figures = figures

    counts = await march(company)

    assert set(counts.notes) - {"ENTRIES_ARE_MANUAL_JOURNALS"} == notes
    assert counts.values[Metric.INCOME_TOTAL].value == 1022
    assert counts.values[Metric.INCOME_TOTAL].source is Source.PROFIT_AND_LOSS


@pytest.mark.parametrize(
    ("of", "is_read"),
    [
        ({"from": "2026-03-01", "to": "2026-03-31"}, True),
        ({"from": "2026-01-01", "to": "2026-03-31"}, False),
        ({"from": "2026-03-01", "to": "2026-03-20"}, False),
    ],
)
async def test_a_report_of_another_period_is_not_taken(of: dict[str, str], is_read: bool) -> None:
    company = Company()
    company.answers[REPORT] = {"profit_and_loss_summary": {**company.figures, **of}}

    result = (await read(company)).months[MARCH]

    assert isinstance(result, MonthCounts) is is_read


async def test_the_report_of_a_month_that_has_not_ended_may_end_today() -> None:
    company, may = Company(), Month(2026, 5)
    of = {"from": "2026-05-01", "to": "2026-05-02"}  # the clock stands at this day
    company.answers[REPORT] = {"profit_and_loss_summary": {**company.figures, **of}}

    assert isinstance((await read(company, [may])).months[may], MonthCounts)


async def test_months_before_the_books_begin_are_zeros_without_a_call() -> None:
    company = Company()
    company.company["freeagent_start_date"] = "2026-03-15"
    company.lists["invoices"] = [invoice(1, "10.0", dated_on="2026-02-03"), invoice(2, "20.0")]

    reading = await read(company, list(Months.ending(MARCH, 3)))

    february, now = reading.months[Month(2026, 2)], reading.months[MARCH]
    assert isinstance(february, MonthCounts)
    assert isinstance(now, MonthCounts)
    assert {one.value for one in february.values.values()} == {0}
    assert february.notes == ("BEFORE_THE_BOOKS",)
    assert now.values[Metric.SALES_NET].value == 20
    assert reading.calls == 8


async def test_books_that_begin_later_take_no_call_at_all() -> None:
    company = Company()
    company.company["freeagent_start_date"] = "2026-04-01"

    reading = await read(company)

    assert reading.calls == 0
    assert isinstance(reading.months[MARCH], MonthCounts)


async def test_a_single_403_is_asked_again_after_a_while() -> None:
    company, clock = Company(), SteppingClock()
    refusals = iter([REFUSED])

    def answer(request: httpx.Request) -> httpx.Response:
        spell = next(refusals, None) if request.url.path == "/v2/bills" else None
        return spell or company(request)

    reading = await read(answer, clock=clock)

    assert isinstance(reading.months[MARCH], MonthCounts)
    assert clock.slept_s == [20.0]


async def test_a_low_level_takes_income_from_documents_and_leaves_the_ledger_out() -> None:
    company, clock = Company(), SteppingClock()
    for path in (REPORT, LEDGER, "journal_sets", "bank_accounts"):
        company.answers[path] = REFUSED
    company.lists |= {
        "invoices": [invoice(1, "100.0", "20.0")],
        "credit_notes": [credit_note(1, "-30.0")],
        "bills": [bill(1, "60.0", "-10.0"), bill(2, "-12.0", "2.0")],
        "expenses": [
            dated("expenses", 1, native_gross_value="-24.0", native_sales_tax_value="-4.0"),
            dated("expenses", 2, native_gross_value="5.0"),
            dated("expenses", 3, currency="GBP", gross_value="-6.0", sales_tax_value="1.0"),
        ],
    }

    reading = await read(company, list(Months.ending(MARCH, 2)), clock=clock)

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    income, expenses = counts.values[Metric.INCOME_TOTAL], counts.values[Metric.EXPENSE_TOTAL]
    assert (income.value, income.source) == (Decimal(70), Source.DOCUMENTS)
    assert (expenses.value, expenses.source) == (Decimal(60), Source.DOCUMENTS)  # 50 - 10 + 20 - 5 + 5
    absent = {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.BANK_TRANSACTION_COUNT}
    assert absent.isdisjoint(counts.values)
    assert set(counts.notes) == {
        *("INCOME_FROM_DOCUMENTS", "LEDGER_REFUSED"),
        *("BANK_REFUSED", "MANUAL_JOURNALS_REFUSED"),
    }
    assert len(company.asked("expenses")) == 1
    assert set(clock.slept_s) == {20.0}
    assert len(clock.slept_s) == 2  # once for the ledger's right, once for the bank's


async def test_without_bills_there_is_no_month() -> None:
    company = Company()
    company.answers["bills"] = REFUSED

    assert await failed(company) is ProblemCode.NO_PERMISSION


async def test_a_practice_s_client_is_named_in_each_call_and_known_by_its_subdomain() -> None:
    company = Company()
    settings = {"environment": "sandbox", "subdomain": "heronprint"}

    reading = await read(company, settings=settings, expected=Books(external_id="heronprint"))

    assert isinstance(reading.months[MARCH], MonthCounts)
    assert reading.books.external_id == "heronprint"
    for request in company.requests:
        assert request.headers["x-subdomain"] == "heronprint"
        assert request.url.host == "api.sandbox.freeagent.com"


def test_a_form_keeps_the_secret_apart() -> None:
    fields = {"refresh_token": " 1r-made-up\n", "subdomain": "heron-print", "access_token": "1a"}

    credentials = FREEAGENT.split(fields)

    assert credentials.grant.values == {"refresh_token": "1r-made-up"}
    assert credentials.settings == {"environment": "production", "subdomain": "heron-print"}
    assert credentials.access is not None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["refresh_token"]),
        ({"access_token": "1a"}, ["refresh_token"]),
        ({"refresh_token": "1r", "environment": "test"}, ["environment"]),
        ({"refresh_token": "1r", "access_token": "1a", "expires_at": "soon"}, ["expires_at"]),
        *(
            ({"refresh_token": "1r", "subdomain": subdomain}, ["subdomain"])
            for subdomain in ("Heron", "-heron", "heron.example", "heron@evil.example/", "heron/../x")
        ),
    ],
)
def test_a_form_names_what_does_not_fit(fields: dict[str, str], named: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        FREEAGENT.split(fields)

    assert [problem.field for problem in caught.value.problems] == named


def test_limits_are_of_the_user_or_of_the_practice_s_client() -> None:
    ann, again = (Grant({"user": "production/v2/users/9", "refresh_token": token}) for token in "ab")
    own = {"environment": "production"}
    client = {**own, "subdomain": "heronprint"}

    assert FREEAGENT.account_key(ann, own) == FREEAGENT.account_key(again, own)
    assert FREEAGENT.owner_key(ann) == FREEAGENT.owner_key(again)
    assert FREEAGENT.account_key(ann, client) == FREEAGENT.account_key(Grant({"refresh_token": "c"}), client)
    assert FREEAGENT.account_key(ann, client) != FREEAGENT.account_key(ann, own)
