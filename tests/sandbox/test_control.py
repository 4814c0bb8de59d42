from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sandbox.app import build_app
from sandbox.faults import Faults
from sandbox.world import World
from support.merit_caller import MeritCaller
from support.sandbox_server import RunningSandbox

MARCH = "2026-03"


def test_accounts_tell_all_that_a_caller_needs(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]

    assert account["account"] == "merit-aktiva-0001"
    assert account["last_month"] == "2026-10"
    assert account["currency"] == "EUR"
    assert account["credentials"].keys() == {"country", "api_id", "api_key"}
    assert account["endpoints"] == {
        country: f"{sandbox.base_url}/merit-aktiva/{country}/api" for country in ("ee", "fi", "pl")
    }


def test_accounts_may_be_those_of_one_provider(sandbox: RunningSandbox) -> None:
    everyone = sandbox.http.get("/_accounts").json()
    some = sandbox.http.get("/_accounts", params={"provider": "tripletex"}).json()

    assert some == [one for one in everyone if one["provider"] == "tripletex"]
    assert {one["provider"] for one in some} < {one["provider"] for one in everyone}
    assert sandbox.http.get("/_accounts", params={"provider": "abacus"}).status_code == 404


@pytest.mark.parametrize("provider", ["merit-aktiva", "tripletex"])
def test_truth_gives_every_metric_with_its_unit(sandbox: RunningSandbox, provider: str) -> None:
    account = sandbox.accounts(provider)[0]

    truth = sandbox.truth(account, MARCH)

    documents = ("sales_invoice", "sales_credit_note", "purchase_invoice", "purchase_credit_note", "document")
    money = ("sales_net", "sales_vat", "purchase_net", "purchase_vat", "income_total", "expense_total")
    assert {metric: one["unit"] for metric, one in truth.items()} == {
        **{f"{kind}_count": "documents" for kind in documents},
        **dict.fromkeys(money, account["currency"]),
        "entry_count": "entries",
        "entry_line_count": "lines",
        "bank_transaction_count": "transactions",
    }
    assert all("." in truth[metric]["value"] for metric in money)


def test_truth_follows_a_change_and_remembers_the_past(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("tripletex")[1]
    before = sandbox.truth(account, MARCH)

    applied = sandbox.mutate(account, "add", "sales_invoice", MARCH)
    after = sandbox.truth(account, MARCH)

    assert int(after["sales_invoice_count"]["value"]) == int(before["sales_invoice_count"]["value"]) + 1
    assert sandbox.truth(account, MARCH, at=applied["applied_at"]) == after
    earlier = sandbox.world.clock.now() - timedelta(seconds=1)
    assert sandbox.truth(account, MARCH, at=earlier.isoformat()) == before


def test_a_move_goes_to_the_month_named(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("tripletex")[0]
    before = [sandbox.truth(account, month) for month in (MARCH, "2026-05")]

    sandbox.mutate(account, "move", "purchase_invoice", MARCH, to="2026-05")

    after = [sandbox.truth(account, month) for month in (MARCH, "2026-05")]
    counts = [[int(one["purchase_invoice_count"]["value"]) for one in months] for months in (before, after)]
    assert counts[1] == [counts[0][0] - 1, counts[0][1] + 1]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "sales_invoice", "action": "burn"}, 400),
        ({"kind": "napkin", "action": "add"}, 400),
        ({"kind": "sales_invoice", "action": "add", "month": "2026-13"}, 400),
        ({"kind": "sales_invoice", "action": "void", "document": "none"}, 404),
        ({"kind": "sales_invoice", "action": "add", "account": "merit-aktiva-9999"}, 404),
        ({"kind": "sales_invoice", "action": "add", "provider": "abacus"}, 404),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(
    sandbox: RunningSandbox, change: dict[str, str], status: int
) -> None:
    named = {"provider": "merit-aktiva", "account": "merit-aktiva-0001", "month": MARCH}

    answer = sandbox.http.post("/_control/mutate", json=named | change)

    assert answer.status_code == status
    assert answer.json()["error"]


def test_an_unknown_fault_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.http.post("/_control", json={"provider": "merit-aktiva", "fault": "earthquake"})

    assert answer.status_code == 400


def test_a_fault_lasts_as_often_as_asked(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())
    sandbox.fault(account, "error_500", times=2)

    statuses = [caller.ask("v1/gettaxes").status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


def test_a_fault_lasts_as_long_as_asked(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())
    sandbox.fault(account, "error_500", seconds=30)

    during = caller.ask("v1/gettaxes").status_code
    sandbox.http.post("/_control/clock", json={"advance_s": 31}).raise_for_status()

    assert (during, caller.ask("v1/gettaxes").status_code) == (500, 200)


def test_faults_are_listed_and_cleared(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    sandbox.fault(account, "hang")

    listed = sandbox.http.get("/_control").json()
    sandbox.http.delete("/_control").raise_for_status()

    assert [one["fault"] for one in listed] == ["hang"]
    assert sandbox.http.get("/_control").json() == []


def test_a_hanging_call_ends_when_its_caller_leaves(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    sandbox.fault(account, "hang", times=1)
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())

    with httpx.Client(timeout=0.3) as hurried, pytest.raises(httpx.ReadTimeout):
        MeritCaller(account, hurried, sandbox.world.clock.now()).ask("v1/gettaxes")

    assert caller.ask("v1/gettaxes").status_code == 200


def test_a_call_that_hung_is_answered_when_its_fault_is_over(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())
    sandbox.fault(account, "hang", times=1)

    with ThreadPoolExecutor() as threads:
        call = threads.submit(caller.ask, "v1/gettaxes")
        with pytest.raises(TimeoutError):
            call.result(timeout=0.3)
        sandbox.http.delete("/_control").raise_for_status()

        assert call.result(timeout=20).status_code == 200


def test_calls_are_counted_by_what_they_were_for(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())

    caller.ask("v1/gettaxes")
    caller.rows("v1/getpurchorders", PeriodStart="20260301", PeriodEnd="20260331")

    counted = sandbox.http.get("/_calls").json()["calls"]["merit-aktiva"]["merit-aktiva-0001"]
    assert counted == {"total": 2, "sign_in": 0, "identity": 1, "read": 1, "throttled": 0}
    assert sandbox.http.post("/_calls:reset").status_code == 204
    assert sandbox.http.get("/_calls").json()["calls"] == {}


def test_the_time_of_all_answers_is_told(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    caller = MeritCaller(account, sandbox.http, sandbox.world.clock.now())
    sandbox.fault(account, "slow", each_s=0.1)

    caller.ask("v1/gettaxes")
    caller.ask("v1/gettaxes")

    assert sandbox.http.get("/_calls").json()["answering_s"] >= 0.2
    sandbox.http.post("/_calls:reset").raise_for_status()
    assert sandbox.http.get("/_calls").json()["answering_s"] == 0


def test_a_fault_of_one_account_leaves_the_others_alone(sandbox: RunningSandbox) -> None:
    faults: Faults = sandbox.world.faults
    faults.switch_on("xero", "xero-0001", "hang")

    assert faults.hit("xero", "xero-0002", "hang") is None
    assert faults.hit("tripletex", "xero-0001", "hang") is None
    assert faults.hit("xero", "xero-0001", "hang") is not None


def test_an_app_keeps_its_world_to_itself() -> None:
    worlds: list[World] = [build_app(1, 2, 5).state.world for _ in range(2)]

    worlds[0].faults.switch_on("xero", None, "hang")

    assert worlds[1].faults.active() == []
