from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sandbox.clock import Clock
from sandbox.xero.profit_and_loss import Line, Period, Section, periods_of, report
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import XeroCaller, xero_caller

PATH = "Reports/ProfitAndLoss"
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
INCOME_WORDS = ("income", "turnover", "revenue")
OCTOBER: dict[str, Any] = {"fromDate": "2026-10-01", "toDate": "2026-10-31"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=13, documents=20, clock=Clock(NOON)) as running:
        running.http.post("/xero/_limits", json={"minute": 1000}).raise_for_status()
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> XeroCaller:
    return xero_caller(sandbox)


def rows_of(body: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = body["Reports"][0]["Rows"]
    return rows


def titles(body: Any) -> list[str]:
    return [row["Title"] for row in rows_of(body) if row["RowType"] == "Section"]


def summaries(body: Any) -> dict[str, list[str]]:
    """The texts of each summary row and of each untitled row, by its name."""
    lines = [(row, line) for row in rows_of(body) for line in row.get("Rows", [])]
    chosen = [line["Cells"] for row, line in lines if line["RowType"] != "Row" or not row["Title"]]
    return {name["Value"]: [cell["Value"] for cell in amounts] for name, *amounts in chosen}


def test_amounts_are_texts_with_account_ids_beside_them(app: XeroCaller) -> None:
    first = rows_of(app.body(PATH, **OCTOBER))[1]["Rows"][0]["Cells"]

    assert [cell["Attributes"][0]["Id"] for cell in first] == ["account", "account"]
    assert isinstance(first[1]["Value"], str)
    assert Decimal(first[1]["Value"]) > 0


def test_the_header_has_one_label_per_column_newest_first(app: XeroCaller) -> None:
    header = rows_of(app.body(PATH, **OCTOBER, periods=2, timeframe="MONTH"))[0]

    assert [cell["Value"] for cell in header["Cells"]] == ["", "31 Oct 26", "30 Sep 26", "31 Aug 26"]


def test_net_profit_is_income_less_costs_in_every_wording(sandbox: RunningSandbox) -> None:
    seen = set()
    for number in (1, 2, 3, 4):
        body = xero_caller(sandbox, number).body(PATH, **OCTOBER)
        seen |= {title for title in titles(body) if title}
        totals = {name.lower(): Decimal(texts[0]) for name, texts in summaries(body).items()}
        net = totals.pop("net profit")
        totals.pop("gross profit")

        income = sum(total for name, total in totals.items() if any(word in name for word in INCOME_WORDS))
        assert net == 2 * income - sum(totals.values())

    assert {"Income", "Turnover", "Less Cost of Sales", "Administrative Costs", "Plus Other Income"} <= seen


def test_one_organisation_has_a_title_that_only_the_chart_explains(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox, 13)
    body = app.body(PATH, fromDate="2026-01-01", toDate="2026-10-31")
    section = next(row for row in rows_of(body) if row.get("Title") == "Finance")
    classes = {one["AccountID"]: one["Class"] for one in app.body("Accounts")["Accounts"]}

    ids = [line["Cells"][0]["Attributes"][0]["Value"] for line in section["Rows"] if line["RowType"] == "Row"]

    assert [classes[one] for one in ids] == ["EXPENSE"]


def test_the_currency_result_stands_in_no_chart(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox, 3)
    text = app.get(PATH, **OCTOBER).text
    chart = app.get("Accounts").text

    assert '{"Value":"FXGROUPID","Id":"account"}' in text
    assert "FXGROUPID" not in chart


def test_an_anchor_of_30_days_cuts_longer_months_short(app: XeroCaller) -> None:
    cut = summaries(app.body(PATH, fromDate="2026-09-01", toDate="2026-09-30", periods=1, timeframe="MONTH"))
    whole = summaries(app.body(PATH, fromDate="2026-08-01", toDate="2026-08-31"))
    part = summaries(app.body(PATH, fromDate="2026-08-01", toDate="2026-08-30"))

    name = next(name for name in whole if name.lower() == "net profit")
    assert cut[name][1] == part[name][0] != whole[name][0]


def test_an_anchor_of_31_days_gives_every_month_whole(app: XeroCaller) -> None:
    several = summaries(app.body(PATH, **OCTOBER, periods=11, timeframe="MONTH"))
    name = next(name for name in several if name.lower() == "net profit")

    for column, (month, last) in enumerate([(10, 31), (9, 30), (8, 31), (7, 31), (6, 30)]):
        alone = summaries(app.body(PATH, fromDate=f"2026-{month:02}-01", toDate=f"2026-{month:02}-{last}"))
        assert several[name][column] == (alone[name][0] if name in alone else "0.00")


@pytest.mark.parametrize(
    "sent",
    [
        {"fromDate": "2025-10-01", "toDate": "2026-10-31"},
        {"fromDate": "2026-10-31", "toDate": "2026-10-01"},
        {"fromDate": "yesterday"},
        {**OCTOBER, "periods": "12"},
        {**OCTOBER, "periods": "1", "timeframe": "WEEK"},
    ],
)
def test_impossible_reports_are_refused(app: XeroCaller, sent: dict[str, Any]) -> None:
    answer = app.get(PATH, **sent)

    assert (answer.status_code, answer.json()["Type"]) == (400, "ValidationException")


def test_a_whole_year_is_allowed(app: XeroCaller) -> None:
    assert app.get(PATH, fromDate="2025-11-01", toDate="2026-10-31").status_code == 200


def test_payments_only_is_another_result(app: XeroCaller) -> None:
    accrual = summaries(app.body(PATH, **OCTOBER, paymentsOnly="false"))
    cash = summaries(app.body(PATH, **OCTOBER, paymentsOnly="true"))

    assert accrual != cash


def test_an_empty_month_has_a_skeleton_without_amounts() -> None:
    income = Section("Income", 1, (Line("a", "Sales"),), always=True)
    costs = Section("Less Operating Expenses", -1, (Line("b", "Rent"),), always=True, then="Net Profit")
    march = Period(date(2026, 3, 1), date(2026, 3, 31))

    made = report("Lahe Tools Ltd", [income, costs], [march], lambda _: {}, date(2026, 4, 1))

    assert [row["RowType"] for row in made["Rows"]] == ["Header", "Section", "Section", "Section"]
    assert all(not row["Rows"] for row in made["Rows"][1:])


def test_a_report_of_known_amounts_reads_as_documented() -> None:
    income = Section("Income", 1, (Line("a1", "Sales"),), always=True)
    rent, software = Line("b1", "Rent"), Line("b2", "Software")
    costs = Section("Less Operating Expenses", -1, (rent, software), then="Net Profit")
    amounts = {"a1": Decimal("1180.00"), "b1": Decimal("400.00"), "b2": Decimal("320.02")}
    march = Period(date(2026, 3, 1), date(2026, 3, 31))

    made = report("Lahe Tools Ltd", [income, costs], [march], lambda _: amounts, date(2026, 4, 1))

    assert made["ReportTitles"] == ["Profit & Loss", "Lahe Tools Ltd", "1 March 2026 to 31 March 2026"]
    assert made["Rows"][0]["Cells"] == [{"Value": ""}, {"Value": "31 Mar 26"}]
    assert summaries({"Reports": [made]}) == {
        "Total Income": ["1180.00"],
        "Total Operating Expenses": ["720.02"],
        "Net Profit": ["459.98"],
    }


def test_earlier_periods_go_back_over_the_turn_of_a_year() -> None:
    periods = periods_of(date(2026, 1, 1), date(2026, 1, 31), 2, 1)

    assert [str(one.last) for one in periods] == ["2026-01-31", "2025-12-31", "2025-11-30"]
