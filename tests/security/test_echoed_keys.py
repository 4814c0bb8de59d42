"""A provider that repeats our request in its answer gives away nothing: not in errors, logs or traces."""

import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.sandbox_server import RunningSandbox, running_sandbox
from support.tracing import global_tracers
from support.vendors import Books, books_of
from sync_contracts.providers import Provider

STATUSES = (200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503)
# Where vendors put the text that people are to read.
NAMES = (
    "error",
    "error_description",
    "message",
    "Message",
    "detail",
    "Detail",
    "title",
    "errors",
    "developerMessage",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=1, documents=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def all_spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    global_tracers().add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(all_spans: InMemorySpanExporter) -> InMemorySpanExporter:
    """Of this test only."""
    all_spans.clear()
    return all_spans


@pytest.fixture(scope="module", params=Provider)
def books(request: pytest.FixtureRequest, sandbox: RunningSandbox) -> Books:
    return books_of(sandbox, request.param)


def echo(request: httpx.Request, status: int) -> httpx.Response:
    headers = " ".join(f"{name}: {value}" for name, value in request.headers.items())
    text = (
        f"cannot {request.method} {request.url} with {headers} and {request.content.decode(errors='replace')}"
    )
    return httpx.Response(status, json=dict.fromkeys(NAMES, text), headers={"Location": f"/?{text[:500]!r}"})


def secrets_of(books: Books) -> set[str]:
    form = books.connector.form
    entered = {books.fields[one.name] for one in form.fields if one.secret and one.name in books.fields}
    ours = {value for name, value in books.operators.items() if "secret" in name or "token" in name}
    return {one for one in {*entered, *ours, *books.account.access.values.values()} if len(one) >= 12}


@pytest.mark.parametrize("status", STATUSES)
def test_an_echoed_request_gives_nothing_away(
    books: Books, status: int, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter
) -> None:
    caplog.set_level(logging.DEBUG)

    wrong = books.read(lambda request: echo(request, status), books.account, books.fields)

    told = [f"{one!r} {one} {vars(one)}" if isinstance(one, Exception) else one for one in wrong]
    traced = [span.to_json() for span in spans.get_finished_spans()]
    given_away = "\n".join([*told, *traced, caplog.text])
    assert wrong
    assert traced
    assert [secret[:4] for secret in secrets_of(books) if secret in given_away] == []


def test_the_echo_does_repeat_secrets(books: Books) -> None:
    echoed: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        echoed.append(json.dumps(echo(request, 400).json(), ensure_ascii=False))
        return echo(request, 400)

    books.read(answer, books.account, books.fields)

    assert any(secret in "".join(echoed) for secret in secrets_of(books))
