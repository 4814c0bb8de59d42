"""e-conomic's consent: the grant itself comes back through the browser."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from connectors.e_conomic import E_CONOMIC
from connectors.errors import AccessRefusedError, RejectedRequestError
from connectors.protocol import Access, Grant, OAuth, Organisation
from connectors.session import Session
from support.connecting import Answers, answering
from sync_contracts.providers import Provider

KEYS = {
    "app_secret_token": "secret-Q8w",
    "app_public_token": "public-T5x",
    "redirect_uri": "https://ledger.example/v1/oauth/callback",
}
GRANT = "grant-Zk3_9-Lm"


def oauth() -> OAuth:
    assert E_CONOMIC.oauth is not None
    return E_CONOMIC.oauth


def session_over(answers: Answers, keys: dict[str, str] | None = None) -> Session:
    return answering(answers, operators={Provider.E_CONOMIC: KEYS if keys is None else keys})


def unasked(_: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing is asked")


async def test_the_consent_link_carries_the_state_in_the_address_to_come_back_to() -> None:
    async with session_over(unasked) as session:
        url = oauth().authorize_url(session, state="id.sign-_9", code_challenge="c-1")

    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "secure.e-conomic.com")
    assert parts.path == "/secure/api1/requestaccess.aspx"
    asked = parse_qs(parts.query)
    assert asked["appPublicToken"] == ["public-T5x"]
    back = urlsplit(asked["redirectUrl"][0])
    assert back.netloc + back.path == "ledger.example/v1/oauth/callback"
    assert parse_qs(back.query) == {"state": ["id.sign-_9"]}
    assert KEYS["app_secret_token"] not in url


@pytest.mark.parametrize("missing", list(KEYS))
async def test_without_an_app_there_is_no_link(missing: str) -> None:
    async with session_over(
        unasked, {name: value for name, value in KEYS.items() if name != missing}
    ) as session:
        with pytest.raises(RejectedRequestError, match="no app at e-conomic"):
            oauth().authorize_url(session, state="s", code_challenge="c")


async def test_what_comes_back_is_the_grant() -> None:
    async with session_over(unasked) as session:
        signed_in = await oauth().exchange(session, code=GRANT, code_verifier="v", returned={})

    assert signed_in.grant == Grant({"agreement_grant_token": GRANT})
    assert signed_in.access == Access({"agreement_grant_token": GRANT})
    assert signed_in.calls == 0


@pytest.mark.parametrize("code", ["two words", "new\nline", "x" * 201, "grænt"])
async def test_what_is_no_token_is_refused(code: str) -> None:
    async with session_over(unasked) as session:
        with pytest.raises(AccessRefusedError) as caught:
            await oauth().exchange(session, code=code, code_verifier="v", returned={})

    assert code not in f"{caught.value} {caught.value.cause}"
    assert caught.value.cause


async def test_a_grant_opens_one_agreement() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-agreementgranttoken"] == GRANT
        told = {"agreementNumber": 77, "company": {"name": "Fyn ApS"}, "settings": {"baseCurrency": "DKK"}}
        return httpx.Response(200, json=told)

    async with session_over(answer) as session:
        found = await oauth().organisations(session, Access({"agreement_grant_token": GRANT}))

    assert found == (Organisation("77", "Fyn ApS", {}, just_consented=True),)


async def test_a_token_that_opens_nothing_is_refused() -> None:
    async with session_over(lambda _: httpx.Response(401, json={})) as session:
        with pytest.raises(AccessRefusedError, match="401"):
            await oauth().organisations(session, Access({"agreement_grant_token": GRANT}))


async def test_a_consent_ends_in_the_agreement_alone() -> None:
    async with session_over(unasked) as session:
        await oauth().disconnect(session, Access({"agreement_grant_token": GRANT}), {})
        await oauth().revoke(session, Grant({"agreement_grant_token": GRANT}))
