import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import httpx
import pytest
from connectors.api import LONGEST_TOLD_S, Api, Call, CallKind, Host, retry_after_s
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnknownHostError,
    UnreadableAnswerError,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.connecting import Answers, SteppingClock, answering
from support.tracing import global_tracers
from sync_contracts.providers import Provider

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
Refusal = Callable[[httpx.Response, datetime], ConnectorError | None]


def refuse_by_status(response: httpx.Response, now: datetime) -> ConnectorError | None:
    if response.status_code == 401:
        return AccessRefusedError("401")
    if response.status_code == 429:
        return ThrottledError("429", retry_after_s=retry_after_s(response, now, 4.0), budget_key="a")
    return ProviderDownError("500") if response.status_code >= 500 else None


def api_over(answers: Answers, clock: SteppingClock, *, budget_s: float = 120.0) -> Api:
    host = Host(
        provider=Provider.XERO,
        address="https://books.example/api",
        account_key="a",
        budgets=(),
        sign=lambda call, _now: call.with_headers({"Authorization": "Bearer secret-token"}),
        refusal=refuse_by_status,
    )
    return Api(answering(answers, clock=clock), host, budget_s=budget_s)


def in_turn(*answers: httpx.Response | Exception) -> Answers:
    left: Iterator[httpx.Response | Exception] = iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return answer


async def test_numbers_keep_every_digit() -> None:
    api = api_over(
        in_turn(httpx.Response(200, text='{"a": 0.1, "b": 12345678901234567.89}')), SteppingClock()
    )

    answer = await api.json(Call(path="/x"))

    assert answer == {"a": Decimal("0.1"), "b": Decimal("12345678901234567.89")}


async def test_without_an_address_nothing_is_asked_and_the_operator_is_named() -> None:
    host = Host(
        provider=Provider.XERO,
        address="",
        account_key="a",
        budgets=(),
        sign=lambda call, _now: call,
        refusal=refuse_by_status,
    )
    api = Api(answering(in_turn()), host, budget_s=120.0)

    with pytest.raises(RejectedRequestError, match="no address for xero") as caught:
        await api.send(Call(path="/x"))

    assert "operator" in caught.value.cause
    assert api.calls.total() == 0


async def test_a_parameter_may_be_asked_for_twice() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query)
        return httpx.Response(200)

    await api_over(answer, SteppingClock()).send(Call(path="/x", params={"date": (">1", "<3"), "a": "b,c"}))

    assert asked == [b"date=%3E1&date=%3C3&a=b%2Cc"]


@pytest.mark.parametrize("body", ["<html></html>", "", '{"a": NaN}', '{"a": 1'])
async def test_what_is_no_json_is_unreadable(body: str) -> None:
    api = api_over(in_turn(httpx.Response(200, text=body)), SteppingClock())

    with pytest.raises(UnreadableAnswerError):
        await api.json(Call(path="/x"))


async def test_a_passing_fault_is_retried_after_growing_waits() -> None:
    clock = SteppingClock()
    api = api_over(in_turn(httpx.Response(503), httpx.ConnectError("no"), httpx.Response(200)), clock)

    await api.send(Call(path="/x"))

    first, second = clock.slept_s
    assert 1.5 <= first <= 2.5
    assert 6.0 <= second <= 10.0
    assert api.calls[CallKind.READ] == 3


async def test_a_lasting_fault_is_given_up_and_the_next_call_does_not_wait_again() -> None:
    clock = SteppingClock()
    api = api_over(lambda _: httpx.Response(502), clock)

    for _ in range(2):
        with pytest.raises(ProviderDownError):
            await api.send(Call(path="/x"))

    assert len(clock.slept_s) == 2
    assert api.calls[CallKind.READ] == 4


async def test_refused_access_is_not_retried() -> None:
    clock = SteppingClock()
    api = api_over(lambda _: httpx.Response(401), clock)

    with pytest.raises(AccessRefusedError):
        await api.send(Call(path="/x"))

    assert clock.slept_s == []
    assert api.calls[CallKind.READ] == 1


@pytest.mark.parametrize("lost", [httpx.Response(502), httpx.ReadError("away")])
async def test_a_refusal_tells_that_an_earlier_try_had_no_answer(lost: httpx.Response | Exception) -> None:
    api = api_over(in_turn(lost, httpx.Response(401), httpx.Response(401)), SteppingClock())

    with pytest.raises(AccessRefusedError) as after_silence:
        await api.send(Call(method="POST", path="/token"), CallKind.SIGN_IN)
    with pytest.raises(AccessRefusedError) as at_once:
        await api.send(Call(method="POST", path="/token"), CallKind.SIGN_IN)

    assert (after_silence.value.after_silence, at_once.value.after_silence) == (True, False)


async def test_a_short_throttle_is_waited_for() -> None:
    clock = SteppingClock()
    api = api_over(in_turn(httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200)), clock)

    await api.send(Call(path="/x"))

    assert clock.slept_s == [7.0]


async def test_a_long_throttle_is_handed_on_at_once() -> None:
    clock = SteppingClock()
    api = api_over(in_turn(httpx.Response(429, headers={"Retry-After": "34"})), clock)

    with pytest.raises(ThrottledError) as caught:
        await api.send(Call(path="/x"))

    assert caught.value.retry_after_s == 34.0
    assert clock.slept_s == []


async def test_nothing_is_waited_for_beyond_the_readings_time() -> None:
    clock = SteppingClock()
    api = api_over(lambda _: httpx.Response(503), clock, budget_s=1.0)

    with pytest.raises(ProviderDownError):
        await api.send(Call(path="/x"))

    assert clock.slept_s == []


async def test_no_call_begins_after_the_readings_time() -> None:
    clock = SteppingClock()
    api = api_over(lambda _: httpx.Response(200), clock, budget_s=10.0)
    clock.passed_s = 10.0

    with pytest.raises(ProviderDownError):
        await api.send(Call(path="/x"))

    assert api.calls.total() == 0


async def test_a_call_that_hangs_ends_with_the_readings_time() -> None:
    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    api = api_over(lambda _: httpx.Response(200), SteppingClock(), budget_s=0.05)
    api.session.transport = Hanging()

    with pytest.raises(ProviderDownError):
        await api.send(Call(path="/x"))


async def test_kinds_of_calls_are_counted_apart() -> None:
    api = api_over(lambda _: httpx.Response(200), SteppingClock())

    await api.send(Call(path="/me"), CallKind.IDENTITY)
    await api.send(Call(path="/x"))
    await api.send(Call(path="/x"))

    assert api.calls == {CallKind.IDENTITY: 1, CallKind.READ: 2}


async def test_no_cookie_reaches_another_call() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "session=of-client-1; Path=/"})

    api = api_over(answer, SteppingClock())
    await api.send(Call(path="/x"))
    await api.send(Call(path="/x"))

    assert seen == [None, None]


async def test_no_redirect_is_followed() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.example/"})

    response = await api_over(answer, SteppingClock()).send(Call(path="/x"))

    assert response.status_code == 302
    assert seen == ["books.example"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("12", 12.0),
        ("Sat, 02 May 2026 08:01:30 GMT", 90.0),
        ("Sat, 02 May 2026 07:00:00 GMT", 0.0),
        ("soon", 5.0),
        ("", 5.0),
        ("\u00b2", 5.0),
        ("9" * 5_000, 5.0),
        ("1764403200", LONGEST_TOLD_S),
        ("Fri, 31 Dec 99999999999999999999 00:00:00 GMT", 5.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(told: str, expected: float) -> None:
    response = httpx.Response(429, headers=[(b"Retry-After", told.encode())])

    assert retry_after_s(response, NOW, 5.0) == expected


async def test_a_span_tells_host_path_and_status_only() -> None:
    exporter = InMemorySpanExporter()
    global_tracers().add_span_processor(SimpleSpanProcessor(exporter))
    refused = httpx.ConnectError("cannot reach https://books.example/api/x?signature=secret-query")
    api = api_over(in_turn(refused, httpx.Response(200)), SteppingClock())

    await api.send(Call(path="/x", path_tail="/secret-id", params={"signature": "secret-query"}))

    failed, passed = exporter.get_finished_spans()
    assert passed.name == "GET /x"
    assert dict(passed.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "books.example",
        "url.template": "/x",
        "provider": "xero",
        "http.response.status_code": 200,
    }
    assert failed.status.description == "ConnectError"
    assert "secret" not in failed.to_json() + passed.to_json()


async def test_an_error_quotes_no_address() -> None:
    api = api_over(lambda _: httpx.Response(200), SteppingClock())
    failing = in_turn(*[httpx.ReadError("GET https://b/x?secret=1")] * 3)
    api.session.transport = httpx.MockTransport(failing)

    with pytest.raises(ProviderDownError) as caught:
        await api.send(Call(path="/x", params={"secret": "1"}))

    assert caught.value.detail == "GET /x: ReadError"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("number", "kind"), [(socket.EAI_NONAME, UnknownHostError), (socket.EAI_AGAIN, ProviderDownError)]
)
async def test_a_name_that_nobody_knows_is_told_from_a_name_server_that_is_silent(
    number: int, kind: type[ProviderDownError]
) -> None:
    key = aiohttp.client_reqrep.ConnectionKey("books.example", 443, True, True, None, None, None)
    failed = httpx.ConnectTimeout("no address")
    failed.__cause__ = aiohttp.ClientConnectorDNSError(key, socket.gaierror(number, "no address"))

    with pytest.raises(ProviderDownError) as caught:
        await api_over(in_turn(*[failed] * 3), SteppingClock()).send(Call(path="/x"))

    assert type(caught.value) is kind


async def test_a_call_may_have_more_patience_than_others() -> None:
    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return httpx.Response(200)

    api = api_over(lambda _: httpx.Response(200), SteppingClock())
    api.session.transport = httpx.MockTransport(slow)
    api.session.call_timeout_s = 0.01

    with pytest.raises(ProviderDownError):
        await api.send(Call(path="/x"))
    answer = await api.send(Call(path="/x", patience=3_000))

    assert answer.status_code == 200


async def test_each_try_is_measured_and_a_throttle_is_told() -> None:
    told: list[tuple[object, ...]] = []

    class Told:
        def answered(self, provider: Provider, status: int | None, seconds: float) -> None:
            told.append((provider, status, seconds >= 0))

        def throttled(self, provider: Provider) -> None:
            told.append((provider, "throttled"))

    answers = in_turn(
        httpx.Response(429, headers={"Retry-After": "1"}), httpx.ReadError("away"), httpx.Response(200)
    )
    api = api_over(answers, SteppingClock())
    api.session.measures = Told()

    await api.send(Call(path="/x"))

    assert told == [
        (Provider.XERO, 429, True),
        (Provider.XERO, "throttled"),
        (Provider.XERO, None, True),
        (Provider.XERO, 200, True),
    ]
