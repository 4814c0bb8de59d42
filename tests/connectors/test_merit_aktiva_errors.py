"""Merit Aktiva's table of errors, row by row."""

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
from connectors.merit_aktiva import MERIT_AKTIVA
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode

ACCESS = {"api_id": "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e5", "api_key": "Qm9ndXM="}
TRACE = "System.NullReferenceException: Object reference\r\n   at Merit.Api.Run()"


async def refused(answer: httpx.Response) -> tuple[ConnectorError, int]:
    """The error of a test, and how many calls it took."""
    calls = 0

    def one(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return answer

    async with answering(one, clock=SteppingClock()) as session:
        with pytest.raises(ConnectorError) as caught:
            await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"}))
    return caught.value, calls


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.Response(401), AccessRefusedError, 1),
        (httpx.Response(400), AccessRefusedError, 1),
        (httpx.Response(401, text="api-wrongsignature"), AccessRefusedError, 1),
        (httpx.Response(401, text='"api-wrongsignature"'), AccessRefusedError, 1),
        (httpx.Response(401, json={"Message": "api-wrongsignature"}), AccessRefusedError, 1),
        (httpx.Response(401, text="api-wronglicense"), ForbiddenError, 1),
        (httpx.Response(401, text="ettevõtte loojal peab olema PRO või PREMIUM"), ForbiddenError, 1),
        (httpx.Response(403), ForbiddenError, 1),
        (httpx.Response(404), RejectedRequestError, 1),
        (httpx.Response(302), RejectedRequestError, 1),
        (httpx.Response(400, text="Periood liiga pikk(max 3 kuud)"), RejectedRequestError, 1),
        (httpx.Response(429, headers={"Retry-After": "2"}), ThrottledError, 3),
        (httpx.Response(429, headers={"Retry-After": "45"}), ThrottledError, 1),
        (httpx.Response(500, text=TRACE), ProviderDownError, 2),
        (httpx.Response(200, text=TRACE), ProviderDownError, 2),
        (httpx.Response(200, json=TRACE), ProviderDownError, 2),
        (httpx.Response(502), ProviderDownError, 3),
        (httpx.Response(503), ProviderDownError, 3),
        (httpx.Response(504), ProviderDownError, 3),
        (httpx.Response(200, text="<html></html>"), UnreadableAnswerError, 1),
        (httpx.Response(200, text='{"Message": "?"}'), UnreadableAnswerError, 1),
        (httpx.Response(200, text="[]"), UnreadableAnswerError, 1),
        (httpx.Response(200, text='[{"Id": "t-1"'), UnreadableAnswerError, 1),
    ],
)
async def test_each_row(answer: httpx.Response, kind: type[ConnectorError], calls: int) -> None:
    error, made = await refused(answer)

    assert type(error) is kind
    assert made == calls


async def test_an_unknown_id_may_be_a_wrong_country_and_the_user_is_told_both() -> None:
    error, _ = await refused(httpx.Response(401))

    assert "API ID" in error.cause
    assert "country" in error.cause


async def test_a_wrong_signature_is_the_key_or_the_clock() -> None:
    error, _ = await refused(httpx.Response(401, text="api-wrongsignature"))

    assert "key" in error.cause
    assert "clock" in error.cause


async def test_a_wrong_signature_that_the_provider_s_time_does_not_heal_is_refused_after_two_tries() -> None:
    told = {"Date": "Sat, 02 May 2026 11:00:00 GMT"}

    error, calls = await refused(httpx.Response(401, text="api-wrongsignature", headers=told))

    assert isinstance(error, AccessRefusedError)
    assert "clock" in error.cause
    assert calls == 2


async def test_a_missing_licence_is_a_plan_and_not_a_right() -> None:
    error, _ = await refused(httpx.Response(401, text="api-wronglicense"))

    assert error.code is ProblemCode.PROVIDER_PLAN_TOO_LOW
    assert "PREMIUM" in error.cause


async def test_a_long_retry_after_is_capped() -> None:
    error, _ = await refused(httpx.Response(429, headers={"Retry-After": "9000"}))

    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 60.0


async def test_no_error_tells_the_key_or_the_signature() -> None:
    for answer in (httpx.Response(401, text=ACCESS["api_key"]), httpx.Response(404, text=ACCESS["api_key"])):
        error, _ = await refused(answer)

        assert ACCESS["api_key"] not in str(error) + error.cause + error.detail
        assert "signature=" not in str(error)


async def test_a_good_test_shows_the_identity_as_unknown() -> None:
    calls = 0

    def taxes(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return httpx.Response(200, text='[{"Id": "t-1", "TaxPct": 24.00}]')

    async with answering(taxes) as session:
        found = await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "FI"}))

    assert not found.known
    assert found.books.name is None
    assert found.books.currency == "EUR"
    assert found.calls == calls == 1
