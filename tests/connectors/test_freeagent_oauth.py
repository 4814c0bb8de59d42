"""FreeAgent's consent: over told answers, and from link to tokens against the imitation."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from connectors.errors import AccessRefusedError, ProviderDownError, RejectedRequestError, ThrottledError
from connectors.freeagent import FREEAGENT
from connectors.protocol import Access, Grant, OAuth, Organisation
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from support.connecting import Answers, SharedClock, SteppingClock, answering
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.providers import Provider

KEYS = {
    "client_id": "hV2madeUpApp",
    "client_secret": "k4-made-up-secret",
    "redirect_uri": "https://ledger.example/callback",
}
PRODUCTION = {"environment": "production"}
TOKENS = {
    "access_token": "1a-2",
    "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": "1r-2",
    "refresh_token_expires_in": 631151957,
}


def oauth() -> OAuth:
    assert FREEAGENT.oauth is not None
    return FREEAGENT.oauth


def session_over(answers: Answers, clock: SteppingClock | None = None, **keys: str) -> Session:
    return answering(answers, clock=clock, operators={Provider.FREEAGENT: {**KEYS, **keys}})


class Told:
    """Answers by path; the requests are kept."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "token_endpoint": TOKENS,
            "users/me": {"user": {"url": "https://api.freeagent.com/v2/users/9"}},
            "account_managers/me": {"account_manager": {"url": "https://api.freeagent.com/v2/a_m/4"}},
            "company": {"company": {"id": 700412, "name": "Heron Print Ltd", "subdomain": "heronprint"}},
            **answers,
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.url.path.removeprefix("/v2/")]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def form(self, at: int = 0) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.requests[at].content.decode()).items()}


async def test_the_consent_link() -> None:
    async with session_over(Told()) as session:
        url = httpx.URL(oauth().authorize_url(session, state="s-1", code_challenge="c-1"))

    assert (url.host, url.path) == ("api.freeagent.com", "/v2/approve_app")
    assert dict(url.params) == {
        "client_id": KEYS["client_id"],
        "response_type": "code",
        "redirect_uri": KEYS["redirect_uri"],
        "state": "s-1",
    }


async def test_an_installation_may_work_with_the_vendor_s_sandbox() -> None:
    async with session_over(Told(), environment="sandbox") as session:
        url = httpx.URL(oauth().authorize_url(session, state="s", code_challenge="c"))
    async with session_over(Told(), environment="elsewhere") as session:
        with pytest.raises(RejectedRequestError, match="production or sandbox"):
            oauth().authorize_url(session, state="s", code_challenge="c")

    assert url.host == "api.sandbox.freeagent.com"


async def test_a_code_is_exchanged_for_tokens_of_a_known_user() -> None:
    told, clock = Told(), SteppingClock()

    async with session_over(told, clock) as session:
        signed_in = await oauth().exchange(session, code="code-1", code_verifier="v", returned={})

    assert told.form() == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": KEYS["redirect_uri"],
    }
    assert told.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    sent = told.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"hV2madeUpApp:k4-made-up-secret"
    assert signed_in.access == Access({"access_token": "1a-2"}, clock.now() + timedelta(hours=1))
    assert signed_in.grant == Grant({"refresh_token": "1r-2", "user": "production/v2/users/9"})


async def test_a_practice_s_consent_is_its_manager_s() -> None:
    async with session_over(Told(), mode="practice") as session:
        signed_in = await oauth().exchange(session, code="code-1", code_verifier="v", returned={})

    assert signed_in.grant.values["user"] == "production/v2/a_m/4"


async def test_the_worked_example_of_a_sign_in() -> None:
    told = Told()

    async with session_over(told) as session:
        signed_in = await FREEAGENT.sign_in(
            session, Grant({"refresh_token": "1r-1", "user": "u"}), PRODUCTION
        )

    assert str(told.requests[0].url) == "https://api.freeagent.com/v2/token_endpoint"
    assert told.requests[0].headers["authorization"] == "Basic aFYybWFkZVVwQXBwOms0LW1hZGUtdXAtc2VjcmV0"
    assert told.form() == {"grant_type": "refresh_token", "refresh_token": "1r-1"}
    assert signed_in.grant == Grant({"refresh_token": "1r-2", "user": "u"})
    assert signed_in.calls == 1


async def test_a_refresh_without_a_new_token_keeps_the_old_one() -> None:
    reply = {name: value for name, value in TOKENS.items() if name != "refresh_token"}

    async with session_over(Told(token_endpoint=reply)) as session:
        signed_in = await FREEAGENT.sign_in(session, Grant({"refresh_token": "1r-1"}), PRODUCTION)

    assert signed_in.grant == Grant({"refresh_token": "1r-1"})


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), AccessRefusedError, 1),
        (httpx.Response(401, json={"error": "invalid_grant"}), AccessRefusedError, 1),
        (httpx.Response(401, text="nobody has documented this"), AccessRefusedError, 1),
        (httpx.Response(401, json={"error": "invalid_client"}), RejectedRequestError, 1),
        (httpx.Response(400, json={"error": "invalid_request"}), RejectedRequestError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(429, headers={"Retry-After": "60"}), ThrottledError, 1),
        (httpx.Response(503), ProviderDownError, 3),
    ],
)
async def test_refused_refreshes(answer: httpx.Response, kind: type[Exception], calls: int) -> None:
    told = Told(token_endpoint=answer)

    async with session_over(told) as session:
        with pytest.raises(kind) as caught:
            await FREEAGENT.sign_in(session, Grant({"refresh_token": "canary-1r"}), PRODUCTION)

    assert len(told.requests) == calls
    assert "canary" not in str(caught.value)


async def test_a_code_is_never_sent_twice() -> None:
    told = Told(token_endpoint=httpx.Response(502))

    async with session_over(told) as session:
        with pytest.raises(ProviderDownError):
            await oauth().exchange(session, code="code-1", code_verifier="v", returned={})

    assert len(told.requests) == 1


async def test_without_the_installation_s_app_the_operator_is_told() -> None:
    async with answering(Told()) as session:
        with pytest.raises(RejectedRequestError, match="client id"):
            await FREEAGENT.sign_in(session, Grant({"refresh_token": "1r"}), PRODUCTION)
        with pytest.raises(RejectedRequestError, match="no app"):
            oauth().authorize_url(session, state="s", code_challenge="c")


async def test_a_grant_without_a_token_asks_for_a_consent() -> None:
    async with session_over(Told()) as session:
        with pytest.raises(AccessRefusedError):
            await FREEAGENT.sign_in(session, Grant({}), PRODUCTION)


async def test_a_company_s_consent_opens_that_company() -> None:
    async with session_over(Told()) as session:
        found = await oauth().organisations(session, Access({"access_token": "1a"}))

    assert found == (Organisation("700412", "Heron Print Ltd", PRODUCTION, True),)


async def test_a_practice_s_consent_opens_its_active_clients_to_choose_from() -> None:
    rows = [
        {"url": f"https://api.freeagent.com/v2/clients/{name}", "subdomain": name, "name": name.title()}
        for name in ("heron", "moor")
    ]
    told = Told(clients={"clients": rows})

    async with session_over(told, mode="practice") as session:
        found = await oauth().organisations(session, Access({"access_token": "1a"}))

    assert told.requests[0].url.params["view"] == "active"
    assert [(one.external_id, one.name, one.just_consented) for one in found] == [
        ("heron", "Heron", False),
        ("moor", "Moor", False),
    ]
    assert found[1].settings == {"environment": "production", "subdomain": "moor"}


async def test_the_vendor_knows_no_way_to_end_a_consent() -> None:
    told = Told()

    async with session_over(told) as session:
        await oauth().revoke(session, Grant({"refresh_token": "1r"}))
        await oauth().disconnect(session, Access({"access_token": "1a"}), PRODUCTION)

    assert told.requests == []


def session_at(
    sandbox: RunningSandbox, account: Mapping[str, Any], credentials: Mapping[str, Any]
) -> Session:
    names = ("client_id", "client_secret", "environment", "mode")
    keys = {name: credentials[name] for name in names if name in credentials}
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {Provider.FREEAGENT: account["endpoints"]},
            "operators": {Provider.FREEAGENT: {**keys, "redirect_uri": "http://127.0.0.1:9/back"}},
        }
    )
    return build_session(settings, clock=SharedClock(sandbox))


async def consented(sandbox: RunningSandbox, session: Session, user: str) -> tuple[Organisation, ...]:
    """As in a browser: link, log in, allow, back with the code."""
    link = httpx.URL(oauth().authorize_url(session, state="s-1", code_challenge="c"))
    answer = sandbox.http.get(link.copy_merge_params({"auto": "allow", "user": user}))
    sent = {name: one[0] for name, one in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert sent["state"] == "s-1"
    signed_in = await oauth().exchange(session, code=sent["code"], code_verifier="v", returned={})
    again = await FREEAGENT.sign_in(session, signed_in.grant, PRODUCTION)
    assert FREEAGENT.owner_key(again.grant) == FREEAGENT.owner_key(signed_in.grant)
    return await oauth().organisations(session, again.access)


async def test_a_consent_from_link_to_company() -> None:
    with running_sandbox(clients=3, documents=4) as sandbox:
        account = sandbox.accounts("freeagent")[1]
        async with session_at(sandbox, account, account["credentials"]) as session:
            (company,) = await consented(sandbox, session, account["user"])

    assert (company.name, company.just_consented) == (account["name"], True)


async def test_a_practice_s_consent_from_link_to_clients() -> None:
    with running_sandbox(clients=3, documents=4) as sandbox:
        accounts = sandbox.accounts("freeagent")
        async with session_at(sandbox, accounts[0], accounts[0]["practice"]) as session:
            clients = await consented(sandbox, session, "")

    assert [client.name for client in clients] == [account["name"] for account in accounts]
