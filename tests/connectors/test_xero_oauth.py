import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from connectors.errors import AccessRefusedError, ProviderDownError, RejectedRequestError, ThrottledError
from connectors.protocol import Access, Grant, OAuth
from connectors.session import Session
from connectors.xero import XERO
from support.connecting import Answers, SteppingClock, answering
from sync_contracts.providers import Provider

KEYS = {
    "client_id": "4F9C21D07B6E4A1FA0C3D2E59B874E10",
    "client_secret": "made-up-secret-Xr7Qm2Vt9Lk4Pz8Hs1Wd5Ng",
    "redirect_uri": "https://ledger.example/callback",
}
TOKENS = {
    "access_token": "a-2",
    "expires_in": 1800,
    "token_type": "Bearer",
    "refresh_token": "r-2",
}


def oauth() -> OAuth:
    assert XERO.oauth is not None
    return XERO.oauth


def session_over(answers: Answers, clock: SteppingClock | None = None) -> Session:
    return answering(answers, clock=clock, operators={Provider.XERO: KEYS})


class Recorded:
    """One answer for every request, which are kept."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.response

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.requests[-1].content.decode()).items()}


async def test_the_consent_link() -> None:
    async with session_over(lambda _: httpx.Response(500)) as session:
        url = httpx.URL(oauth().authorize_url(session, state="s-1", code_challenge="c-1"))

    assert (url.host, url.path) == ("login.xero.com", "/identity/connect/authorize")
    assert url.params["state"] == "s-1"
    assert url.params["redirect_uri"] == KEYS["redirect_uri"]
    assert (url.params["code_challenge"], url.params["code_challenge_method"]) == ("c-1", "S256")
    assert set(url.params["scope"].split(" ")) == {
        "offline_access",
        "accounting.settings.read",
        "accounting.invoices.read",
        "accounting.banktransactions.read",
        "accounting.manualjournals.read",
        "accounting.reports.profitandloss.read",
    }
    assert KEYS["client_secret"] not in str(url)


async def test_a_code_is_exchanged_for_tokens() -> None:
    answer = Recorded(httpx.Response(200, json=TOKENS))
    clock = SteppingClock()

    async with session_over(answer, clock) as session:
        signed_in = await oauth().exchange(session, code="code-1", code_verifier="v-1", returned={})

    assert answer.form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": KEYS["redirect_uri"],
        "code_verifier": "v-1",
    }
    assert signed_in.access == Access({"access_token": "a-2"}, clock.now() + timedelta(seconds=1800))
    assert signed_in.grant == Grant({"refresh_token": "r-2"})


async def test_a_code_is_never_sent_twice() -> None:
    answer = Recorded(httpx.Response(502))

    async with session_over(answer) as session:
        with pytest.raises(ProviderDownError):
            await oauth().exchange(session, code="code-1", code_verifier="v-1", returned={})

    assert len(answer.requests) == 1


async def test_a_refresh_rotates_the_token_and_keeps_the_rest_of_the_grant() -> None:
    answer = Recorded(httpx.Response(200, json=TOKENS))

    async with session_over(answer) as session:
        signed_in = await XERO.sign_in(session, Grant({"refresh_token": "r-1"}), {})

    assert answer.form == {"grant_type": "refresh_token", "refresh_token": "r-1"}
    assert str(answer.requests[0].url) == "https://identity.xero.com/connect/token"
    assert answer.requests[0].headers["authorization"] == (
        "Basic NEY5QzIxRDA3QjZFNEExRkEwQzNEMkU1OUI4NzRFMTA6"
        "bWFkZS11cC1zZWNyZXQtWHI3UW0yVnQ5TGs0UHo4SHMxV2Q1Tmc="
    )
    assert signed_in.grant == Grant({"refresh_token": "r-2"})
    assert signed_in.calls == 1


async def test_a_custom_connection_signs_in_with_its_own_keys() -> None:
    answer = Recorded(httpx.Response(200, json={"access_token": "a-1", "expires_in": 1800}))
    grant = Grant({"client_id": "own", "client_secret": "own-secret"})

    async with session_over(answer) as session:
        signed_in = await XERO.sign_in(session, grant, {})

    assert answer.form == {"grant_type": "client_credentials"}
    sent = answer.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"own:own-secret"
    assert signed_in.grant == grant


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), AccessRefusedError, 1),
        (httpx.Response(400, json={"error": "invalid_client"}), RejectedRequestError, 1),
        (httpx.Response(401, json={"error": "invalid_client"}), RejectedRequestError, 1),
        (httpx.Response(400, json={"error": "invalid_request"}), RejectedRequestError, 1),
        (httpx.Response(429, headers={"Retry-After": "60"}), ThrottledError, 1),
        (httpx.Response(503), ProviderDownError, 3),
    ],
)
async def test_refused_refreshes(answer: httpx.Response, kind: type[Exception], calls: int) -> None:
    recorded = Recorded(answer)

    async with session_over(recorded) as session:
        with pytest.raises(kind) as caught:
            await XERO.sign_in(session, Grant({"refresh_token": "canary-r-1"}), {})

    assert len(recorded.requests) == calls
    assert "canary" not in str(caught.value)


async def test_wrong_keys_of_a_custom_connection_are_the_client_s_to_mend() -> None:
    grant = Grant({"client_id": "own", "client_secret": "wrong"})

    async with session_over(Recorded(httpx.Response(401, json={"error": "invalid_client"}))) as session:
        with pytest.raises(AccessRefusedError):
            await XERO.sign_in(session, grant, {})


async def test_without_the_installation_s_app_the_operator_is_told() -> None:
    async with answering(lambda _: httpx.Response(500)) as session:
        with pytest.raises(RejectedRequestError, match="client id"):
            await XERO.sign_in(session, Grant({"refresh_token": "r-1"}), {})
        with pytest.raises(RejectedRequestError, match="no app"):
            oauth().authorize_url(session, state="s", code_challenge="c")


def token_with(claims: dict[str, Any]) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.signature"


async def test_organisations_are_told_apart_from_practices_and_by_this_consent() -> None:
    rows = [
        {
            "id": "1",
            "tenantId": "t-1",
            "tenantName": "One",
            "tenantType": "ORGANISATION",
            "authEventId": "now",
        },
        {
            "id": "2",
            "tenantId": "t-2",
            "tenantName": "Two",
            "tenantType": "ORGANISATION",
            "authEventId": "old",
        },
        {"id": "3", "tenantId": "t-3", "tenantName": "Firm", "tenantType": "PRACTICE", "authEventId": "now"},
    ]
    access = Access({"access_token": token_with({"authentication_event_id": "now"})})

    async with session_over(Recorded(httpx.Response(200, json=rows))) as session:
        found = await oauth().organisations(session, access)

    assert [(one.external_id, one.name, one.just_consented) for one in found] == [
        ("t-1", "One", True),
        ("t-2", "Two", False),
    ]
    assert found[0].settings == {"tenant_id": "t-1"}


async def test_disconnecting_takes_one_organisation_out() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path))
        rows = [{"id": "c-1", "tenantId": "t-1"}, {"id": "c-2", "tenantId": "t-2"}]
        return httpx.Response(200, json=rows) if request.method == "GET" else httpx.Response(204)

    async with session_over(answer) as session:
        await oauth().disconnect(session, Access({"access_token": "a"}), {"tenant_id": "t-2"})

    assert seen == [("GET", "/connections"), ("DELETE", "/connections/c-2")]


async def test_revoking_ends_the_consent() -> None:
    answer = Recorded(httpx.Response(200))

    async with session_over(answer) as session:
        await oauth().revoke(session, Grant({"refresh_token": "r-1"}))

    assert str(answer.requests[0].url) == "https://identity.xero.com/connect/revocation"
    assert answer.form == {"token": "r-1"}


async def test_consents_of_one_user_are_one_owner() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        code = parse_qs(request.content.decode())["code"][0]
        token = token_with({"xero_userid": code.split("-")[0], "authentication_event_id": code})
        return httpx.Response(200, json={**TOKENS, "access_token": token, "refresh_token": f"r-{code}"})

    async with session_over(answer) as session:
        grants = [
            (await oauth().exchange(session, code=code, code_verifier="v", returned={})).grant
            for code in ("u1-first", "u1-second", "u2-first")
        ]

    first, again, other = [XERO.owner_key(grant) for grant in grants]
    assert first == again != other
