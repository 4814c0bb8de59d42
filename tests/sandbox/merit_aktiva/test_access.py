from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from support.merit_caller import MeritCaller
from support.sandbox_server import RunningSandbox

Spoil = Callable[[MeritCaller], None]


def caller(sandbox: RunningSandbox, turn: int = 0) -> MeritCaller:
    account = sandbox.accounts("merit-aktiva")[turn]
    return MeritCaller(account, sandbox.http, sandbox.world.clock.now())


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_taxes_answer_in_every_country(sandbox: RunningSandbox, turn: int) -> None:
    taxes = caller(sandbox, turn).rows("v1/gettaxes")

    assert {"Id", "Code", "Name", "TaxPct", "TaxType"} == taxes[0].keys()


def test_a_key_of_another_country_is_unknown(sandbox: RunningSandbox) -> None:
    estonian, finnish = caller(sandbox, 0), caller(sandbox, 1)
    estonian.address = finnish.address

    answer = estonian.ask("v1/gettaxes")

    assert (answer.status_code, answer.content) == (401, b"")


def test_an_unknown_id_is_refused_without_a_word(sandbox: RunningSandbox) -> None:
    stranger = caller(sandbox)
    stranger.api_id = "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e5"

    answer = stranger.ask("v1/gettaxes")

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_blank_in_the_id_is_a_bad_request(sandbox: RunningSandbox) -> None:
    careless = caller(sandbox)
    careless.api_id += " "

    answer = careless.ask("v1/gettaxes")

    assert (answer.status_code, answer.content) == (400, b"")


def test_a_revoked_key_is_refused_like_an_unknown_one(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[0], "revoke")

    answer = caller(sandbox).ask("v1/gettaxes")

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_wrong_key_is_a_wrong_signature(sandbox: RunningSandbox) -> None:
    forger = caller(sandbox)
    forger.api_key = caller(sandbox, 3).api_key

    answer = forger.ask("v1/gettaxes")

    assert (answer.status_code, answer.text) == (401, "api-wrongsignature")


def test_a_body_changed_after_signing_is_a_wrong_signature(sandbox: RunningSandbox) -> None:
    careless = caller(sandbox)

    answer = careless.call("v1/gettaxes", b"{ }", signature=careless.signature(b"{}"))

    assert answer.status_code == 401


def test_a_plus_sign_that_was_not_encoded_is_a_wrong_signature(sandbox: RunningSandbox) -> None:
    careless = caller(sandbox)
    while "+" not in careless.signature(b"{}"):
        careless.timestamp = str(int(careless.timestamp) - 1)
    query = f"ApiId={careless.api_id}&timestamp={careless.timestamp}&signature={careless.signature(b'{}')}"

    answer = sandbox.http.post(f"{careless.address}/v1/gettaxes?{query}", content=b"{}")

    assert answer.status_code == 401


def test_a_clock_that_is_off_is_a_wrong_signature(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    late = MeritCaller(account, sandbox.http, sandbox.world.clock.now() - timedelta(minutes=11))
    before = late.ask("v1/gettaxes")
    sandbox.fault(account, "clock_skew", skew_s=700)

    after = caller(sandbox).ask("v1/gettaxes")

    assert "api-wrongsignature" in before.text
    assert "api-wrongsignature" in after.text


@pytest.mark.parametrize(("older", "word"), [(False, "api-wronglicense"), (True, "PREMIUM")])
def test_a_licence_too_low_is_named(sandbox: RunningSandbox, older: bool, word: str) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[0], "plan_too_low", older=older)

    answer = caller(sandbox).ask("v1/gettaxes")

    assert answer.status_code == 401
    assert word in answer.text


def test_names_of_parameters_and_methods_may_have_any_case(sandbox: RunningSandbox) -> None:
    signed = caller(sandbox)
    query = {"APIID": signed.api_id, "TimeStamp": signed.timestamp, "SIGNATURE": signed.signature(b"{}")}

    answer = sandbox.http.post(f"{signed.address}/v1/GetTaxes", params=query, content=b"{}")

    assert answer.status_code == 200


def test_the_sixty_first_call_of_a_minute_is_throttled(sandbox: RunningSandbox) -> None:
    busy = caller(sandbox)

    answers = [busy.ask("v1/gettaxes") for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    headers = answers[-1].headers
    assert (headers["Retry-After"], headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == (
        "2",
        "60",
        "0",
    )
    assert 59 <= int(headers["X-RateLimit-Reset"]) - sandbox.world.clock.timestamp() <= 61
    counted = sandbox.http.get("/_calls").json()
    assert counted["calls"]["merit-aktiva"]["merit-aktiva-0001"]["throttled"] == 1
    assert counted["limits"]["merit-aktiva"]["minute"][busy.api_id]["refused"] >= 1


def test_another_company_has_a_minute_of_its_own(sandbox: RunningSandbox) -> None:
    busy = caller(sandbox)
    for _ in range(60):
        busy.ask("v1/gettaxes")

    assert caller(sandbox, 1).ask("v1/gettaxes").status_code == 200


def test_finland_reads_ledger_heads_by_get_alone(sandbox: RunningSandbox) -> None:
    body = json.dumps({"PeriodStart": "20260301", "PeriodEnd": "20260331"}).encode()
    finnish = caller(sandbox, 1)

    posted = finnish.call("v1/getglbatches", body)
    in_body = finnish.call("v1/getglbatches", body, verb="GET")
    in_query = sandbox.http.get(
        f"{finnish.address}/v1/getglbatches",
        params={
            "ApiId": finnish.api_id,
            "timestamp": finnish.timestamp,
            "signature": finnish.signature(body),
            "Param4Net": body.decode(),
        },
    )

    assert posted.status_code == 405
    assert in_body.json() == in_query.json() != []


@pytest.mark.parametrize("turn", [0, 2])
def test_elsewhere_ledger_heads_are_read_by_post(sandbox: RunningSandbox, turn: int) -> None:
    rows = caller(sandbox, turn).rows("v1/getglbatches", PeriodStart="20260301", PeriodEnd="20260331")

    assert len(rows) == int(
        sandbox.truth(sandbox.accounts("merit-aktiva")[turn], "2026-03")["entry_count"]["value"]
    )


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("error_500", 500, "System."),
        ("stack_trace_200", 200, "   at "),
        ("gateway_502", 502, "<html>"),
        ("throttle_429", 429, ""),
    ],
)
def test_trouble_looks_as_the_vendors_does(
    sandbox: RunningSandbox, fault: str, status: int, word: str
) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[0], fault)

    answer = caller(sandbox).ask("v1/gettaxes")

    assert answer.status_code == status
    assert word in answer.text


def test_malformed_json_ends_in_a_stack_trace(sandbox: RunningSandbox) -> None:
    answer = caller(sandbox).call("v1/getpurchorders", b"{")

    assert answer.status_code == 500
    assert "System." in answer.text
