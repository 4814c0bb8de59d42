from __future__ import annotations

from datetime import timedelta

import pytest
from support.sandbox_server import RunningSandbox
from support.smartaccounts_caller import SmartAccountsCaller

CHART = "settings/accounts:get"
SALES = "purchasesales/clientinvoices:get"
MARCH = {"dateFrom": "01.03.2026", "dateTo": "31.03.2026"}


def caller(sandbox: RunningSandbox, turn: int = 0) -> SmartAccountsCaller:
    account = sandbox.accounts("smartaccounts")[turn]
    return SmartAccountsCaller(account, sandbox.http, sandbox.world.clock.now())


def code(answer: object) -> str:
    assert isinstance(answer, dict)
    return str(answer["errors"][0]["code"])


def test_a_signed_call_is_answered_at_each_of_the_three_addresses(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    address = reader.address

    for other in ("/en/api", "/et/api", "/api"):
        reader.address = address.replace("/en/api", other)
        assert reader.ask(CHART).status_code == 200


def test_parameters_may_stand_before_the_key_if_they_were_signed_so(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    query = f"dateFrom=01.03.2026&dateTo=31.03.2026&{reader.query()}"

    assert reader.send(SALES, f"{query}&signature={reader.signature(query)}").status_code == 200


def test_a_post_with_a_signed_body_is_read_too(sandbox: RunningSandbox) -> None:
    reader, body = caller(sandbox), "{}"
    query = reader.query()

    good = reader.send(CHART, f"{query}&signature={reader.signature(query + body)}", verb="POST", body=body)
    unsigned = reader.send(CHART, f"{query}&signature={reader.signature(query)}", verb="POST", body=body)

    assert (good.status_code, unsigned.status_code) == (200, 401)


def test_an_encoding_that_was_changed_after_signing_is_refused(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    signed, sent = reader.query("clientId=a,b"), reader.query("clientId=a%2Cb")

    assert reader.send(SALES, f"{sent}&signature={reader.signature(signed)}").status_code == 401


@pytest.mark.parametrize("spoiled", ["api_key", "api_secret", "timestamp"])
def test_a_wrong_key_secret_or_time_is_a_wrong_signature(sandbox: RunningSandbox, spoiled: str) -> None:
    stranger = caller(sandbox)
    setattr(stranger, spoiled, "0" * 20)

    answer = stranger.ask(CHART)

    assert answer.status_code == 401
    assert code(answer.json()) == "SIGNATURE-INVALID"


def test_without_keys_nobody_is_known(sandbox: RunningSandbox) -> None:
    assert caller(sandbox).send(CHART, "").status_code == 401


def test_a_revoked_key_is_refused(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("smartaccounts")[0], "revoke")

    assert caller(sandbox).ask(CHART).status_code == 401


def test_a_clock_that_is_off_is_a_wrong_signature(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[0]
    late = SmartAccountsCaller(account, sandbox.http, sandbox.world.clock.now() - timedelta(minutes=16))
    before = late.ask(CHART)
    sandbox.fault(account, "clock_skew", skew_s=1000)

    assert (before.status_code, caller(sandbox).ask(CHART).status_code) == (401, 401)


def test_the_sixty_first_call_of_a_minute_is_a_503(sandbox: RunningSandbox) -> None:
    busy = caller(sandbox, 2)

    answers = [busy.ask(CHART) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [503]
    assert code(answers[-1].json()) == "RATE-LIMIT-EXCEEDED"
    assert answers[-1].headers["Retry-After"] == "60"
    counted = sandbox.http.get("/_calls").json()
    assert counted["calls"]["smartaccounts"]["smartaccounts-0003"]["throttled"] == 1
    assert caller(sandbox, 4).ask(CHART).status_code == 200


def test_some_accounts_do_not_tell_how_long_to_wait(sandbox: RunningSandbox) -> None:
    busy = caller(sandbox, 1)

    answer = [busy.ask(CHART) for _ in range(61)][-1]

    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers


def test_a_day_has_a_thousand_calls(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[4]
    window = sandbox.world.limits["smartaccounts"]["day"]
    while window.take(account["credentials"]["api_key"]).allowed:  # type: ignore[attr-defined]  # a FixedWindow
        pass

    answer = caller(sandbox, 4).ask(CHART)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 80_000


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("error_500", 500, "INTERNAL-ERROR"),
        ("gateway_502", 502, "<html>"),
        ("plain_503", 503, "<html>"),
        ("throttle_429", 503, "RATE-LIMIT-EXCEEDED"),
        ("plan_too_low", 503, "billing error"),
        ("no_permission", 403, "NO-PERMISSION"),
    ],
)
def test_trouble_looks_as_the_vendor_s_does(
    sandbox: RunningSandbox, fault: str, status: int, word: str
) -> None:
    sandbox.fault(sandbox.accounts("smartaccounts")[0], fault)

    answer = caller(sandbox).ask(CHART)

    assert answer.status_code == status
    assert word in answer.text


def test_a_right_may_be_missing_for_one_group_of_services(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("smartaccounts")[0], "no_permission", service="general/", status=401)

    assert caller(sandbox).ask("general/entries:get", **MARCH).status_code == 401
    assert caller(sandbox).ask(SALES, **MARCH).status_code == 200


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({}, "REQUIRED"),
        ({"dateFrom": "01.03.2026"}, "REQUIRED"),
        ({**MARCH, "dateTo": "2026-03-31"}, "DATE-INVALID"),
        ({**MARCH, "dateTo": "31.02.2026"}, "DATE-INVALID"),
        ({**MARCH, "dateFrom": "01.03.2026_00:00:00"}, "DATE-INVALID"),
        ({**MARCH, "dateType": "birthday"}, "VALUE-INVALID"),
        ({**MARCH, "pageNumber": "0"}, "VALUE-INVALID"),
    ],
)
def test_a_value_that_does_not_fit_is_a_bad_request(
    sandbox: RunningSandbox, params: dict[str, str], word: str
) -> None:
    answer = caller(sandbox).ask(SALES, **params)

    assert answer.status_code == 400
    assert code(answer.json()) == word


def test_messages_about_values_are_in_the_language_of_the_address(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    english = reader.ask(SALES).json()["errors"][0]["message"]
    reader.address = reader.address.replace("/en/", "/et/")

    assert english == "Required value is missing: dateFrom"
    assert reader.ask(SALES).json()["errors"][0]["message"] == "Kohustuslik väärtus puudub: dateFrom"


@pytest.mark.parametrize("service", ["settings/accounts:add", "settings/accounts", "general/everything:get"])
def test_an_unknown_service_is_not_found(sandbox: RunningSandbox, service: str) -> None:
    assert caller(sandbox).ask(service).status_code == 404
