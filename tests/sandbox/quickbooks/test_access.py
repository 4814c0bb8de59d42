"""Tokens, consents, realms, limits and the two envelopes of a refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.quickbooks_caller import BACK, QuickBooksCaller, quickbooks_caller
from support.sandbox_server import RunningSandbox, running_sandbox


def info(app: QuickBooksCaller, **changes: str) -> httpx.Response:
    path = f"companyinfo/{app.credentials['realm_id']}"
    return app.sandbox.http.get(app.url(path), headers=app.headers(**changes))


def gateway_error(answer: httpx.Response) -> tuple[int, str, str]:
    [error] = answer.json()["fault"]["error"]
    return answer.status_code, error["code"], error["detail"]


def own_error(answer: httpx.Response) -> tuple[int, str]:
    [error] = answer.json()["Fault"]["Error"]
    return answer.status_code, error["code"]


def test_a_company_tells_its_name_and_not_its_realm(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)

    answer = info(app)

    assert answer.json()["CompanyInfo"]["CompanyName"] == app.account["name"]
    assert app.credentials["realm_id"] not in answer.text
    assert answer.headers["intuit_tid"]


def test_the_preferences_tell_the_home_currency(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)

    told = app.get("preferences").json()["Preferences"]

    assert told["CurrencyPrefs"]["HomeCurrency"]["value"] == app.account["currency"]


def test_who_does_not_ask_for_json_gets_xml(sandbox: RunningSandbox) -> None:
    answer = info(quickbooks_caller(sandbox), Accept="*/*")

    assert answer.headers["content-type"].startswith("application/xml")
    assert "<CompanyName>" in answer.text


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer eyJlbmMi.AAAA", "Basic eA==", ""])
def test_a_token_that_is_none_is_malformed(sandbox: RunningSandbox, header: str) -> None:
    status, code, detail = gateway_error(info(quickbooks_caller(sandbox), Authorization=header))

    assert (status, code) == (401, "3200")
    assert detail.startswith("Malformed bearer token")


def test_an_access_token_lives_an_hour(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    sandbox.world.clock.advance(3590)
    assert info(app).status_code == 200

    sandbox.world.clock.advance(11)

    assert gateway_error(info(app)) == (401, "3200", "Token expired")


def test_another_realm_and_the_other_environment_are_not_authorised(sandbox: RunningSandbox) -> None:
    app, other = quickbooks_caller(sandbox, 1), quickbooks_caller(sandbox, 2)
    realm = other.credentials["realm_id"]

    answers = [
        app.sandbox.http.get(app.url(f"companyinfo/{realm}", realm=realm), headers=app.headers()),
        app.sandbox.http.get(app.url("preferences", environment="sandbox"), headers=app.headers()),
        app.sandbox.http.get(app.url("preferences", realm="9130359999999999"), headers=app.headers()),
    ]

    assert {gateway_error(answer)[:2] for answer in answers} == {(403, "3100")}


def test_every_fourth_company_is_of_the_other_environment(sandbox: RunningSandbox) -> None:
    environments = [one["credentials"]["environment"] for one in sandbox.accounts("quickbooks")]

    assert environments == ["production"] * 3 + ["sandbox"] + ["production"] * 2
    assert info(quickbooks_caller(sandbox, 4)).status_code == 200


def test_a_refresh_token_changes_about_once_a_day_and_the_old_one_ends_soon(
    sandbox: RunningSandbox,
) -> None:
    app = quickbooks_caller(sandbox)
    first = app.credentials["refresh_token"]
    sandbox.world.clock.advance(timedelta(days=1).total_seconds())

    changed = app.refresh(first).json()["refresh_token"]
    again = app.refresh(changed).json()["refresh_token"]
    in_time = app.refresh(first).json()["refresh_token"]
    sandbox.world.clock.advance(301)
    late = app.refresh(first)

    assert first != changed == again == in_time
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


def test_a_refresh_token_dies_of_a_hundred_and_one_days_without_use() -> None:
    with running_sandbox(clients=1, documents=4) as sandbox:
        app = quickbooks_caller(sandbox)
        sandbox.world.clock.advance(timedelta(days=100).total_seconds())
        kept = app.refresh(app.credentials["refresh_token"]).json()

        sandbox.world.clock.advance(kept["x_refresh_token_expires_in"] + 1)

        assert app.refresh(kept["refresh_token"]).json()["error"] == "invalid_grant"


def test_tokens_outlive_a_restart_with_the_same_seed() -> None:
    with running_sandbox(clients=1, documents=4) as before:
        held = quickbooks_caller(before)
        came = consented(held)
    with running_sandbox(clients=1, documents=4) as after:
        app = QuickBooksCaller(after, quickbooks_caller(after).account | {"credentials": held.credentials})

        assert info(app).status_code == 200
        assert app.refresh(came["refresh_token"]).status_code == 200


def test_wrong_keys_of_the_app_are_an_invalid_client(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    url = f"{app.account['endpoints']['identity']}/oauth2/v1/tokens/bearer"
    form = {"grant_type": "refresh_token", "refresh_token": app.credentials["refresh_token"]}

    answer = sandbox.http.post(url, data=form, auth=(app.credentials["client_id"], "wrong"))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def code_of(answer: httpx.Response) -> dict[str, str]:
    return dict(httpx.URL(answer.headers["location"]).params)


def consented(app: QuickBooksCaller, **changes: str) -> Any:
    came = code_of(app.consent(auto="allow", realm=app.credentials["realm_id"]))
    form = {"grant_type": "authorization_code", "code": came["code"], "redirect_uri": BACK}
    return app.token(**(form | changes)).json()


def test_a_consent_brings_a_code_the_state_and_the_realm(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox, 2)

    answer = app.consent(auto="allow", realm=app.credentials["realm_id"])

    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    assert code_of(answer)["state"] == "s-1"
    assert code_of(answer)["realmId"] == app.credentials["realm_id"]


def test_a_code_works_once_and_for_its_redirect_address(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox, 2)
    came = code_of(app.consent(auto="allow", realm=app.credentials["realm_id"]))
    form = {"grant_type": "authorization_code", "code": came["code"], "redirect_uri": BACK}

    first, second = app.token(**form), app.token(**form)

    assert first.status_code == 200
    assert second.json()["error"] == "invalid_grant"
    assert consented(app, redirect_uri="http://127.0.0.1:9/elsewhere")["error"] == "invalid_grant"


def test_a_declined_consent_says_so(sandbox: RunningSandbox) -> None:
    assert code_of(quickbooks_caller(sandbox).consent(auto="deny")) == {
        "error": "access_denied",
        "state": "s-1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/back"},
        {"response_type": "token"},
        {"scope": "com.intuit.everything"},
        {"state": ""},
    ],
)
def test_a_consent_that_is_asked_for_wrongly_sends_the_browser_nowhere(
    sandbox: RunningSandbox, changes: dict[str, str]
) -> None:
    answer = quickbooks_caller(sandbox).consent(auto="allow", **changes)

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_browser_sees_the_companies(sandbox: RunningSandbox) -> None:
    page = quickbooks_caller(sandbox).consent()

    assert page.status_code == 200
    for account in sandbox.accounts("quickbooks"):
        assert account["credentials"]["realm_id"] in page.text


def test_revoking_disconnects_the_company_and_a_new_consent_heals_it() -> None:
    with running_sandbox(clients=2, documents=4) as sandbox:
        app, other = quickbooks_caller(sandbox, 1), quickbooks_caller(sandbox, 2)

        revoked = app.revoke(app.credentials["refresh_token"])

        assert revoked.status_code == 200
        assert gateway_error(info(app))[:2] == (401, "3200")
        assert app.refresh(app.credentials["refresh_token"]).json()["error"] == "invalid_grant"
        assert info(other).status_code == 200
        fresh = consented(app)["access_token"]
        assert info(app, Authorization=f"Bearer {fresh}").status_code == 200
        assert app.revoke("unknown").status_code == 400


@pytest.mark.parametrize(("turn", "status"), [(1, 429), (2, 403)])
def test_the_minute_has_five_hundred_calls_and_a_throttle_two_spellings(turn: int, status: int) -> None:
    with running_sandbox(clients=2, documents=4) as sandbox:
        app = quickbooks_caller(sandbox, turn)
        codes = [app.get("preferences").status_code for _ in range(501)]

        refused = app.get("preferences")

        assert codes[:500] == [200] * 500
        assert own_error(refused) == (status, "3001")
        calls = sandbox.http.get("/_calls").json()["calls"]["quickbooks"][app.account["account"]]
        assert calls["throttled"] == 2


def test_the_minute_has_forty_batches(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox, 3)

    codes = [app.batch({"a": "select count(*) from Bill"}).status_code for _ in range(41)]

    assert codes == [200] * 40 + [429]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error_500", (500, "10000")),
        ("fault_in_200", (200, "10000")),
        ("no_permission", (403, "3201")),
        ("permission_denied", (400, "5020")),
        ("plan_too_low", (403, "6190")),
        ("throttle_429", (429, "3001")),
    ],
)
def test_faults_that_the_api_tells(sandbox: RunningSandbox, fault: str, expected: tuple[int, str]) -> None:
    app = quickbooks_caller(sandbox)
    sandbox.fault(app.account, fault, times=1)

    assert own_error(info(app)) == expected


@pytest.mark.parametrize(("fault", "expected"), [("revoke", (401, "3200")), ("disconnected", (403, "3100"))])
def test_faults_that_the_gateway_tells(
    sandbox: RunningSandbox, fault: str, expected: tuple[int, str]
) -> None:
    app = quickbooks_caller(sandbox)
    sandbox.fault(app.account, fault, times=1)

    assert gateway_error(info(app))[:2] == expected


def test_another_company_may_answer(sandbox: RunningSandbox) -> None:
    app, other = quickbooks_caller(sandbox, 1), quickbooks_caller(sandbox, 2)
    sandbox.fault(app.account, "wrong_company", times=1)

    assert info(app).json()["CompanyInfo"]["CompanyName"] == other.account["name"]


def test_a_lost_reply_of_the_token_address_leaves_the_token_usable(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox, 5)
    sandbox.fault(app.account, "token_reply_lost", times=1)

    lost = app.refresh(app.credentials["refresh_token"])
    again = app.refresh(app.credentials["refresh_token"])

    assert (lost.status_code, again.status_code) == (502, 200)


def test_tokens_can_be_driven(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox, 6)
    first = app.credentials["refresh_token"]

    sandbox.http.post("/quickbooks/_tokens", json={"change": True, "expire": True}).raise_for_status()

    assert gateway_error(info(app))[:2] == (401, "3200")
    assert app.refresh(first).json()["refresh_token"] != first
    shown = sandbox.http.get("/quickbooks/_consents").json()
    assert {one["realm_id"]: one["refreshes"] for one in shown}[app.credentials["realm_id"]] == 1
