"""Tripletex's table of errors, row by row."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnreadableAnswerError,
)
from connectors.protocol import Grant
from connectors.session import Session
from connectors.tripletex import TRIPLETEX
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode

SETTINGS = {"environment": "production", "company_id": "0"}
TOKENS = Grant({"employee_token": "eyJzZWNyZXQ=", "consumer_token": "eyJjb25zdW1lcg=="})


def told(status: int, code: int | None) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "message": None})


async def identify(session: Session) -> None:
    await TRIPLETEX.identify(session, account_with(TRIPLETEX, {"session_token": "s-1"}, SETTINGS))


async def sign_in(session: Session) -> None:
    await TRIPLETEX.sign_in(session, TOKENS, SETTINGS)


async def refused(
    answer: httpx.Response, act: Callable[[Session], Awaitable[None]] = identify
) -> tuple[ConnectorError, int]:
    """The error of an act, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await act(session)
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (told(400, 4000), RejectedRequestError, 1),
        (told(400, 11000), RejectedRequestError, 1),
        (told(401, 3000), AccessRefusedError, 1),
        (told(403, 9000), ForbiddenError, 1),
        (told(404, 6000), RejectedRequestError, 1),
        (told(409, 8000), RejectedRequestError, 1),
        (told(422, 15000), RejectedRequestError, 1),
        (told(422, 23000), RejectedRequestError, 1),
        (httpx.Response(429, headers={"X-Rate-Limit-Reset": "7"}), ThrottledError, 3),
        (httpx.Response(429, headers={"X-Rate-Limit-Reset": "40"}), ThrottledError, 1),
        (told(500, 1000), ProviderDownError, 3),
        (told(500, 1002), ProviderDownError, 3),
        (httpx.Response(502, text="<html></html>"), ProviderDownError, 3),
        (httpx.Response(503), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, json={"value": None}), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(("told_reset", "wait_s"), [({"X-Rate-Limit-Reset": "40"}, 41.0), ({}, 10.0)])
async def test_a_limit_ends_a_second_after_its_reset(told_reset: dict[str, str], wait_s: float) -> None:
    error, _ = await refused(httpx.Response(429, headers=told_reset))

    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    "answer", [told(400, 4000), told(401, 3000), told(403, 9000), told(404, 6000), told(422, 15000)]
)
async def test_whatever_signing_in_refuses_is_about_the_tokens(answer: httpx.Response) -> None:
    error, calls = await refused(answer, sign_in)

    assert isinstance(error, AccessRefusedError)
    assert error.code is ProblemCode.NEEDS_AUTH
    assert "environment" in error.cause
    assert calls == 1
    assert "eyJ" not in str(error) + error.cause


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(httpx.Response(429), ThrottledError), (httpx.Response(503), ProviderDownError)],
)
async def test_a_limit_or_an_outage_at_sign_in_is_not_about_the_tokens(
    answer: httpx.Response, kind: type[ConnectorError]
) -> None:
    error, _ = await refused(answer, sign_in)

    assert type(error) is kind
