"""Trigon's two ways to sign in, over recorded answers and against the imitation."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    FormError,
    ProviderDownError,
    UnreadableAnswerError,
)
from connectors.protocol import Account, Credentials, Grant, SignedIn
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from connectors.trigon import TRIGON
from support.connecting import SharedClock, SteppingClock
from support.sandbox_server import RunningSandbox, running_sandbox

FIRM = {"firm_reg_code": "14712345"}
KEYS = {"id_token": "eyJhbGciOi.ann.sig", "api_key": "tk_ann_0815"}
PASSWORD = {"auth_mode": "password", "email": "ann@firm.example", "password": " correct  horse "}
REPLY = {
    "idToken": "eyJhbGciOi.one.sig",
    "apiKey": "tk_one",
    "expiresAt": "2026-05-02T09:30:00Z",
    "refreshToken": "rt_one",
}
SETTINGS = {"environment": "production", "firm_reg_code": "14712345"}


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Session:
    settings = ConnectorSettings.model_validate(
        {"endpoints": {"trigon": {"production": "https://trigon.example"}}}
    )
    return build_session(settings, clock=SteppingClock(), transport=httpx.MockTransport(answer))


async def signed_in(grant: Mapping[str, str], answer: httpx.Response) -> tuple[SignedIn, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def one(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answer

    async with answering(one) as session:
        return await TRIGON.sign_in(session, Grant(grant), SETTINGS), requests


def test_the_form_takes_keys_by_default_and_strips_them() -> None:
    credentials = TRIGON.split({**FIRM, "id_token": " eyJhbGciOi.\nann.sig", "api_key": "\u00a0tk_ann_0815"})

    assert credentials.grant.values == KEYS
    assert credentials.settings == SETTINGS
    assert not credentials.sign_in_first
    assert credentials.access is None


def test_a_password_is_to_be_exchanged_first_and_keeps_its_inner_blanks() -> None:
    credentials = TRIGON.split({**FIRM, **PASSWORD, "environment": "test", **KEYS})

    assert credentials.grant.values == {"email": "ann@firm.example", "password": "correct  horse"}
    assert credentials.settings == {**SETTINGS, "environment": "test"}
    assert credentials.sign_in_first


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (FIRM, ["id_token", "api_key"]),
        ({**FIRM, "id_token": "x"}, ["api_key"]),
        ({**FIRM, "auth_mode": "password", **KEYS}, ["email", "password"]),
        ({**KEYS, "firm_reg_code": "1471234"}, ["firm_reg_code"]),
        ({**KEYS, "firm_reg_code": "１４７１２３４５"}, ["firm_reg_code"]),  # noqa: RUF001 (digits of another width)
        (KEYS, ["firm_reg_code"]),
        ({**FIRM, **PASSWORD, "email": "ann"}, ["email"]),
        ({**FIRM, **KEYS, "environment": "https://evil.example"}, ["environment"]),
        ({**FIRM, **KEYS, "auth_mode": "cookie"}, ["auth_mode"]),
        ({**FIRM, **KEYS, "refresh_token": "rt", "expires_at": "soon"}, ["expires_at"]),
    ],
)
def test_fields_that_do_not_fit_are_named(fields: dict[str, str], wrong: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        TRIGON.split(fields)

    assert [problem.field for problem in caught.value.problems] == wrong


def test_tokens_that_came_of_a_password_are_used_in_its_place() -> None:
    kept = {"refresh_token": "rt_one", "expires_at": "2026-05-02T09:30:00+00:00"}

    credentials = TRIGON.split({**FIRM, **PASSWORD, **KEYS, **kept})

    assert credentials.grant.values == {**KEYS, **kept, "email": "ann@firm.example"}
    assert credentials.access is not None
    assert credentials.access.values == KEYS
    assert credentials.access.expires_at == datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
    assert not credentials.sign_in_first


def test_all_firms_of_a_user_share_a_limit_and_no_key_is_told() -> None:
    one = TRIGON.split({**FIRM, **KEYS})
    other = TRIGON.split({**KEYS, "firm_reg_code": "10000001"})
    test = TRIGON.split({**FIRM, **KEYS, "environment": "test"})

    def key(credentials: Credentials) -> str:
        return TRIGON.account_key(credentials.grant, credentials.settings)

    assert key(one) == key(other) != key(test)
    assert KEYS["api_key"] not in key(one)


async def test_a_limit_s_key_stays_when_the_api_key_is_renewed() -> None:
    entered = TRIGON.split({**FIRM, **PASSWORD})

    found, _ = await signed_in(entered.grant.values, httpx.Response(200, json=REPLY))

    assert TRIGON.account_key(entered.grant, SETTINGS) == TRIGON.account_key(found.grant, SETTINGS)
    assert TRIGON.owner_key(entered.grant) == TRIGON.owner_key(found.grant)


async def test_keys_sign_in_without_a_call() -> None:
    found, requests = await signed_in(KEYS, httpx.Response(500))

    assert found.access.values == KEYS
    assert found.access.expires_at is None
    assert (found.calls, requests) == (0, [])


async def test_a_password_is_sent_once_and_never_comes_back() -> None:
    grant = TRIGON.split({**FIRM, **PASSWORD}).grant

    found, [request] = await signed_in(grant.values, httpx.Response(200, json=REPLY))

    assert (request.method, str(request.url)) == ("POST", "https://trigon.example/v1/auth/login")
    assert json.loads(request.content) == {"email": "ann@firm.example", "password": "correct  horse"}
    assert found.grant.values == {
        "email": "ann@firm.example",
        "id_token": "eyJhbGciOi.one.sig",
        "api_key": "tk_one",
        "refresh_token": "rt_one",
        "expires_at": "2026-05-02T09:30:00+00:00",
    }
    assert found.access.values == {"id_token": "eyJhbGciOi.one.sig", "api_key": "tk_one"}
    assert found.access.expires_at == datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
    assert found.calls == 1


async def test_a_refresh_replaces_the_whole_pair_and_the_refresh_token() -> None:
    grant = {
        **KEYS,
        "email": "ann@firm.example",
        "refresh_token": "rt_zero",
        "expires_at": "2026-05-02T07:00Z",
    }

    found, [request] = await signed_in(grant, httpx.Response(200, json=REPLY))

    assert str(request.url) == "https://trigon.example/v1/auth/refresh"
    assert json.loads(request.content) == {"refreshToken": "rt_zero"}
    assert found.grant.values["refresh_token"] == "rt_one"
    assert found.grant.values["email"] == "ann@firm.example"
    assert found.access.values["api_key"] == "tk_one"


async def test_a_pair_whose_end_is_not_told_is_renewed_after_an_hour() -> None:
    reply = {name: value for name, value in REPLY.items() if name != "expiresAt"}

    found, _ = await signed_in({**KEYS, "refresh_token": "rt"}, httpx.Response(200, json=reply))

    assert found.access.expires_at == SteppingClock().now() + timedelta(hours=1)


async def test_a_pair_that_nothing_renews_is_used_to_its_end() -> None:
    reply = {name: value for name, value in REPLY.items() if name != "refreshToken"}
    entered = {"email": "ann@firm.example", "password": "horse"}
    kept = (await signed_in(entered, httpx.Response(200, json=reply)))[0].grant.values

    before, _ = await signed_in(kept, httpx.Response(500))
    with pytest.raises(AccessRefusedError, match="nothing renews it"):
        await signed_in({**kept, "expires_at": "2026-05-02T07:59:59+00:00"}, httpx.Response(500))

    assert before.access.values["api_key"] == "tk_one"


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(400, json={"error": {"code": "invalid_request"}}), AccessRefusedError, 1),
        (httpx.Response(401, json={"error": {"code": "unauthorized"}}), AccessRefusedError, 1),
        (httpx.Response(200, json={**REPLY, "apiKey": None}), UnreadableAnswerError, 1),
        (httpx.Response(200, json={**REPLY, "expiresAt": "soon"}), UnreadableAnswerError, 1),
        (httpx.Response(401, text="<html>"), ProviderDownError, 1),
        (httpx.Response(503), ProviderDownError, 3),
    ],
)
@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ({"email": "ann@firm.example", "password": "horse"}, "password is wrong"),
        ({**KEYS, "refresh_token": "rt_spent"}, "sign-in has ended"),
    ],
)
async def test_signing_in_that_fails_says_why(
    answer: httpx.Response, kind: type[ConnectorError], calls: int, grant: dict[str, str], said: str
) -> None:
    made = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal made
        made += 1
        return answer

    async with answering(one) as session:
        with pytest.raises(kind) as caught:
            await TRIGON.sign_in(session, Grant(grant), SETTINGS)

    assert made == calls
    assert (said in caught.value.cause) is (kind is AccessRefusedError)
    assert not [secret for secret in grant.values() if secret in f"{caught.value}{caught.value.cause}"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=6) as running:
        yield running


def session_of(sandbox: RunningSandbox, account: Mapping[str, Any]) -> Session:
    settings = ConnectorSettings.model_validate({"endpoints": {"trigon": account["endpoints"]}})
    return build_session(settings, clock=SharedClock(sandbox))


async def test_a_password_s_tokens_are_renewed_again_and_again(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[3]
    entered = TRIGON.split(account["credentials"])
    key = TRIGON.account_key(entered.grant, entered.settings)

    async with session_of(sandbox, account) as session:
        first = await TRIGON.sign_in(session, entered.grant, entered.settings)
        books = Account(access=first.access, settings=entered.settings, account_key=key)
        sandbox.world.clock.advance(3601)
        with pytest.raises(AccessRefusedError, match="token_expired") as expired:
            await TRIGON.test(session, books)
        second = await TRIGON.sign_in(session, first.grant, entered.settings)
        third = await TRIGON.sign_in(session, second.grant, entered.settings)
        with pytest.raises(AccessRefusedError):
            await TRIGON.sign_in(session, second.grant, entered.settings)
        renewed = Account(access=third.access, settings=entered.settings, account_key=key)
        found = await TRIGON.test(session, renewed)

    assert entered.sign_in_first
    assert "expired" in expired.value.cause
    assert found.books.name == account["name"]


async def test_a_wrong_password_is_told(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[3]
    entered = TRIGON.split({**account["credentials"], "password": "another"})

    async with session_of(sandbox, account) as session:
        with pytest.raises(AccessRefusedError) as caught:
            await TRIGON.sign_in(session, entered.grant, entered.settings)

    assert "password" in caught.value.cause
