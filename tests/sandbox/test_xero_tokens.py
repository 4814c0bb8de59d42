from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import xero_caller

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
DAY_S = 86_400


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=8, clock=Clock(NOON)) as running:
        yield running


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def pass_time(sandbox: RunningSandbox, seconds: float) -> None:
    sandbox.http.post("/_control/clock", json={"advance_s": seconds}).raise_for_status()


def test_a_refresh_replaces_the_refresh_token_and_brings_a_good_access_token(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    reply = app.refresh(app.credentials["refresh_token"]).json()

    assert reply["refresh_token"] != app.credentials["refresh_token"]
    assert (reply["expires_in"], reply["token_type"]) == (1800, "Bearer")
    assert "offline_access" in reply["scope"].split()
    bearer = {"Authorization": f"Bearer {reply['access_token']}"}
    assert app.get("Organisation", headers=bearer).status_code == 200


def test_the_old_refresh_token_may_be_repeated_for_30_minutes_and_not_later(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    old = app.credentials["refresh_token"]
    app.refresh(old).raise_for_status()

    pass_time(sandbox, 29 * 60)
    within = app.refresh(old)
    pass_time(sandbox, 2 * 60)
    later = app.refresh(old)

    assert within.status_code == 200
    assert refused(later) == (400, "invalid_grant")


def test_the_new_refresh_token_works_after_the_grace_of_the_old_one(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    new = app.refresh(app.credentials["refresh_token"]).json()["refresh_token"]

    pass_time(sandbox, DAY_S)

    assert app.refresh(new).status_code == 200


def test_a_refresh_token_dies_after_60_days_without_use(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    pass_time(sandbox, 60 * DAY_S + 1)

    assert refused(app.refresh(app.credentials["refresh_token"])) == (400, "invalid_grant")


def test_a_single_use_refresh_token_that_comes_twice_ends_the_whole_set(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    sandbox.fault(app.account, "single_use_refresh")
    old = app.credentials["refresh_token"]
    new = app.refresh(old).json()

    again = app.refresh(old)

    assert refused(again) == (400, "invalid_grant")
    assert refused(app.refresh(new["refresh_token"])) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {new['access_token']}"}
    assert app.get("Organisation", headers=bearer).json()["Detail"] == "AuthenticationUnsuccessful"


def test_refreshes_are_counted_per_token_set(sandbox: RunningSandbox) -> None:
    first, other = xero_caller(sandbox, 1), xero_caller(sandbox, 4)

    first.refresh(first.credentials["refresh_token"])
    first.refresh("0")

    assert (first.token_set()["refreshes"], other.token_set()["refreshes"]) == (1, 0)


def test_accounts_of_one_user_share_a_token_set_that_asking_does_not_spend(
    sandbox: RunningSandbox,
) -> None:
    first, second, stranger = (xero_caller(sandbox, number) for number in (1, 2, 4))

    assert first.account["user"] == second.account["user"] != stranger.account["user"]
    assert first.credentials["refresh_token"] == second.credentials["refresh_token"]
    assert first.credentials["access_token"] == second.credentials["access_token"]
    assert first.credentials["tenant_id"] != second.credentials["tenant_id"]
    assert stranger.credentials["refresh_token"] != first.credentials["refresh_token"]
    assert first.get("Organisation").status_code == second.get("Organisation").status_code == 200


def test_accounts_hands_out_tokens_that_work_after_time_and_refreshes(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    app.refresh(app.credentials["refresh_token"]).raise_for_status()
    pass_time(sandbox, DAY_S)

    fresh = xero_caller(sandbox)

    assert fresh.get("Organisation").status_code == 200
    assert datetime.fromisoformat(fresh.credentials["expires_at"]) > NOON + timedelta(days=1)
    assert fresh.refresh(fresh.credentials["refresh_token"]).status_code == 200


def test_an_access_token_ends_after_30_minutes(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    pass_time(sandbox, 1800)
    answer = app.get("Organisation")

    assert answer.status_code == 401
    assert answer.json()["Detail"] == "TokenExpired: token expired at 04/10/2026 12:30:00"


def test_all_access_tokens_can_be_ended_at_once(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    sandbox.http.post("/xero/_tokens", json={"expire": True}).raise_for_status()
    answer = app.get("Organisation")

    assert answer.status_code == 401
    assert answer.json()["Detail"].startswith("TokenExpired:")
    assert xero_caller(sandbox).get("Organisation").status_code == 200


def test_the_life_of_access_tokens_can_be_shortened(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    sandbox.http.post("/xero/_tokens", json={"access_life_s": 5}).raise_for_status()

    reply = app.refresh(app.credentials["refresh_token"]).json()
    pass_time(sandbox, 5)

    assert reply["expires_in"] == 5
    answer = app.get("Organisation", headers={"Authorization": f"Bearer {reply['access_token']}"})
    assert answer.json()["Detail"].startswith("TokenExpired:")


def test_wrong_secrets_and_missing_names_are_an_invalid_client(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    url = f"{app.account['endpoints']['identity']}/connect/token"
    form = {"grant_type": "refresh_token", "refresh_token": app.credentials["refresh_token"]}

    wrong = sandbox.http.post(url, data=form, auth=(app.credentials["client_id"], "wrong"))
    nobody = sandbox.http.post(url, data=form)

    assert refused(wrong) == (400, "invalid_client")
    assert refused(nobody) == (401, "invalid_client")
    assert app.token_set()["refreshes"] == 0


def test_a_custom_connection_needs_no_tenant_and_has_no_refresh(
    sandbox: RunningSandbox,
) -> None:
    app = xero_caller(sandbox, 2)
    custom = app.account["custom_connection"]
    url = f"{app.account['endpoints']['identity']}/connect/token"

    reply = sandbox.http.post(
        url, data={"grant_type": "client_credentials"}, auth=(custom["client_id"], custom["client_secret"])
    ).json()

    assert "refresh_token" not in reply
    bearer = {"Authorization": f"Bearer {reply['access_token']}"}
    answer = app.get("Organisation", headers={**bearer, "xero-tenant-id": ""}).json()
    assert answer["Organisations"][0]["OrganisationID"] == app.credentials["tenant_id"]
    strange = xero_caller(sandbox, 1).credentials["tenant_id"]
    assert app.get("Organisation", headers={**bearer, "xero-tenant-id": strange}).status_code == 403


def test_the_usual_app_has_no_client_credentials(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    assert refused(app.ask(grant_type="client_credentials")) == (400, "unauthorized_client")
    assert refused(app.ask(grant_type="password")) == (400, "unsupported_grant_type")


def test_revoking_ends_the_tokens_and_disconnects_the_organisations(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    basic = (app.credentials["client_id"], app.credentials["client_secret"])
    url = f"{app.account['endpoints']['identity']}/connect/revocation"

    revoked = sandbox.http.post(url, data={"token": app.credentials["refresh_token"]}, auth=basic)
    unknown = sandbox.http.post(url, data={"token": "never heard of"}, auth=basic)

    assert (revoked.status_code, unknown.status_code) == (200, 200)
    assert refused(app.refresh(app.credentials["refresh_token"])) == (400, "invalid_grant")
    assert app.get("Organisation").json()["Detail"] == "AuthenticationUnsuccessful"


def test_a_reply_lost_on_the_way_has_still_rotated_the_token(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    sandbox.fault(app.account, "token_reply_lost", times=1)

    lost = app.refresh(app.credentials["refresh_token"])
    healed = app.refresh(app.credentials["refresh_token"])

    assert (lost.status_code, healed.status_code) == (502, 200)
    assert app.token_set()["refreshes"] == 2


def test_a_broken_token_address_rotates_nothing(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    sandbox.fault(app.account, "token_500", times=1)

    assert app.refresh(app.credentials["refresh_token"]).status_code == 500
    assert app.token_set()["refreshes"] == 0


def test_a_refresh_token_given_out_before_a_restart_works_after_it(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    rotated = app.refresh(app.credentials["refresh_token"]).json()["refresh_token"]

    with running_sandbox(clients=4, documents=8, clock=Clock(NOON)) as restarted:
        again = xero_caller(restarted).refresh(rotated)

    assert again.status_code == 200


def test_the_access_token_names_the_consent_it_comes_from(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    claims = jwt.decode(app.credentials["access_token"], options={"verify_signature": False})

    assert claims["authentication_event_id"] in {one["authEventId"] for one in app.connections().json()}
    assert claims["client_id"] == app.credentials["client_id"]


def test_calls_for_tokens_are_counted_as_signing_in(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    app.refresh(app.credentials["refresh_token"])

    counted = sandbox.http.get("/_calls").json()["calls"]["xero"]
    assert counted[app.account["user"]]["sign_in"] == 1
