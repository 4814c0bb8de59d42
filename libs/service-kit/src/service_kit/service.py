"""A service as a process: HTTP for health and queries, Kafka beside it, a clean start and stop."""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from faststream.kafka import KafkaBroker

from service_kit import crash_points
from service_kit.bounded_bodies import BoundedBodies
from service_kit.broker import ServiceBroker, start_broker
from service_kit.consumer_gauges import consumer_gauges
from service_kit.event_loop import watch_event_loop
from service_kit.gauges import Gauges, Read
from service_kit.health import Health
from service_kit.http_traces import HttpTraces
from service_kit.kafka_access import reach
from service_kit.metrics import GaugeName, Reading, exporting
from service_kit.problems import install_problems
from service_kit.settings import HttpSettings, KafkaSettings

logger = logging.getLogger(__name__)

Step = Callable[[], Awaitable[object]]
_PING_TIMEOUT_S = 2.0
# Its own traces hold whole addresses; `HttpTraces` makes ours.
_ONLY_METRICS: TelemetryConfig = {"tracing": False, "logs": False, "operation_spans": False}
_STOP_S = 25.0
# Between two looks for unused cycles; Python's 700 are used up by a few calls.
_NEW_OBJECTS = 10_000
# Longer than clients keep an idle connection (httpx 5 s): else both let go of it at once and a call is lost.
KEPT_ALIVE_S = 60


def build_service(
    name: str,
    *,
    broker: ServiceBroker,
    kafka: KafkaSettings,
    health: Health,
    routers: Sequence[APIRouter] = (),
    on_startup: Sequence[Step] = (),
    background: Sequence[Step] = (),
    on_shutdown: Sequence[Step] = (),
    gauges: Mapping[GaugeName, Read] | None = None,
) -> FastAPI:
    """Start-up steps run before the first message is taken, background loops until the stop.

    A background loop that fails ends the process: an orchestrator's calendar must not stand still unseen.
    `gauges` are read only where metrics are exported.
    """
    watching = _watching(broker, health, gauges or {}) if exporting() else []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for step in on_shutdown:
                stack.push_async_callback(step)
            await _wait_for_kafka(kafka)
            await broker.connect()
            for step in on_startup:
                await step()
            stack.push_async_callback(_stopped, broker)
            await start_broker(broker)
            tasks = [asyncio.create_task(_supervised(loop, health)) for loop in [*background, *watching]]
            stack.push_async_callback(_cancelled, tasks)
            logger.info("service started")
            yield
            logger.info("service stops")

    app = FastAPI(title=f"ledgerbus {name}", version="1", lifespan=lifespan, telemetry=_ONLY_METRICS)
    app.state.broker = broker
    app.add_middleware(BoundedBodies)
    app.add_middleware(HttpTraces)
    install_problems(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_health_routes(broker, health))
    return app


def serve(app: FastAPI, http: HttpSettings) -> None:
    """Run until SIGTERM; exits with 3 when the start fails."""
    if name := os.environ.get("LEDGERBUS_CRASH_AT"):
        crash_points.arm(name)
    if file := os.environ.get("LEDGERBUS_CRASH_FILE"):
        crash_points.obey(Path(file))
    _spare_the_collector()
    uvicorn.run(
        app,
        host=http.host,
        port=http.port,
        http="h11",  # bounds headers too, which the other parser does not
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=25,
        timeout_keep_alive=KEPT_ALIVE_S,
        server_header=False,
    )


def _spare_the_collector() -> None:
    """What has been loaded stays: looking through all of it again and again took an eighth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


async def _wait_for_kafka(kafka: KafkaSettings) -> None:
    # FastStream's own clients are not tried again: a broker that failed to connect keeps half of them.
    deadline = time.monotonic() + kafka.start_timeout_s
    while True:
        try:
            await reach(kafka)
        except Exception as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("waiting for Kafka", extra={"error": type(error).__name__})
            await asyncio.sleep(0.5)
        else:
            return


async def _stopped(broker: KafkaBroker) -> None:
    # What an idempotent producer still has to send it would wait for until Kafka is there again.
    try:
        async with asyncio.timeout(_STOP_S):
            await broker.stop()
    except TimeoutError:
        logger.warning("stopped with messages unsent: Kafka is away")


async def _supervised(loop: Step, health: Health) -> None:
    try:
        await loop()
    except Exception as error:
        logger.exception("a background loop ended")
        health.die(f"a background loop ended: {type(error).__name__}")
        os.kill(os.getpid(), signal.SIGTERM)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _watching(broker: ServiceBroker, health: Health, gauges: Mapping[GaugeName, Read]) -> list[Step]:
    """What is looked at for metrics alone."""

    async def ready() -> list[Reading]:
        return [(int(not await _troubles(broker, health)), {})]

    own: dict[GaugeName, Read] = {"ledgerbus.service.ready": ready}
    return [Gauges({**own, **consumer_gauges(broker), **gauges}).run, watch_event_loop]


def _health_routes(broker: KafkaBroker, health: Health) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/live", summary="Does this process still work?")
    async def live(response: Response) -> dict[str, str]:
        if health.fatal is not None:
            response.status_code = 503
            return {"status": "dead", "reason": health.fatal}
        return {"status": "live"}

    @router.get("/ready", summary="Can it do its work right now?")
    async def ready(response: Response) -> dict[str, str]:
        if troubles := await _troubles(broker, health):
            response.status_code = 503
            return {"status": "not ready", **troubles}
        return {"status": "ready"}

    return router


async def _troubles(broker: KafkaBroker, health: Health) -> dict[str, str]:
    """By what is in trouble, the reason."""
    fatal = {} if health.fatal is None else {"process": health.fatal}
    return {**health.troubles, **await _kafka_troubles(broker), **fatal}


async def _kafka_troubles(broker: KafkaBroker) -> dict[str, str]:
    if not await broker.ping(timeout=_PING_TIMEOUT_S):
        return {"kafka": "the broker does not answer"}
    idle = [
        topic
        for subscriber in broker.subscribers
        if (consumer := getattr(subscriber, "consumer", None)) is None or not consumer.assignment()
        for topic in getattr(subscriber, "topic_names_for_subscribe", [])
    ]
    return {"kafka": f"no partition yet of {', '.join(idle)}"} if idle else {}
