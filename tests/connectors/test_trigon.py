"""What is particular to Trigon, over recorded answers of contract v0."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.errors import ForbiddenError, UnreadableAnswerError, WrongCompanyError
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, Reading
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from connectors.trigon import TRIGON
from support.connecting import SteppingClock, account_with
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

MARCH = Month(2026, 3)
ADDRESS = "https://trigon.example/base"
ACCESS = {"id_token": "eyJhbGciOi.ann.sig", "api_key": "tk_ann_0815"}
SETTINGS = {"environment": "production", "firm_reg_code": "14712345"}
FIRM = {
    "id": "fr-31",
    "name": "Sammal ja Pojad OÜ",
    "regCode": "14712345",
    "vatNumber": "EE101471234",
    "permissions": ["list", "view"],
}
SALES, PURCHASES, ENTRIES = "sales-invoices", "purchase-invoices", "entries"
EXPENSES, BANK, COUNTS = "expense-lines", "bank-transactions", "counts"
NOT_FOUND = httpx.Response(404, json={"error": {"code": "not_found", "message": "There is no such thing"}})
FORBIDDEN = httpx.Response(403, json={"error": {"code": "forbidden", "message": "Not for this role"}})


def document(number: int, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"d{number}",
        "number": f"26{number:03}",
        "date": "2026-03-17",
        "type": "invoice",
        "status": "confirmed",
        "currency": "EUR",
        "currencyRate": 1,
        "netAmount": net,
        "vatAmount": 0.0,
        "totalAmount": net,
        **fields,
    }


def entry(number: int, *rows: tuple[str, float, float], day: str = "2026-03-17") -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "number": str(number),
        "date": day,
        "source": "manual",
        "rows": [
            {"account": "1000", "accountType": kind, "debit": debit, "credit": credit}
            for kind, debit, credit in rows
        ],
    }


def dated(number: int, day: str = "2026-03-17", **fields: Any) -> dict[str, Any]:
    return {"id": number, "date": day, **fields}


class Firm:
    """Answers by list, in pages; whoever wants another answer sets it."""

    def __init__(self, *, page_size: int = 100, tells_total: bool = True) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {SALES: [], PURCHASES: [], ENTRIES: [], BANK: []}
        self.answers: dict[str, Any] = {}
        self.firms: list[dict[str, Any]] = [FIRM]
        self.requests: list[httpx.Request] = []
        self._page_size = page_size
        self._tells_total = tells_total

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/base/v1/firms")
        if not path:
            return httpx.Response(200, json={"items": self.firms, "page": 1, "pageSize": 100, "total": 1})
        name = path.removeprefix("/fr-31/")
        answer = self.answers.get(name)
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None and name not in self.rows:
            return NOT_FOUND
        return httpx.Response(200, json=self._page(name, request) if answer is None else answer)

    def asked(self, name: str) -> list[Mapping[str, str]]:
        """The parameters of each call of a list."""
        return [dict(one.url.params) for one in self.requests if one.url.path.endswith(f"/{name}")]

    def _page(self, name: str, request: httpx.Request) -> dict[str, Any]:
        number, rows = int(request.url.params["page"]), self.rows[name]
        end = number * self._page_size
        total = {"total": len(rows)} if self._tells_total else {}
        items = rows[end - self._page_size : end]
        return {"items": items, "page": number, "pageSize": self._page_size, **total}


def session_with(firm: Firm) -> Session:
    settings = ConnectorSettings.model_validate({"endpoints": {"trigon": {"production": f"{ADDRESS}/"}}})
    return build_session(settings, clock=SteppingClock(), transport=httpx.MockTransport(firm))


async def read(firm: Firm, *months: Month) -> Reading:
    async with session_with(firm) as session:
        return await TRIGON.read_months(session, account_with(TRIGON, ACCESS, SETTINGS), months or (MARCH,))


def counted(result: MonthResult) -> MonthCounts:
    assert isinstance(result, MonthCounts), result
    return result


async def march(firm: Firm) -> MonthCounts:
    return counted((await read(firm)).months[MARCH])


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value


async def test_the_recorded_month() -> None:
    firm = Firm(page_size=2)
    firm.rows[SALES] = [
        document(1, 640.5, vatAmount=153.72, date="2026-03-01"),
        document(2, 75.0, vatAmount=18.0, status="draft"),
        document(3, -120.0, vatAmount=-28.8, type="credit", date="2026-03-31"),
        document(4, 33.0, status="cancelled"),
    ]
    firm.rows[PURCHASES] = [
        document(1, 210.0, vatAmount=50.4),
        document(2, 80.0, currency="USD", currencyRate=0.9125),
    ]
    firm.rows[ENTRIES] = [
        entry(1, ("asset", 794.22, 0), ("income", 0, 640.5), ("liability", 0, 153.72)),
        entry(2, ("expense", 61.75, 0), ("asset", 0, 61.75), day="2026-03-31"),
        entry(3, ("income", 120.0, 0), ("equity", 0, 120.0)),
    ]
    firm.rows[BANK] = [dated(1, amount=12.0), dated(2, amount=-3.0)]

    counts = await march(firm)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "1",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "520.50",
        Metric.SALES_VAT: "124.92",
        Metric.PURCHASE_NET: "283.00",
        Metric.PURCHASE_VAT: "50.40",
        Metric.INCOME_TOTAL: "520.50",
        Metric.EXPENSE_TOTAL: "61.75",
        Metric.ENTRY_COUNT: "3",
        Metric.ENTRY_LINE_COUNT: "7",
        Metric.BANK_TRANSACTION_COUNT: "2",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert counts.values[Metric.SALES_NET].unit == "EUR"
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.record_count == 9
    assert counts.notes == ()


async def test_a_month_takes_four_calls_beside_the_firm_s_and_names_both_of_its_days() -> None:
    firm = Firm()

    reading = await read(firm, Month(2024, 2))

    assert (reading.calls, reading.identity_calls) == (4, 1)
    assert len(firm.requests) == 5
    days = {"dateFrom": "2024-02-01", "dateTo": "2024-02-29", "page": "1", "pageSize": "100"}
    assert [firm.asked(name) for name in (SALES, PURCHASES, ENTRIES, BANK)] == [[days]] * 4
    assert (reading.books.external_id, reading.books.name) == ("fr-31", "Sammal ja Pojad OÜ")
    assert reading.books.currency == "EUR"
    assert reading.identity_known


async def test_a_year_takes_as_many_and_its_further_pages() -> None:
    firm = Firm()
    firm.rows[ENTRIES] = [entry(number) for number in range(201)]

    reading = await read(firm, *Months.ending(MARCH, 12))

    assert reading.calls == 4 + 2
    assert firm.asked(SALES)[0]["dateFrom"] == "2025-04-01"
    assert firm.asked(SALES)[0]["dateTo"] == "2026-03-31"
    assert [one["page"] for one in firm.asked(ENTRIES)] == ["1", "2", "3"]
    assert value(counted(reading.months[MARCH]), Metric.ENTRY_COUNT) == 201


async def test_each_call_carries_both_keys_to_the_operator_s_address() -> None:
    firm = Firm()

    await read(firm)

    first = firm.requests[0]
    assert str(first.url) == f"{ADDRESS}/v1/firms?regCode=14712345"
    for request in firm.requests:
        assert request.headers["authorization"] == "Bearer eyJhbGciOi.ann.sig"
        assert request.headers["x-api-key"] == "tk_ann_0815"
        assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("rows", "tells_total", "calls"), [(199, True, 2), (200, True, 2), (199, False, 2), (200, False, 3)]
)
async def test_a_list_ends_with_its_total_or_with_a_page_that_is_not_full(
    rows: int, tells_total: bool, calls: int
) -> None:
    firm = Firm(tells_total=tells_total)
    firm.rows[SALES] = [document(number, 1.0) for number in range(rows)]

    counts = await march(firm)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == rows
    assert len(firm.asked(SALES)) == calls


async def test_a_system_may_give_smaller_pages_than_were_asked_for() -> None:
    firm = Firm(page_size=40, tells_total=False)
    firm.rows[SALES] = [document(number, 1.0) for number in range(95)]

    assert value(await march(firm), Metric.SALES_INVOICE_COUNT) == 95


@pytest.mark.parametrize(
    "answer",
    [
        {"items": [document(1, 1.0)], "page": 1, "pageSize": 100, "total": 2},
        {"items": [document(1, 1.0)], "page": 1, "pageSize": 1},
        {"items": [document(1, 1.0), document(1, 1.0)]},
        {"items": {"1": document(1, 1.0)}},
        {"rows": []},
        {"items": [], "total": "0"},
        {"items": [document(1, 1.0, id=None)]},
        [],
    ],
)
async def test_a_list_that_does_not_add_up_is_never_a_value(answer: Any) -> None:
    firm = Firm()
    firm.answers[SALES] = answer

    failed = (await read(firm)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize("net", [90.0, -90.0])
@pytest.mark.parametrize(
    ("name", "count", "total"),
    [
        (SALES, Metric.SALES_CREDIT_NOTE_COUNT, Metric.SALES_NET),
        (PURCHASES, Metric.PURCHASE_CREDIT_NOTE_COUNT, Metric.PURCHASE_NET),
    ],
)
async def test_a_credit_is_subtracted_whatever_its_sign(
    net: float, name: str, count: Metric, total: Metric
) -> None:
    firm = Firm()
    firm.rows[name] = [document(1, net, type="credit", vatAmount=net / 4)]

    counts = await march(firm)

    assert value(counts, count) == 1
    assert value(counts, total) == -90


async def test_a_foreign_document_is_multiplied_by_its_rate_and_without_one_the_sum_is_absent() -> None:
    firm = Firm()
    firm.rows[SALES] = [document(1, 100.05, currency="GBP", currencyRate=1.1, vatAmount=10.0)]
    firm.rows[PURCHASES] = [document(1, 5.0, currency="SEK", currencyRate=None), document(2, 7.0)]

    counts = await march(firm)

    assert str(value(counts, Metric.SALES_NET)) == "110.06"
    assert value(counts, Metric.SALES_VAT) == 11
    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == 2
    assert {Metric.PURCHASE_NET, Metric.PURCHASE_VAT}.isdisjoint(counts.values)
    assert counts.notes == ("UNCONVERTED 1",)


async def test_an_own_currency_needs_no_rate() -> None:
    firm = Firm()
    own = document(1, 12.0)
    del own["currencyRate"]
    firm.rows[SALES] = [own]

    assert value(await march(firm), Metric.SALES_NET) == 12


@pytest.mark.parametrize("refusal", [NOT_FOUND, FORBIDDEN])
async def test_without_a_ledger_documents_and_expense_lines_stand_in(refusal: httpx.Response) -> None:
    firm = Firm()
    firm.answers[ENTRIES] = refusal
    firm.rows[SALES], firm.rows[PURCHASES] = [document(1, 50.0)], [document(1, 20.0)]
    firm.rows[EXPENSES] = [dated(1, netAmount=7.5, vatAmount=1.8)]

    counts = await march(firm)

    assert value(counts, Metric.INCOME_TOTAL) == 50
    assert str(value(counts, Metric.EXPENSE_TOTAL)) == "27.50"
    assert counts.values[Metric.EXPENSE_TOTAL].source is Source.DOCUMENTS
    assert {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT}.isdisjoint(counts.values)
    assert counts.notes == ("INCOME_FROM_DOCUMENTS",)
    assert len(firm.requests) == 6


@pytest.mark.parametrize("missing", [(ENTRIES, EXPENSES), (ENTRIES, PURCHASES)])
async def test_expenses_that_would_lack_a_part_are_absent(missing: tuple[str, ...]) -> None:
    firm = Firm()
    firm.rows[SALES] = [document(1, 50.0)]
    firm.rows[EXPENSES] = []
    firm.answers.update(dict.fromkeys(missing, NOT_FOUND))

    counts = await march(firm)

    assert value(counts, Metric.INCOME_TOTAL) == 50
    assert Metric.EXPENSE_TOTAL not in counts.values


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        (BANK, {Metric.BANK_TRANSACTION_COUNT}),
        (
            SALES,
            {
                Metric.SALES_INVOICE_COUNT,
                Metric.SALES_CREDIT_NOTE_COUNT,
                Metric.SALES_NET,
                Metric.SALES_VAT,
                Metric.DOCUMENT_COUNT,
            },
        ),
    ],
)
async def test_what_a_list_would_give_that_is_not_offered_is_absent_and_never_zero(
    name: str, absent: set[Metric]
) -> None:
    firm = Firm()
    firm.answers[name] = NOT_FOUND

    counts = await march(firm)

    assert set(Metric) - set(counts.values) == absent


async def test_bank_transactions_that_the_role_may_not_see_are_absent_and_noted() -> None:
    firm = Firm()
    firm.answers[BANK] = FORBIDDEN

    counts = await march(firm)

    assert Metric.BANK_TRANSACTION_COUNT not in counts.values
    assert counts.notes == ("BANK_REFUSED",)


async def test_a_plan_without_the_api_is_not_taken_for_a_missing_right() -> None:
    firm = Firm()
    firm.answers[ENTRIES] = httpx.Response(403, json={"error": {"code": "plan_required"}})

    failed = (await read(firm)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_PLAN_TOO_LOW


async def test_a_system_that_only_counts_leaves_all_amounts_empty() -> None:
    firm = Firm()
    firm.answers.update(dict.fromkeys((SALES, PURCHASES, ENTRIES, BANK), NOT_FOUND))
    firm.answers[COUNTS] = {
        "month": "2026-03",
        "salesInvoices": 14,
        "salesCredits": 2,
        "purchaseInvoices": 9,
        "purchaseCredits": 0,
        "entries": 31,
    }

    reading = await read(firm, Month(2026, 2), MARCH)

    counts = counted(reading.months[MARCH])
    assert {metric: int(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: 14,
        Metric.SALES_CREDIT_NOTE_COUNT: 2,
        Metric.PURCHASE_INVOICE_COUNT: 9,
        Metric.PURCHASE_CREDIT_NOTE_COUNT: 0,
        Metric.ENTRY_COUNT: 31,
        Metric.DOCUMENT_COUNT: 25,
    }
    assert counts.notes == ("COUNTS_ONLY",)
    assert firm.asked(COUNTS) == [{"month": "2026-02"}, {"month": "2026-03"}]
    assert reading.calls == 4 + 2


async def test_counts_that_are_not_told_are_absent_and_so_is_their_sum() -> None:
    firm = Firm()
    firm.answers.update(dict.fromkeys((SALES, PURCHASES, ENTRIES, BANK), NOT_FOUND))
    firm.answers[COUNTS] = {"salesInvoices": 14, "bankTransactions": 3}

    counts = await march(firm)

    assert {metric: int(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: 14,
        Metric.BANK_TRANSACTION_COUNT: 3,
    }


async def test_a_firm_that_offers_nothing_at_all_is_a_failure() -> None:
    firm = Firm()
    firm.rows = {}

    failed = (await read(firm)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST


async def test_a_list_that_goes_away_while_it_is_read_is_not_taken_for_one_that_never_was() -> None:
    firm = Firm()
    firm.rows[SALES] = [document(number, 1.0) for number in range(150)]

    def answer(request: httpx.Request) -> httpx.Response:
        return NOT_FOUND if request.url.params.get("page") == "2" else firm(request)

    settings = ConnectorSettings.model_validate({"endpoints": {"trigon": {"production": ADDRESS}}})
    async with build_session(settings, transport=httpx.MockTransport(answer)) as session:
        reading = await TRIGON.read_months(session, account_with(TRIGON, ACCESS, SETTINGS), [MARCH])

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (SALES, document(1, 0.0, netAmount="12.00")),
        (SALES, document(1, 0.0, vatAmount=None)),
        (SALES, document(1, 0.0, type="prepayment")),
        (SALES, document(1, 0.0, status="sent")),
        (SALES, document(1, 0.0, currency=None)),
        (PURCHASES, document(1, 0.0, currency="USD", currencyRate="0.92")),
        (ENTRIES, entry(1, ("memo", 1.0, 0.0))),
        (ENTRIES, {**entry(1), "rows": None}),
        (ENTRIES, {**entry(1), "rows": [{"accountType": "income", "debit": 1.0}]}),
    ],
)
async def test_a_bad_row_fails_its_month_only(name: str, row: dict[str, Any]) -> None:
    firm = Firm()
    firm.rows[name] = [row]

    reading = await read(firm, Month(2026, 2), MARCH)

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    counted(reading.months[Month(2026, 2)])


@pytest.mark.parametrize("day", ["17.03.2026", "2026-02-30", "", None])
async def test_a_row_without_a_date_fails_every_month_of_its_list(day: str | None) -> None:
    firm = Firm()
    firm.rows[BANK] = [{"id": 1, "date": day, "amount": 1.0}]

    reading = await read(firm, *Months.ending(MARCH, 3))

    assert {type(result) for result in reading.months.values()} == {MonthFailure}


async def name_found(firm: Firm) -> str | None:
    async with session_with(firm) as session:
        found = await TRIGON.test(session, account_with(TRIGON, ACCESS, SETTINGS))
    assert found.calls == 1
    return found.books.name


async def test_a_test_is_one_call_and_names_the_firm() -> None:
    assert await name_found(Firm()) == "Sammal ja Pojad OÜ"


@pytest.mark.parametrize("firms", [[], [{**FIRM, "permissions": ["list"]}]])
async def test_a_firm_that_the_role_may_not_list_or_view_asks_for_both_rights(
    firms: list[dict[str, Any]],
) -> None:
    firm = Firm()
    firm.firms = firms

    with pytest.raises(ForbiddenError) as caught:
        await name_found(firm)

    assert caught.value.code is ProblemCode.NO_PERMISSION
    assert "List and View" in caught.value.cause


async def test_of_many_firms_the_one_with_the_code_is_taken() -> None:
    firm = Firm()
    firm.firms = [{**FIRM, "id": "fr-30", "regCode": "10000001"}, FIRM]

    assert await name_found(firm) == "Sammal ja Pojad OÜ"


@pytest.mark.parametrize(
    ("firms", "kind"),
    [
        ([{**FIRM, "regCode": "10000001"}], WrongCompanyError),
        ([FIRM, {**FIRM, "id": "fr-32"}], UnreadableAnswerError),
        ([{**FIRM, "id": ""}], UnreadableAnswerError),
    ],
)
async def test_no_other_firm_is_ever_read(firms: list[dict[str, Any]], kind: type[Exception]) -> None:
    firm = Firm()
    firm.firms = firms

    with pytest.raises(kind):
        await name_found(firm)


async def test_a_firm_s_id_cannot_lead_to_another_address() -> None:
    firm = Firm()
    firm.firms = [{**FIRM, "id": "../../admin?x=/"}]

    await read(firm)

    assert {request.url.raw_path.split(b"?")[0] for request in firm.requests[1:]} == {
        b"/base/v1/firms/..%2F..%2Fadmin%3Fx%3D%2F/" + name.encode()
        for name in (SALES, PURCHASES, ENTRIES, BANK, EXPENSES, COUNTS)
    } - {b"/base/v1/firms/..%2F..%2Fadmin%3Fx%3D%2F/" + EXPENSES.encode()}


async def test_a_long_list_is_read_within_the_limit() -> None:
    firm = Firm()
    firm.rows[ENTRIES] = [entry(number) for number in range(6000)]

    async with session_with(firm) as session:
        reading = await TRIGON.read_months(session, account_with(TRIGON, ACCESS, SETTINGS), [MARCH])
        clock = session.clock

    counted(reading.months[MARCH])
    assert isinstance(clock, SteppingClock)
    assert reading.calls == 63
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60


async def test_without_an_address_the_operator_is_named_and_nothing_is_asked() -> None:
    firm = Firm()
    settings = {**SETTINGS, "environment": "test"}

    async with session_with(firm) as session:
        reading = await TRIGON.read_months(session, account_with(TRIGON, ACCESS, settings), [MARCH])
        with pytest.raises(Exception, match="no address") as caught:
            await TRIGON.test(session, account_with(TRIGON, ACCESS, settings))

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST
    assert "no address for trigon" in failed.detail
    assert "operator" in getattr(caught.value, "cause", "")
    assert not firm.requests
