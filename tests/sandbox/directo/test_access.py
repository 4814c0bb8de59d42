from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sandbox.clock import Clock
from support.directo_caller import DirectoCaller
from support.sandbox_server import RunningSandbox, running_sandbox

REST, XML, ENDING, INVOICES = 0, 3, 2, 2
MARCH = (("date", ">2026-02-28T23:59:59"), ("date", "<2026-04-01T00:00:00"))
DAYS = {"date1": "01.03.2026", "date2": "31.03.2026"}


def caller(sandbox: RunningSandbox, turn: int = REST) -> DirectoCaller:
    return DirectoCaller(sandbox.accounts("directo")[turn], sandbox.http)


def test_a_key_opens_the_chart_and_without_one_nobody_is_known(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    assert reader.get("accounts").status_code == 200
    assert reader.get("accounts", **{"X-Directo-Key": "k-1"}).status_code == 401
    assert reader.get("accounts", Accept="application/json").status_code == 401
    assert reader.get("accounts", ("key", reader.api_key), Accept="*/*").status_code == 401


def test_a_missing_and_a_wrong_token_look_different_and_both_like_success(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, XML)
    missing, wrong = reader.post({}), reader.post({"token": "k-1"})

    assert (missing.status_code, missing.text) == (200, "<err>token required</err>")
    assert (wrong.status_code, wrong.text) == (200, '<result type="5" desc="Unauthorized"/>')


def test_a_key_is_for_one_interface(sandbox: RunningSandbox) -> None:
    rest, xml = caller(sandbox, REST), caller(sandbox, XML)

    assert rest.get("accounts", **{"X-Directo-Key": xml.api_key}).status_code == 401
    assert "Unauthorized" in rest.ask(**DAYS).text


def test_a_key_ends_with_its_last_day_in_tallinn() -> None:
    clock = Clock(stopped_at=datetime(2026, 11, 23, 12, tzinfo=UTC))
    with running_sandbox(clients=3, documents=4, clock=clock) as sandbox:
        reader = caller(sandbox, ENDING)
        clock.advance(200 * 86_400 + 8.9 * 3600)  # six minutes before midnight, in summer time
        before = reader.get("accounts").status_code
        clock.advance(600)
        after = reader.get("accounts").status_code

    assert reader.credentials["expires_on"] == "2027-06-11"
    assert (before, after) == (200, 401)


def test_a_revoked_key_is_refused_over_both_interfaces(sandbox: RunningSandbox) -> None:
    for turn in (REST, XML):
        sandbox.fault(sandbox.accounts("directo")[turn], "revoke")

    assert caller(sandbox, REST).get("accounts").status_code == 401
    assert "Unauthorized" in caller(sandbox, XML).ask(**DAYS).text


@pytest.mark.parametrize(
    ("resource", "conditions", "status"),
    [
        ("everything", (), 404),
        ("accounts/1010", (), 404),
        ("transactions", (("net", ">1"),), 400),
        ("transactions", (("date", ">31.12.2025"),), 400),
        ("invoices", (), 403),
    ],
)
def test_what_does_not_fit_is_refused(
    sandbox: RunningSandbox, resource: str, conditions: tuple[tuple[str, str], ...], status: int
) -> None:
    assert caller(sandbox).get(resource, *conditions).status_code == status


def test_only_version_one_is_there_and_it_is_read_only(sandbox: RunningSandbox) -> None:
    address, key = caller(sandbox).address, {"X-Directo-Key": caller(sandbox).api_key}

    assert sandbox.http.get(f"{address}/apidirect/v2/accounts", headers=key).status_code == 404
    assert sandbox.http.post(f"{address}/apidirect/v1/accounts", headers=key).status_code == 405


def test_some_databases_look_for_parameters_in_the_address_and_some_in_the_form() -> None:
    asked = {"get": "1", "what": "transaction", **DAYS}
    with running_sandbox(clients=10, documents=4) as sandbox:
        in_query, in_form = caller(sandbox, 3), caller(sandbox, 9)
        answers = [
            reader.post({"token": reader.api_key, **form}, query).text
            for reader in (in_query, in_form)
            for form, query in (({}, asked), (asked, {}))
        ]

    refused = '<result type="404" desc="Invalid url given"/>'
    assert [answer == refused for answer in answers] == [False, True, True, False]


@pytest.mark.parametrize(
    ("filters", "word"),
    [
        ({**DAYS, "what": "invoice"}, "Invalid url"),
        ({**DAYS, "date2": "31/03/2026"}, "<error"),
        ({}, "<error"),
    ],
)
def test_xml_direct_refuses_what_it_does_not_know(
    sandbox: RunningSandbox, filters: dict[str, str], word: str
) -> None:
    answer = caller(sandbox, XML).ask(**filters)

    assert answer.status_code == 200
    assert word in answer.text


def test_more_than_thirty_calls_a_minute_are_too_many(sandbox: RunningSandbox) -> None:
    rest, xml = caller(sandbox, REST), caller(sandbox, XML)

    for answers in (
        [rest.get("accounts") for _ in range(31)],
        [xml.ask(**DAYS) for _ in range(31)],
    ):
        assert [one.status_code for one in answers] == [200] * 30 + [429]
        assert answers[-1].headers["Retry-After"] == "60"

    assert sandbox.http.get("/_calls").json()["calls"]["directo"]["directo-0001"]["throttled"] == 1


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("error_500", 500, "message"),
        ("gateway_502", 502, "<html>"),
        ("throttle_429", 429, "Too many requests"),
        ("plan_too_low", 403, "Access denied"),
        ("no_permission", 403, "Access denied"),
        ("sign_in_page", 200, "<html>"),
    ],
)
def test_trouble_looks_as_the_vendor_s_may(
    sandbox: RunningSandbox, fault: str, status: int, word: str
) -> None:
    sandbox.fault(sandbox.accounts("directo")[REST], fault)

    answer = caller(sandbox).get("accounts")

    assert answer.status_code == status
    assert word in answer.text


def test_a_missing_right_may_be_silent(sandbox: RunningSandbox) -> None:
    for turn in (REST, XML):
        sandbox.fault(sandbox.accounts("directo")[turn], "no_permission", silent=True)

    assert caller(sandbox, REST).rows("transactions", *MARCH) == []
    assert caller(sandbox, XML).ask(**DAYS).content == b""


def test_a_right_may_be_missing_for_one_resource(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("directo")[INVOICES], "no_permission", resource="invoices")

    assert caller(sandbox, INVOICES).get("transactions", *MARCH).status_code == 200
    assert caller(sandbox, INVOICES).get("invoices", *MARCH).status_code == 403


def test_a_field_may_be_missing_in_every_row(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("directo")[REST], "missing_field", field="rows.account")

    rows = caller(sandbox).rows("transactions", *MARCH)

    assert rows
    assert not any("account" in line for row in rows for line in row["rows"])
