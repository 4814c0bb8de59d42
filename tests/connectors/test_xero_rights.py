"""What a consent to Xero does not open, and what stands in for it."""

import httpx
from connectors.protocol import MonthCounts, MonthFailure
from support.xero_organisation import MARCH, Organisation, document, march, net_profit, read, report
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

NO_RIGHT = httpx.Response(401, json={"Detail": "AuthorizationUnsuccessful"})


async def test_a_report_that_fails_fails_its_month_only() -> None:
    organisation = Organisation()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("fromDate") == "2026-03-01":
            return httpx.Response(200, json=report(net_profit("a lot")))
        return organisation(request)

    reading = await read(answer, Month(2026, 2), MARCH)

    assert isinstance(reading.months[MARCH], MonthFailure)
    assert isinstance(reading.months[Month(2026, 2)], MonthCounts)


async def test_without_the_right_to_reports_the_documents_tell_income_and_expenses() -> None:
    organisation = Organisation()
    organisation.answers["Reports/ProfitAndLoss"] = NO_RIGHT
    organisation.lists["Invoices"] = [document(1, "ACCREC", 100.0), document(2, "ACCPAY", 30.0)]
    organisation.lists["CreditNotes"] = [document(1, "ACCRECCREDIT", 20.0), document(2, "ACCPAYCREDIT", 5.0)]

    counts = await march(organisation)

    assert counts.values[Metric.INCOME_TOTAL].value == 80
    assert counts.values[Metric.EXPENSE_TOTAL].value == 25
    assert counts.values[Metric.INCOME_TOTAL].source is Source.DOCUMENTS
    assert "INCOME_FROM_DOCUMENTS" in counts.notes


async def test_income_from_documents_is_absent_where_they_cannot_be_converted() -> None:
    organisation = Organisation()
    organisation.answers["Reports/ProfitAndLoss"] = NO_RIGHT
    organisation.lists["Invoices"] = [document(1, "ACCREC", 100.0, CurrencyCode="USD")]

    counts = await march(organisation)

    assert Metric.INCOME_TOTAL not in counts.values
    assert counts.values[Metric.EXPENSE_TOTAL].value == 0


async def test_a_refused_report_is_not_asked_for_month_by_month() -> None:
    organisation = Organisation()
    organisation.answers["Reports/ProfitAndLoss"] = NO_RIGHT

    reading = await read(organisation, *Months.ending(MARCH, 12))

    assert all(isinstance(result, MonthCounts) for result in reading.months.values())
    assert len(organisation.asked("Reports/ProfitAndLoss")) <= 3


async def test_refused_journals_leave_their_count_out_and_the_month_whole() -> None:
    organisation = Organisation()
    organisation.answers["ManualJournals"] = NO_RIGHT

    counts = await march(organisation)

    assert Metric.ENTRY_COUNT not in counts.values
    assert counts.notes == ("MANUAL_JOURNALS_REFUSED",)


async def test_refused_invoices_fail_the_months_as_a_missing_right() -> None:
    organisation = Organisation()
    organisation.answers["Invoices"] = NO_RIGHT

    failed = (await read(organisation)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.NO_PERMISSION
