"""QuickBooks' consent and tokens, over recorded answers and against the imitation."""

from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
)
from connectors.protocol import Access, Grant, OAuth
from connectors.quickbooks import QUICKBOOKS
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from support.connecting import Answers, SharedClock, SteppingClock, answering
from support.quickbooks_answers import REALM, Answering
from support.sandbox_server import RunningSandbox, running_sandbox

KEYS = {
    "client_id": "ABt5made4up3client9id1",
    "client_secret": "Qw72fake5secret8value",
    "redirect_uri": "https://ledger.example/callback",
}
TOKENS = {
    "token_type": "bearer",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
    "refresh_token": "RT1-new",
    "access_token": "eyJ-new",
}
GRANT = Grant({"refresh_token": "RT1-old", "realm_id": REALM})


def oauth() -> OAuth:
    assert QUICKBOOKS.oauth is not None
    return QUICKBOOKS.oauth


def session_over(answers: Answers, clock: SteppingClock | None = None, **keys: str) -> Session:
    return answering(answers, clock=clock, operators={QUICKBOOKS.provider: {**KEYS, **keys}})


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
    async with session_over(Recorded(httpx.Response(500))) as session:
        url = httpx.URL(oauth().authorize_url(session, state="s-1", code_challenge="c-1"))

    assert (url.host, url.path) == ("appcenter.intuit.com", "/connect/oauth2")
    assert dict(url.params) == {
        "client_id": KEYS["client_id"],
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": KEYS["redirect_uri"],
        "state": "s-1",
    }


async def test_a_code_and_the_realm_beside_it_become_a_grant() -> None:
    answer, clock = Recorded(httpx.Response(200, json=TOKENS)), SteppingClock()

    async with session_over(answer, clock) as session:
        signed_in = await oauth().exchange(
            session, code="code-1", code_verifier="v-1", returned={"realmId": REALM}
        )

    assert str(answer.requests[0].url) == "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
    assert answer.requests[0].headers["authorization"] == (
        "Basic QUJ0NW1hZGU0dXAzY2xpZW50OWlkMTpRdzcyZmFrZTVzZWNyZXQ4dmFsdWU="
    )
    assert answer.form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": KEYS["redirect_uri"],
    }
    assert signed_in.grant == Grant({"refresh_token": "RT1-new", "realm_id": REALM})
    assert signed_in.access.expires_at == clock.now() + timedelta(seconds=3600)


@pytest.mark.parametrize("realm", ["", "abc", "123", "9130350000000047/../1", "evil.example"])
async def test_a_realm_that_is_none_is_never_sent_anywhere(realm: str) -> None:
    answer = Recorded(httpx.Response(200, json=TOKENS))

    async with session_over(answer) as session:
        with pytest.raises(RejectedRequestError):
            await oauth().exchange(session, code="c", code_verifier="v", returned={"realmId": realm})

    assert answer.requests == []


async def test_a_code_is_never_sent_twice() -> None:
    answer = Recorded(httpx.Response(502))

    async with session_over(answer) as session:
        with pytest.raises(ProviderDownError):
            await oauth().exchange(session, code="c", code_verifier="v", returned={"realmId": REALM})

    assert len(answer.requests) == 1


@pytest.mark.parametrize("given_back", ["RT1-old", "RT1-new"])
async def test_the_refresh_token_of_the_latest_reply_is_kept(given_back: str) -> None:
    answer = Recorded(httpx.Response(200, json=TOKENS | {"refresh_token": given_back}))

    async with session_over(answer) as session:
        signed_in = await QUICKBOOKS.sign_in(session, GRANT, {})

    assert answer.form == {"grant_type": "refresh_token", "refresh_token": "RT1-old"}
    assert signed_in.grant == Grant({"refresh_token": given_back, "realm_id": REALM})
    assert signed_in.access.values == {"access_token": "eyJ-new"}
    assert signed_in.calls == 1


async def test_keys_that_came_with_the_tokens_are_the_client_s_to_mend() -> None:
    grant = Grant({**GRANT.values, "client_id": "own", "client_secret": "wrong"})

    async with session_over(Recorded(httpx.Response(401, json={"error": "invalid_client"}))) as session:
        with pytest.raises(AccessRefusedError):
            await QUICKBOOKS.sign_in(session, grant, {})


async def test_without_the_installation_s_app_the_operator_is_told() -> None:
    async with answering(lambda _: httpx.Response(500)) as session:
        with pytest.raises(RejectedRequestError, match="client id"):
            await QUICKBOOKS.sign_in(session, GRANT, {})
        with pytest.raises(RejectedRequestError, match="no app"):
            oauth().authorize_url(session, state="s", code_challenge="c")


async def test_the_consent_opens_the_one_company_that_was_chosen() -> None:
    access = Access({"access_token": "eyJ-new", "realm_id": REALM})

    async with session_over(Answering()) as session:
        found = await oauth().organisations(session, access)

    assert [(one.name, one.just_consented) for one in found] == [("Pine Works Ltd", True)]
    assert found[0].settings == {"realm_id": REALM, "environment": "production"}
    assert found[0].external_id == f"{REALM}@2023-05-02T15:00:00Z"


async def test_where_the_keys_are_of_the_other_environment_that_is_found() -> None:
    answers = Answering()

    def only_sandbox(request: httpx.Request) -> httpx.Response:
        if request.url.host.startswith("sandbox-"):
            return answers(request)
        return httpx.Response(403, json={"fault": {"error": [{"code": "3100"}]}})

    async with session_over(only_sandbox) as session:
        access = Access({"access_token": "eyJ-new", "realm_id": REALM})
        [found] = await oauth().organisations(session, access)

    assert found.settings["environment"] == "sandbox"


async def test_a_realm_that_is_not_the_token_s_opens_nothing() -> None:
    refused = httpx.Response(403, json={"fault": {"error": [{"code": "3100"}]}})

    async with session_over(lambda _: refused) as session:
        with pytest.raises(ForbiddenError):
            await oauth().organisations(session, Access({"access_token": "eyJ", "realm_id": REALM}))


async def test_revoking_ends_the_consent_and_disconnecting_one_of_many_does_not() -> None:
    answer = Recorded(httpx.Response(200))

    async with session_over(answer) as session:
        await oauth().disconnect(session, Access({"access_token": "eyJ"}), {"realm_id": REALM})
        await oauth().revoke(session, GRANT)

    [asked] = answer.requests
    assert str(asked.url) == "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
    assert asked.content == b'{"token": "RT1-old"}'


async def test_a_consent_against_the_imitation_from_the_link_to_the_revocation() -> None:
    with running_sandbox(clients=4, documents=4) as sandbox:
        known = sandbox.accounts("quickbooks")[3]  # a company of the other environment
        async with session_of(sandbox) as session:
            url = oauth().authorize_url(session, state="s-1", code_challenge="c")
            pressed = {"auto": "allow", "realm": known["credentials"]["realm_id"]}
            back = sandbox.http.get(url, params=httpx.URL(url).params.merge(pressed)).next_request
            assert back is not None
            came = dict(back.url.params)

            signed_in = await oauth().exchange(
                session, code=came["code"], code_verifier="v", returned={"realmId": came["realmId"]}
            )
            [found] = await oauth().organisations(session, signed_in.access)
            again = await QUICKBOOKS.sign_in(session, signed_in.grant, found.settings)
            await oauth().revoke(session, again.grant)
            with pytest.raises(ConnectorError) as caught:
                await QUICKBOOKS.sign_in(session, again.grant, found.settings)

    assert (came["state"], found.name) == ("s-1", known["name"])
    assert found.settings["environment"] == "sandbox"
    assert isinstance(caught.value, AccessRefusedError)
    assert "connect again" in caught.value.cause


def session_of(sandbox: RunningSandbox) -> Session:
    known = sandbox.accounts("quickbooks")[0]
    keys = {name: known["credentials"][name] for name in ("client_id", "client_secret")}
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {"quickbooks": known["endpoints"]},
            "operators": {"quickbooks": keys | {"redirect_uri": "http://127.0.0.1:9/back"}},
        }
    )
    return build_session(settings, clock=SharedClock(sandbox))
