"""What a firm at Trigon does not offer is absent, or something stands in for it."""

import httpx
import pytest
from connectors.protocol import MonthFailure
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from connectors.trigon import TRIGON
from support.connecting import account_with
from support.trigon_firm import (
    ACCESS,
    ADDRESS,
    BANK,
    COUNTS,
    ENTRIES,
    EXPENSES,
    MARCH,
    NOT_FOUND,
    PURCHASES,
    SALES,
    SETTINGS,
    Firm,
    counted,
    dated,
    document,
    march,
    read,
    value,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month

FORBIDDEN = httpx.Response(403, json={"error": {"code": "forbidden", "message": "Not for this role"}})


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
