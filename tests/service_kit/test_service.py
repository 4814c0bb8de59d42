"""A service starts whole, says how it is, and publishes inside the right trace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker, by_topic
from service_kit.health import Health
from service_kit.problems import ProblemError
from service_kit.publishing import EventPublisher
from service_kit.service import KEPT_ALIVE_S, build_service
from service_kit.telemetry import context_of, current_traceparent
from service_kit.window import Window
from support.kafka import embedded_kafka, eventually, read_all
from support.tracing import global_tracers
from sync_contracts.examples import EXAMPLES
from sync_contracts.jobs import JobWaiting
from sync_contracts.runs import RunProgress

pytestmark = pytest.mark.integration


@asynccontextmanager
async def running(bootstrap: str, health: Health, steps: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    settings = embedded_kafka(bootstrap)
    await create_topics(bootstrap, [JobWaiting.topic], 1)
    broker = build_broker(settings, name="test", health=health)
    router = APIRouter()

    async def on_waiting(message: JobWaiting) -> None:
        steps.append(f"handled {message.attempt}")

    on = Subscriptions(broker, settings, f"test-{uuid4().hex}")
    on.windowed(Window(slots=1), by_topic(JobWaiting))(on_waiting)

    @router.get("/refused")
    async def refused() -> None:
        raise ProblemError(409, "RUN_STILL_OPEN", "Wait for its end.")

    @router.get("/numbers/{number}")
    async def number(number: int) -> int:
        return number

    @router.get("/broken")
    async def broken() -> None:
        raise KeyError("hunter2")

    async def step(name: str) -> None:
        steps.append(name)

    app = build_service(
        "test",
        broker=broker,
        kafka=settings,
        health=health,
        routers=[router],
        on_startup=[lambda: step("startup")],
        background=[lambda: asyncio.Event().wait()],
        on_shutdown=[lambda: step("shutdown")],
    )
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client


async def test_starts_turns_ready_and_stops(kafka_bootstrap: str) -> None:
    steps: list[str] = []
    health = Health()

    async with running(kafka_bootstrap, health, steps) as client:

        async def ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        await eventually(ready)
        assert steps[0] == "startup"
        assert (await client.get("/live")).json() == {"status": "live"}
        health.down("dependency", "mongo is away")
        assert (await client.get("/ready")).json()["dependency"] == "mongo is away"

    assert steps[-1] == "shutdown"


async def test_refusals_are_problem_documents_without_the_input(kafka_bootstrap: str) -> None:
    async with running(kafka_bootstrap, Health(), []) as client:
        refused = await client.get("/refused")
        invalid = await client.get("/numbers/hunter2")
        broken = await client.get("/broken")
        missing = await client.get("/nowhere")

    assert (refused.status_code, refused.json()["code"]) == (409, "RUN_STILL_OPEN")
    assert (invalid.status_code, invalid.json()["fields"]) == (422, ["path.number"])
    assert (broken.status_code, broken.json()["code"]) == (500, "INTERNAL")
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert "hunter2" not in invalid.text + broken.text
    assert refused.headers["content-type"] == "application/problem+json"


async def test_traces_hold_no_address_of_a_request(kafka_bootstrap: str) -> None:
    exporter = InMemorySpanExporter()
    global_tracers().add_span_processor(SimpleSpanProcessor(exporter))

    async with running(kafka_bootstrap, Health(), []) as client:
        await client.get("/numbers/4711?code=hunter2", headers={"Authorization": "Bearer hunter2"})
        await client.get("/broken?code=hunter2")
        await client.get("/ready?code=hunter2")

    spans = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert [span.name for span in spans] == ["GET /numbers/{number}", "GET"]
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "hunter2" not in told
    assert "4711" not in told


async def test_published_message_carries_key_headers_and_trace(kafka_bootstrap: str) -> None:
    event = next(example for example in EXAMPLES if isinstance(example, RunProgress))
    broker = build_broker(embedded_kafka(kafka_bootstrap), name="test", health=Health())
    publish = EventPublisher(broker, source="test", sends=(RunProgress,))
    await create_topics(kafka_bootstrap, [RunProgress.topic], 1)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await broker.connect()
    try:
        await publish(event, traceparent=traceparent)
    finally:
        await broker.stop()

    record = (await read_all(kafka_bootstrap, RunProgress.topic, until=bool))[-1]

    headers = {name: (value or b"").decode() for name, value in record.headers}
    assert record.key == event.key.encode()
    assert RunProgress.model_validate_json(record.value) == event
    assert headers.items() >= event.headers("test").items()
    assert headers["traceparent"].split("-")[1] == traceparent.split("-")[1]


async def test_publishing_what_was_not_declared_is_a_bug() -> None:
    broker = build_broker(embedded_kafka("127.0.0.1:1"), name="test", health=Health())
    publish = EventPublisher(broker, source="test", sends=(RunProgress,))

    with pytest.raises(TypeError, match="does not send"):
        await publish(EXAMPLES[0])


def test_traceparent_names_the_current_span() -> None:
    tracer = TracerProvider().get_tracer("test")

    with tracer.start_as_current_span("outer") as span:
        traceparent = current_traceparent()

    remote = trace.get_current_span(context_of(traceparent)).get_span_context()
    assert remote.trace_id == span.get_span_context().trace_id
    assert current_traceparent() is None


def test_an_idle_connection_is_let_go_by_the_client_first() -> None:
    assert 2 * (httpx.Limits().keepalive_expiry or 0) < KEPT_ALIVE_S
