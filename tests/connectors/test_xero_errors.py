"""Xero's tables of errors, row by row."""

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
from connectors.xero import XERO
from support.connecting import Answers, SteppingClock, account_with, answering

TENANT = "5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11"


def told(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


def limited(problem: str, **headers: str) -> httpx.Response:
    return httpx.Response(429, headers={"X-Rate-Limit-Problem": problem, **headers})


async def refused(answers: Answers) -> tuple[ConnectorError, int]:
    """The error of an identification, and how many calls it took."""
    calls = 0

    def one(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answers(request)

    account = account_with(XERO, {"access_token": "eyJ"}, {"tenant_id": TENANT})
    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await XERO.test(session, account)
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (told(401, Detail="TokenExpired: token expired at 04/01/2026"), AccessRefusedError, 1),
        (told(401, Detail="AuthenticationUnsuccessful"), AccessRefusedError, 1),
        (told(401, Detail="AuthorizationUnsuccessful"), ForbiddenError, 1),
        (told(401, detail="AuthorizationUnsuccessful"), ForbiddenError, 1),
        (httpx.Response(401), AccessRefusedError, 1),
        (told(400, ErrorNumber=10, Type="ValidationException"), RejectedRequestError, 1),
        (told(400, ErrorNumber=16, Type="QueryParseException"), RejectedRequestError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(412), RejectedRequestError, 1),
        (httpx.Response(501), RejectedRequestError, 1),
        (httpx.Response(500), ProviderDownError, 4),
        (httpx.Response(502), ProviderDownError, 4),
        (httpx.Response(503, text="The organisation is offline"), ProviderDownError, 4),
        (httpx.Response(504), ProviderDownError, 4),
        (limited("minute", **{"Retry-After": "34"}), ThrottledError, 1),
        (limited("concurrent"), ThrottledError, 3),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, text="<Response/>"), UnreadableAnswerError, 1),
        (told(200, Organisations=[]), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(lambda _: answer)

    assert type(error) is kind
    assert made == calls


@pytest.mark.parametrize(
    ("problem", "retry_after", "wait_s", "daily", "key"),
    [
        ("minute", "34", 34.0, False, "xero/test"),
        ("Minute limit", "34", 34.0, False, "xero/test"),
        ("Day", "40000", 40000.0, True, "xero/test"),
        ("day limit", "40000", 40000.0, True, "xero/test"),
        ("appminute", "21", 21.0, False, "xero/app"),
        ("App minute limit", "21", 21.0, False, "xero/app"),
        ("", "34", 34.0, False, "xero/test"),
    ],
)
async def test_each_limit_is_known_by_the_beginning_of_its_name(
    problem: str, retry_after: str, wait_s: float, daily: bool, key: str
) -> None:
    error, _ = await refused(lambda _: limited(problem, **{"Retry-After": retry_after}))

    assert isinstance(error, ThrottledError)
    assert (error.retry_after_s, error.daily, error.budget_key) == (wait_s, daily, key)


async def test_too_many_at_once_is_a_wait_of_a_second_or_two() -> None:
    error, _ = await refused(lambda _: limited("concurrent"))

    assert isinstance(error, ThrottledError)
    assert 1.0 <= error.retry_after_s <= 2.0


def connections(*tenants: str) -> Answers:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/connections":
            return httpx.Response(200, json=[{"tenantId": tenant} for tenant in tenants])
        return httpx.Response(403, json={"detail": "AuthenticationUnsuccessful"})

    return answer


async def test_an_organisation_that_is_no_longer_connected_must_be_authorised_again() -> None:
    error, calls = await refused(connections("another"))

    assert isinstance(error, AccessRefusedError)
    assert "no longer connected" in error.cause
    assert calls == 2


async def test_an_organisation_that_is_connected_but_forbidden_is_a_missing_right() -> None:
    error, calls = await refused(connections(TENANT))

    assert isinstance(error, ForbiddenError)
    assert calls == 2
