from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import XeroCaller, xero_caller

VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
BACK = "http://127.0.0.1:8601/v1/oauth/callback"
SCOPE = "openid offline_access accounting.settings.read accounting.invoices.read"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=5, documents=8, clock=Clock(NOON)) as running:
        yield running


def ask(app: XeroCaller, method: str = "GET", **changes: object) -> httpx.Response:
    question: dict[str, object] = {
        "response_type": "code",
        "client_id": app.credentials["client_id"],
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": "s-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    url = f"{app.account['endpoints']['login']}/identity/connect/authorize"
    filled = {name: value for name, value in question.items() if value is not None}
    if method == "POST":
        return app.sandbox.http.post(url, data=filled)
    return app.sandbox.http.get(url, params=filled)  # type: ignore[arg-type] # httpx wants primitives


def answer_in(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    assert response.headers["location"].startswith(BACK)
    answer = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in answer.items()}


def exchange(app: XeroCaller, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return app.ask(**(form | changes))


def test_the_page_lets_a_user_tick_organisations_and_sends_the_browser_back(
    sandbox: RunningSandbox,
) -> None:
    app = xero_caller(sandbox, 4)
    tenant_id = app.credentials["tenant_id"]

    people = ask(app)
    page = ask(app, user=app.account["user"])
    pressed = ask(app, method="POST", user=app.account["user"], organisation=[tenant_id], decision="allow")
    reply = exchange(app, answer_in(pressed)["code"]).json()

    assert app.account["user"] in people.text
    assert f'value="{tenant_id}"' in page.text
    assert answer_in(pressed)["state"] == "s-1"
    assert reply["scope"] == SCOPE
    assert "id_token" in reply
    event = jwt.decode(reply["access_token"], options={"verify_signature": False})["authentication_event_id"]
    ticked = app.connections(reply["access_token"], authEventId=event).json()
    assert [one["tenantId"] for one in ticked] == [tenant_id]


def test_consent_can_be_given_without_a_browser(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    answer = answer_in(ask(app, auto="allow", user=app.account["user"]))
    reply = exchange(app, answer["code"]).json()

    kinds = {one["tenantId"]: one["tenantType"] for one in app.connections(reply["access_token"]).json()}
    assert kinds[app.credentials["tenant_id"]] == "ORGANISATION"
    assert next(iter(kinds.values())) == "PRACTICE"
    assert len(kinds) == 4


def test_a_practice_cannot_be_read_as_an_organisation(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    practice = next(one for one in app.connections().json() if one["tenantType"] == "PRACTICE")

    answer = app.get("Organisation", headers={"xero-tenant-id": practice["tenantId"]})

    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_a_user_who_says_no_comes_back_with_an_error(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    assert answer_in(ask(app, auto="deny")) == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "accounting.everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_question_is_answered_to_the_app(
    sandbox: RunningSandbox, changes: dict[str, str], error: str
) -> None:
    assert answer_in(ask(xero_caller(sandbox), auto="allow", **changes))["error"] == error


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "NOBODY"}, {"redirect_uri": "https://evil.example/a"}, {"redirect_uri": None}],
)
def test_the_browser_is_never_sent_to_an_unknown_place(
    sandbox: RunningSandbox, changes: dict[str, str | None]
) -> None:
    refused = ask(xero_caller(sandbox), "GET", **{**changes, "auto": "allow"})

    assert refused.status_code == 400
    assert "location" not in refused.headers


def test_a_code_is_good_once(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    code = answer_in(ask(app, auto="allow"))["code"]

    first, second = exchange(app, code), exchange(app, code)

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json() == {"error": "invalid_grant"}


def test_a_code_lives_five_minutes(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    code = answer_in(ask(app, auto="allow"))["code"]

    sandbox.http.post("/_control/clock", json={"advance_s": 300}).raise_for_status()

    assert exchange(app, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "another"}, {"code_verifier": ""}, {"redirect_uri": "http://127.0.0.1/other"}],
)
def test_a_code_needs_its_verifier_and_its_redirect_address(
    sandbox: RunningSandbox, changes: dict[str, str]
) -> None:
    app = xero_caller(sandbox)
    code = answer_in(ask(app, auto="allow"))["code"]

    assert exchange(app, code, **changes).json() == {"error": "invalid_grant"}


def test_without_offline_access_there_is_no_refresh_token(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    code = answer_in(ask(app, auto="allow", scope="accounting.settings.read"))["code"]

    assert "refresh_token" not in exchange(app, code).json()


def test_a_second_consent_leaves_the_first_tokens_alone(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)
    code = answer_in(ask(app, auto="allow", user=app.account["user"]))["code"]

    exchange(app, code).raise_for_status()

    assert app.refresh(app.credentials["refresh_token"]).status_code == 200
    assert app.get("Organisation").status_code == 200


def test_a_connection_can_be_taken_away(sandbox: RunningSandbox) -> None:
    app, neighbour = xero_caller(sandbox, 1), xero_caller(sandbox, 2)
    held = next(one for one in app.connections().json() if one["tenantId"] == app.credentials["tenant_id"])
    url = f"{app.account['endpoints']['api']}/connections/{held['id']}"
    bearer = {"Authorization": f"Bearer {app.credentials['access_token']}"}

    first, second = sandbox.http.delete(url, headers=bearer), sandbox.http.delete(url, headers=bearer)

    assert (first.status_code, second.status_code) == (204, 404)
    assert app.get("Organisation").json()["Detail"] == "AuthenticationUnsuccessful"
    assert app.get("Organisation").status_code == 403
    assert neighbour.get("Organisation").status_code == 200
