"""What a request leaves in the traces."""

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_kit import telemetry
from service_kit.http_traces import HttpTraces

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", lambda: provider.get_tracer("test"))
    return exporter


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI(telemetry={"tracing": False})
    app.add_middleware(HttpTraces)

    @app.get("/v1/runs/{run_id}")
    async def run(run_id: str) -> str:
        return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id) + run_id

    @app.get("/live")
    async def live() -> str:
        return "live"

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def test_request_continues_the_callers_trace(
    client: httpx.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    answer = await client.get("/v1/runs/7", headers={"traceparent": CALLER})

    [span] = exporter.get_finished_spans()
    assert span.context is not None
    assert trace.format_trace_id(span.context.trace_id) == CALLER.split("-")[1]
    assert answer.json().startswith(CALLER.split("-")[1])
    assert span.name == "GET /v1/runs/{run_id}"
    assert dict(span.attributes or {})["http.response.status_code"] == 200


async def test_span_holds_neither_query_nor_header_nor_path_values(
    client: httpx.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    await client.get("/v1/runs/hunter2?code=hunter2", headers={"Authorization": "Bearer hunter2"})

    [span] = exporter.get_finished_spans()
    assert "hunter2" not in span.to_json()


async def test_health_is_not_traced(client: httpx.AsyncClient, exporter: InMemorySpanExporter) -> None:
    await client.get("/live")

    assert exporter.get_finished_spans() == ()
