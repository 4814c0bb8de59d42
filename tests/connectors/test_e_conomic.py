"""What is particular to e-conomic, over recorded answers."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.e_conomic import E_CONOMIC
from connectors.errors import ForbiddenError, FormError
from connectors.limits import Scope
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, MonthWait, Reading
from support.connecting import Answers, SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

APRIL = Month(2026, 4)
API = "https://restapi.e-conomic.com"
GRANT, SECRET = "grant-Zk3", "secret-Q8w"
OPERATORS = {Provider.E_CONOMIC: {"app_secret_token": SECRET}}


def invoice(number: int, net: str, vat: str, **fields: Any) -> dict[str, Any]:
    gross = str(Decimal(net) + Decimal(vat))
    return {
        "bookedInvoiceNumber": number,
        "date": "2026-04-07",
        "currency": "DKK",
        "exchangeRate": "100.000000",
        "netAmount": net,
        "netAmountInBaseCurrency": net,
        "grossAmount": gross,
        "grossAmountInBaseCurrency": gross,
        "vatAmount": vat,
        "roundingAmount": "0.0",
        **fields,
    }


def entry(number: int, account: int, amount: str, voucher: int | None = 50, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account": {"accountNumber": account},
        "amount": amount,
        "amountInBaseCurrency": amount,
        "currency": "DKK",
        "date": "2026-04-09",
        "entryNumber": number,
        "entryType": "financeVoucher",
        **fields,
    }
    return row if voucher is None else {**row, "voucherNumber": voucher}


def bill(number: int, account: int, amount: str, voucher: int, **fields: Any) -> dict[str, Any]:
    return entry(number, account, amount, voucher, entryType="supplierInvoice", **fields)


def year(name: str, first: str, last: str) -> dict[str, Any]:
    path = f"{API}/accounting-years/{name.replace('/', '_6_')}"
    return {"year": name, "fromDate": first, "toDate": last, "entries": f"{path}/entries", "self": path}


def account(number: int, kind: str, side: str) -> dict[str, Any]:
    return {"accountNumber": number, "accountType": kind, "debitCredit": side, "name": "x"}


class Agreement:
    """Collections in pages, filtered by their dates; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {
            "agreementNumber": 1800321,
            "company": {"name": "Fyn Bageri ApS", "companyIdentificationNumber": "40112255"},
            "settings": {"baseCurrency": "DKK"},
        }
        self.lists: dict[str, list[dict[str, Any]]] = {
            "/accounting-years": [
                year("2025", "2025-01-01", "2025-12-31"),
                year("2026", "2026-01-01", "2026-12-31"),
            ],
            "/accounts": [
                account(1000, "heading", "debit"),
                account(1010, "profitAndLoss", "credit"),
                account(2750, "profitAndLoss", "debit"),
                account(5600, "status", "debit"),
                account(5820, "status", "debit"),
                account(6800, "status", "credit"),
                account(7200, "status", "credit"),
                account(7210, "status", "credit"),
                account(7240, "status", "debit"),
            ],
            "/vat-accounts": [
                {"vatCode": "I25", "account": {"accountNumber": 7240}},
                {
                    "vatCode": "IV25",
                    "account": {"accountNumber": 7240},
                    "contraAccount": {"accountNumber": 7210},
                },
                {"vatCode": "U25", "account": {"accountNumber": 7200}},
            ],
            "/invoices/booked": [],
            "/accounting-years/2025/entries": [],
            "/accounting-years/2026/entries": [],
        }
        self.answers: dict[str, httpx.Response] = {}
        self.requests: list[httpx.Request] = []
        self.filters = True
        self.change: Callable[[str, dict[str, Any]], None] = lambda _path, _page: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if path in self.answers:
            return self.answers[path]
        if path == "/self":
            return httpx.Response(200, json=self.told)
        return httpx.Response(200, content=_json(self._page(path, request.url.params)))

    def _page(self, path: str, asked: httpx.QueryParams) -> dict[str, Any]:
        rows = self.lists[path]
        if "filter" in asked and self.filters:
            first, last = (one.rpartition("e:")[2] for one in asked["filter"].split("$and:"))
            rows = [row for row in rows if first <= row["date"] <= last]
        size, skipped = int(asked["pagesize"]), int(asked.get("skippages", "0"))
        pagination: dict[str, Any] = {"results": len(rows), "pageSize": size, "skipPages": skipped}
        if (skipped + 1) * size < len(rows):
            pagination["nextPage"] = f"{API}{path}?skippages={skipped + 1}"
        page = {"collection": rows[skipped * size : (skipped + 1) * size], "pagination": pagination}
        self.change(path, page)
        return page

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == path]

    @property
    def sales(self) -> list[dict[str, Any]]:
        return self.lists["/invoices/booked"]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return self.lists["/accounting-years/2026/entries"]


def _json(value: Any) -> bytes:
    """JSON whose decimal texts become numbers with the digits that were written."""

    names = (
        "amount|amountInBaseCurrency|exchangeRate|roundingAmount|(?:net|gross|vat)Amount(?:InBaseCurrency)?"
    )
    return re.sub(rf'"({names})": "(-?[0-9.]+)"', r'"\1": \2', json.dumps(value)).encode()


async def read(agreement: Answers, *months: Month, expected: Books | None = None) -> Reading:
    async with answering(agreement, clock=SteppingClock(), operators=OPERATORS) as session:
        books = account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {})
        return await E_CONOMIC.read_months(session, books, months or (APRIL,), expected=expected)


async def april(agreement: Agreement) -> MonthCounts:
    result = (await read(agreement)).months[APRIL]
    assert isinstance(result, MonthCounts), result
    return result


def failure(result: MonthResult) -> ProblemCode:
    assert isinstance(result, MonthFailure), result
    return result.code


async def test_the_worked_example() -> None:
    agreement = Agreement()
    agreement.sales.extend(
        [
            invoice(410, "3200.0", "800.0", date="2026-04-01"),
            invoice(
                411,
                "500.0",
                "125.0",
                date="2026-04-30",
                currency="EUR",
                exchangeRate="745.5000",
                netAmountInBaseCurrency="3727.5",
                grossAmountInBaseCurrency="4659.38",
            ),
            invoice(412, "-640.0", "-160.0", date="2026-04-30"),
        ]
    )
    agreement.entries.extend(
        [
            bill(9301, 2750, "740.0", 31, vatAccount={"vatCode": "I25"}),
            bill(9302, 7240, "185.0", 31),
            bill(9303, 6800, "-925.0", 31, supplier={"supplierNumber": 4}, supplierInvoiceNumber="B-77"),
            bill(9304, 2750, "-100.0", 32),
            bill(9305, 7240, "-25.0", 32),
            bill(9306, 6800, "125.0", 32, supplier={"supplierNumber": 4}),
            entry(9307, 5600, "4000.0", 33, entryType="customerInvoice", customer={"customerNumber": 12}),
            entry(9308, 1010, "-3200.0", 33, entryType="customerInvoice", bookedInvoice={}),
            entry(9309, 7200, "-800.0", 33, entryType="customerInvoice", invoiceNumber="410"),
            entry(9310, 6800, "925.0", 34, entryType="supplierPayment", supplier={"supplierNumber": 4}),
            entry(9311, 5820, "-925.0", 34, entryType="supplierPayment"),
        ]
    )

    counts = await april(agreement)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "6287.50",
        Metric.SALES_VAT: "1571.88",
        Metric.PURCHASE_NET: "640.00",
        Metric.PURCHASE_VAT: "160.00",
        Metric.INCOME_TOTAL: "3200.00",
        Metric.EXPENSE_TOTAL: "640.00",
        Metric.ENTRY_COUNT: "4",
        Metric.ENTRY_LINE_COUNT: "11",
        Metric.DOCUMENT_COUNT: "5",
    }
    assert counts.values[Metric.SALES_NET].unit == "DKK"
    assert counts.notes == ()


async def test_tokens_travel_in_headers_and_the_filter_is_encoded() -> None:
    agreement = Agreement()

    await read(agreement)

    for request in agreement.requests:
        assert request.headers["x-appsecrettoken"] == SECRET
        assert request.headers["x-agreementgranttoken"] == GRANT
        assert request.headers["content-type"] == request.headers["accept"] == "application/json"
        assert GRANT not in str(request.url)
        assert SECRET not in str(request.url)
    [sent] = [one for one in agreement.requests if one.url.path == "/invoices/booked"]
    assert b"filter=date%24gte%3A2026-04-01%24and%3Adate%24lte%3A2026-04-30&" in sent.url.query
    assert dict(sent.url.params) == {
        "filter": "date$gte:2026-04-01$and:date$lte:2026-04-30",
        "sort": "bookedInvoiceNumber",
        "pagesize": "1000",
        "skippages": "0",
    }


async def test_a_month_takes_five_calls_and_a_year_five_or_six() -> None:
    one = await read(Agreement())
    calendar = await read(Agreement(), *Months(Month(2026, 1), Month(2026, 12)))
    broken = await read(Agreement(), *Months.ending(APRIL, 12))

    assert [reading.calls for reading in (one, calendar, broken)] == [5, 5, 6]
    assert {reading.identity_calls for reading in (one, calendar, broken)} == {1}


async def test_a_month_is_read_from_the_accounting_year_it_lies_in() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [
        year("2024/2025", "2024-07-01", "2025-06-30"),
        year("2025/2026", "2025-07-01", "2026-06-30"),
    ]
    agreement.lists["/accounting-years/2025_6_2026/entries"] = [entry(1, 2750, "10.0")]

    counts = await april(agreement)

    assert counts.values[Metric.EXPENSE_TOTAL].value == 10
    assert not agreement.asked("/accounting-years/2024_6_2025/entries")


async def test_the_first_accounting_year_may_begin_within_a_month() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [year("2026", "2026-04-08", "2026-12-31")]
    agreement.entries.append(entry(1, 2750, "10.0", date="2026-04-08"))

    counts = await april(agreement)

    assert counts.values[Metric.EXPENSE_TOTAL].value == 10
    assert counts.notes == ()


async def test_two_years_of_one_name_are_two() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [
        year("2026", "2026-01-01", "2026-06-30"),
        {**year("2026a", "2026-07-01", "2026-12-31"), "year": "2026"},
    ]

    assert (await april(agreement)).notes == ()


async def test_a_month_outside_the_accounting_years_is_zeros_with_a_note() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [year("2025", "2025-01-01", "2025-12-31")]

    counts = await april(agreement)

    assert {one.value for one in counts.values.values()} == {0}
    assert counts.notes == ("OUTSIDE_ACCOUNTING_YEARS",)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/accounting-years/2026/entries",
        "http://restapi.e-conomic.com/accounting-years/2026/entries",
        f"{API}/accounting-years/2026/../../self",
        f"{API}/accounting-years/2026/totals",
        f"{API}/accounts/2026/entries",
        f"{API}.evil.example/accounting-years/2026/entries",
    ],
)
async def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"][1]["entries"] = link

    reading = await read(agreement)

    assert failure(reading.months[APRIL]) is ProblemCode.UNREADABLE_ANSWER
    assert {request.url.host for request in agreement.requests} == {"restapi.e-conomic.com"}


async def test_parameters_echoed_into_a_link_do_no_harm() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"][1]["entries"] += "?anything=1"

    await april(agreement)

    assert "anything" not in agreement.asked("/accounting-years/2026/entries")[0]


async def test_all_pages_are_read() -> None:
    agreement = Agreement()
    agreement.entries.extend(entry(number, 2750, "1.0", number) for number in range(2500))

    counts = await april(agreement)

    assert counts.values[Metric.ENTRY_LINE_COUNT].value == 2500
    assert [asked["skippages"] for asked in agreement.asked("/accounting-years/2026/entries")] == [
        "0",
        "1",
        "2",
    ]


async def test_more_than_ten_thousand_rows_are_read_month_by_month() -> None:
    agreement = Agreement()
    march = [entry(number, 2750, "1.0", number, date="2026-03-31") for number in range(6000)]
    agreement.entries.extend(
        [*march, *(entry(number, 2750, "1.0", number) for number in range(6000, 10_001))]
    )

    reading = await read(agreement, Month(2026, 3), APRIL)

    lines = [
        result.values[Metric.ENTRY_LINE_COUNT].value
        for result in reading.months.values()
        if isinstance(result, MonthCounts)
    ]
    assert lines == [6000, 4001]
    assert len(agreement.asked("/accounting-years/2026/entries")) == 1 + 6 + 5


def short(path: str, page: dict[str, Any]) -> None:
    if path == "/invoices/booked":
        del page["collection"][-1]


def without_end(path: str, page: dict[str, Any]) -> None:
    page["pagination"]["nextPage"] = f"{API}{path}?skippages=1"


@pytest.mark.parametrize("change", [short, without_end])
async def test_pages_that_do_not_add_up_fail_the_month(change: Callable[[str, dict[str, Any]], None]) -> None:
    agreement = Agreement()
    agreement.sales.extend([invoice(1, "1.0", "0.0"), invoice(2, "1.0", "0.0")])
    agreement.change = change

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


async def test_a_filter_that_was_ignored_is_noticed() -> None:
    agreement = Agreement()
    agreement.sales.extend([invoice(1, "1.0", "0.0"), invoice(2, "1.0", "0.0", date="2026-05-01")])
    agreement.filters = False

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(
    ("net", "gross", "is_credit"),
    [("-1.0", "-1.25", True), ("0.0", "-5.0", True), ("0.0", "0.0", False), ("0.0", "5.0", False)],
)
async def test_the_sign_tells_a_credit_note(net: str, gross: str, is_credit: bool) -> None:
    agreement = Agreement()
    row = invoice(1, net, "0.0") | {"grossAmountInBaseCurrency": gross}
    agreement.sales.append(row)

    counts = await april(agreement)

    assert counts.values[Metric.SALES_CREDIT_NOTE_COUNT].value == is_credit
    assert counts.values[Metric.SALES_INVOICE_COUNT].value == (not is_credit)


async def test_vat_of_a_foreign_invoice_is_rounded_half_up() -> None:
    agreement = Agreement()
    foreign = {"currency": "USD", "exchangeRate": "650.0", "netAmountInBaseCurrency": "6.5"}
    agreement.sales.append(invoice(1, "1.0", "0.01", **foreign, grossAmountInBaseCurrency="6.57"))

    counts = await april(agreement)

    assert counts.values[Metric.SALES_VAT].value == Decimal("0.07")
    assert counts.notes == ()


async def test_vat_without_a_rate_is_what_gross_has_more_than_net() -> None:
    agreement = Agreement()
    row = invoice(
        1,
        "10.0",
        "2.5",
        currency="EUR",
        netAmountInBaseCurrency="74.5",
        grossAmountInBaseCurrency="93.15",
        roundingAmount="0.02",
    )
    del row["exchangeRate"]
    agreement.sales.append(row)

    assert (await april(agreement)).values[Metric.SALES_VAT].value == Decimal("18.63")


@pytest.mark.parametrize(("rounding", "notes"), [("0.30", ()), ("0.0", ("VAT_DIFFERS 1",))])
async def test_vat_that_gross_and_net_contradict_is_noted(rounding: str, notes: tuple[str, ...]) -> None:
    agreement = Agreement()
    agreement.sales.append(
        invoice(1, "100.0", "25.0", grossAmountInBaseCurrency="125.30", roundingAmount=rounding)
    )

    counts = await april(agreement)

    assert counts.values[Metric.SALES_VAT].value == 25
    assert counts.notes == notes


async def test_reversed_charge_cancels_itself() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            bill(1, 2750, "400.0", 7),
            bill(2, 6800, "-400.0", 7, supplier={"supplierNumber": 1}),
            bill(3, 7240, "100.0", 7),
            bill(4, 7210, "-100.0", 7),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_NET].value == 400
    assert counts.values[Metric.PURCHASE_VAT].value == 0


async def test_only_supplier_invoices_of_a_supplier_are_bills() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            entry(1, 6800, "-50.0", 1),
            entry(2, 2750, "50.0", 1),
            entry(3, 6800, "70.0", 2, entryType="supplierPayment", supplier={"supplierNumber": 1}),
            entry(4, 5820, "-70.0", 2, entryType="supplierPayment"),
            bill(5, 6800, "-20.0", 3),
            bill(6, 2750, "20.0", 3),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 0
    assert counts.values[Metric.PURCHASE_CREDIT_NOTE_COUNT].value == 0
    assert counts.values[Metric.PURCHASE_NET].value == 0


async def test_two_bills_in_one_voucher_are_two() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            bill(1, 2750, "30.0", 9),
            bill(2, 6800, "-10.0", 9, supplier={"supplierNumber": 1}),
            bill(3, 6800, "-20.0", 9, supplier={"supplierNumber": 2}),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 2
    assert counts.values[Metric.ENTRY_COUNT].value == 1


async def test_a_voucher_s_number_names_another_one_in_another_month() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [entry(1, 2750, "10.0", 5, date="2026-03-31"), entry(2, 2750, "20.0", 5, date="2026-04-01")]
    )

    reading = await read(agreement, Month(2026, 3), APRIL)

    for result in reading.months.values():
        assert isinstance(result, MonthCounts)
        assert result.values[Metric.ENTRY_COUNT].value == 1


@pytest.mark.parametrize("kind", ["openingEntry", "transferredOpeningEntry"])
async def test_opening_balances_are_no_entries(kind: str) -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [entry(1, 5820, "5.0", None, entryType=kind), entry(2, 6800, "-5.0", None, entryType=kind)]
    )

    counts = await april(agreement)

    assert {one.value for one in counts.values.values()} == {0}
    assert counts.record_count == 2


async def test_customer_invoices_made_by_hand_are_noted() -> None:
    agreement = Agreement()
    by_hand = {"entryType": "manualDebtorInvoice"}
    agreement.entries.extend(
        [
            entry(1, 5600, "10.0", 1, **by_hand, customer={"customerNumber": 3}),
            entry(2, 1010, "-10.0", 1, **by_hand),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.DOCUMENT_COUNT].value == 0
    assert counts.values[Metric.INCOME_TOTAL].value == 10
    assert counts.notes == ("MANUAL_CUSTOMER_INVOICES 1",)


@pytest.mark.parametrize(
    "row",
    [
        entry(1, 9999, "1.0"),
        entry(1, 2750, "1.0", None),
        entry(1, 2750, "1.0", entryType="supplierCreditNote"),
        {**entry(1, 2750, "1.0"), "amountInBaseCurrency": "about one"},
        {**entry(1, 2750, "1.0"), "date": "soon"},
    ],
)
async def test_a_row_that_does_not_fit_fails_its_month(row: dict[str, Any]) -> None:
    agreement = Agreement()
    agreement.entries.append(row)
    agreement.filters = False

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(("kind", "side"), [("somethingNew", "debit"), ("profitAndLoss", "both")])
async def test_an_account_of_an_unknown_kind_fails_the_months_that_use_it(kind: str, side: str) -> None:
    agreement = Agreement()
    agreement.lists["/accounts"].append(account(4000, kind, side))
    agreement.entries.append(entry(1, 4000, "1.0", date="2026-03-01"))

    reading = await read(agreement, Month(2026, 3), APRIL)

    assert failure(reading.months[Month(2026, 3)]) is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[APRIL], MonthCounts)


async def test_a_year_that_cannot_be_read_is_asked_once_and_spares_the_other() -> None:
    agreement = Agreement()
    agreement.answers["/accounting-years/2025/entries"] = httpx.Response(404, json={})

    reading = await read(agreement, *Months.ending(APRIL, 12))

    failed = [month for month, result in reading.months.items() if isinstance(result, MonthFailure)]
    assert failed == list(Months(Month(2025, 5), Month(2025, 12)))
    assert len(agreement.asked("/accounting-years/2025/entries")) == 1


async def test_on_a_throttle_the_months_of_earlier_years_are_kept() -> None:
    agreement = Agreement()
    agreement.answers["/accounting-years/2026/entries"] = httpx.Response(429, headers={"Retry-After": "90"})

    reading = await read(agreement, *Months.ending(APRIL, 12))

    waits = {month: result for month, result in reading.months.items() if isinstance(result, MonthWait)}
    assert list(waits) == list(Months(Month(2026, 1), APRIL))
    assert {wait.reason for wait in waits.values()} == {WaitReason.RATE_LIMITED}


async def test_other_books_are_told_before_anything_is_read() -> None:
    reading = await read(Agreement(), expected=Books(external_id="1"))

    assert failure(reading.months[APRIL]) is ProblemCode.WRONG_COMPANY
    assert reading.calls == 0


async def test_a_test_takes_two_calls_and_tells_the_company() -> None:
    agreement = Agreement()

    async with answering(agreement, operators=OPERATORS) as session:
        found = await E_CONOMIC.test(session, account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {}))

    assert found.books == Books(external_id="1800321", name="Fyn Bageri ApS", currency="DKK")
    assert found.known
    assert found.calls == len(agreement.requests) == 2


@pytest.mark.parametrize(
    ("path", "half"), [("/invoices/booked", "Sales"), ("/accounting-years", "Bookkeeping")]
)
async def test_a_probe_names_the_half_that_is_missing(path: str, half: str) -> None:
    agreement = Agreement()
    agreement.answers[path] = httpx.Response(403, json={"httpStatusCode": 403})

    async with answering(agreement, operators=OPERATORS) as session:
        books = account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {})
        with pytest.raises(ForbiddenError) as caught:
            await E_CONOMIC.probe_rights(session, books, APRIL)

    assert caught.value.cause.startswith(f"{half} data is missing")
    assert {one.url.params["pagesize"] for one in agreement.requests} == {"1"}


async def test_a_grant_is_stripped_and_needs_no_call_to_sign_in() -> None:
    credentials = E_CONOMIC.split({"agreement_grant_token": f" {GRANT}\n", "app_public_token": "p"})

    async with answering(lambda _: httpx.Response(500)) as session:
        signed_in = await E_CONOMIC.sign_in(session, credentials.grant, credentials.settings)

    assert credentials.grant.values == signed_in.access.values == {"agreement_grant_token": GRANT}
    assert signed_in.access.expires_at is None
    assert GRANT not in E_CONOMIC.account_key(credentials.grant, credentials.settings)


@pytest.mark.parametrize("token", ["", "ø" * 40, "x" * 201])
def test_what_is_no_token_is_refused_without_quoting_it(token: str) -> None:
    with pytest.raises(FormError) as caught:
        E_CONOMIC.split({"agreement_grant_token": token})

    assert [problem.field for problem in caught.value.problems] == ["agreement_grant_token"]
    assert not token or token not in str(caught.value) + caught.value.problems[0].message


def test_a_day_of_an_agreement_and_four_calls_at_a_time_are_its_limits() -> None:
    day, app = E_CONOMIC.budgets

    assert (day.scope, day.is_daily, day.concurrent) == (Scope.ACCOUNT, True, 1)
    assert day.calls is not None
    assert 45_000 <= day.calls < 50_000
    assert (app.scope, app.concurrent) == (Scope.APP, 4)
