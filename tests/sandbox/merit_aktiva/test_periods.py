from __future__ import annotations

import pytest
from support.merit_caller import MeritCaller
from support.sandbox_server import RunningSandbox

LISTS = ("v2/getinvoices", "v1/getpurchorders", "v1/getglbatches", "v2/getpayments")


def caller(sandbox: RunningSandbox, turn: int = 0) -> MeritCaller:
    account = sandbox.accounts("merit-aktiva")[turn]
    return MeritCaller(account, sandbox.http, sandbox.world.clock.now())


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("20260101", "20260331", 200),
        ("20260101", "20260401", 400),
        ("20251201", "20260228", 200),
        ("20251215", "20260314", 200),
        ("20251215", "20260315", 400),
        ("20260131", "20260130", 400),
        ("20260230", "20260301", 400),
        ("2026-01-01", "20260131", 400),
    ],
)
def test_a_period_has_three_months_at_the_most(
    sandbox: RunningSandbox, method: str, first: str, last: str, status: int
) -> None:
    assert caller(sandbox).ask(method, PeriodStart=first, PeriodEnd=last).status_code == status


@pytest.mark.parametrize(("last", "status"), [("20260131", 200), ("20260201", 400)])
def test_the_full_ledger_has_31_days_at_the_most(sandbox: RunningSandbox, last: str, status: int) -> None:
    answer = caller(sandbox).ask("v1/GetGLBatchesFull", PeriodStart="20260101", PeriodEnd=last, WithLines=1)

    assert answer.status_code == status


@pytest.mark.parametrize(("turn", "kind"), [(0, str), (1, dict), (2, str)])
def test_each_country_dresses_an_error_in_its_own_way(sandbox: RunningSandbox, turn: int, kind: type) -> None:
    answer = caller(sandbox, turn).ask("v2/getinvoices", PeriodStart="20260101", PeriodEnd="20260801")

    assert answer.status_code == 400
    assert "Periood liiga pikk(max 3 kuud)" in answer.text
    if turn:
        assert isinstance(answer.json(), kind)
    else:
        assert answer.text.startswith("Periood")


@pytest.mark.parametrize("method", [*LISTS, "v1/getprofitrep"])
def test_a_missing_parameter_is_not_found(sandbox: RunningSandbox, method: str) -> None:
    assert caller(sandbox).ask(method).status_code == 404


@pytest.mark.parametrize(
    "method", ["v2/getprofitrep", "v2/getglbatchesfull", "v3/getinvoices", "v1/getnothing"]
)
def test_a_method_that_is_not_there_is_not_found(sandbox: RunningSandbox, method: str) -> None:
    answer = caller(sandbox).ask(method, PeriodStart="20260101", PeriodEnd="20260131")

    assert answer.status_code == 404


def test_finland_has_no_second_version_of_purchases(sandbox: RunningSandbox) -> None:
    period = {"PeriodStart": "20260301", "PeriodEnd": "20260331"}

    statuses = [caller(sandbox, turn).ask("v2/getpurchorders", **period).status_code for turn in (0, 1, 2)]

    assert statuses == [200, 404, 200]


def test_a_single_day_returns_that_day(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox).rows("v2/getinvoices", PeriodStart="20260331", PeriodEnd=20260331)

    assert rows
    assert {row["DocumentDate"] for row in rows} == {"2026-03-31T00:00:00"}


def test_a_report_that_cannot_be_made_says_so_with_status_200(sandbox: RunningSandbox) -> None:
    answer = caller(sandbox).rows("v1/getprofitrep", EndDate="20269999", PerCount=1, DepFilter="")

    assert answer["ErrorMsg"]
    assert answer["Data"] == []
