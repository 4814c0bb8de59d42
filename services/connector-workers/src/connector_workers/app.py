"""The service, put together."""

import os
import socket

import httpx
from anyio import to_thread
from connectors.registry import connector_for
from connectors.session import build_session
from connectors.transport import PooledTransport
from fastapi import FastAPI
from service_kit.broker import Subscriptions, build_broker
from service_kit.clock import SystemClock
from service_kit.health import Health
from service_kit.provider_calls import ProviderCalls
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.service_token import ServiceToken
from service_kit.telemetry import Telemetry
from service_kit.trust import trusting
from service_kit.window import Window
from sync_contracts.jobs import JobCounted, JobFailed, JobStarted, JobWaiting

from connector_workers import handlers
from connector_workers.adapters.http_credentials import HttpCredentials
from connector_workers.begun import Begun
from connector_workers.count_months import CountMonths
from connector_workers.gauges import worker_gauges
from connector_workers.read_connection import ReadConnection
from connector_workers.settings import Settings
from connector_workers.stops import Stops

NAME = "connector-workers"
SENDS = (JobStarted, JobCounted, JobWaiting, JobFailed)


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health, stops, clock = Health(), Stops(), SystemClock()
    session = build_session(measures=ProviderCalls())
    # Whoever vouches for our own servers vouches for no accounting system.
    trust = trusting(settings.vault.ca_file, settings.credentials_ca_file)
    transport = PooledTransport(trust)
    http = httpx.AsyncClient(transport=transport)
    credentials = HttpCredentials(
        transport,
        str(settings.credentials_url),
        token=ServiceToken(settings.vault, http),
        health=health,
        timeout_s=settings.credentials_timeout_s,
    )
    broker = build_broker(settings.kafka, name=NAME, health=health)
    count_months = CountMonths(
        read=ReadConnection(credentials=credentials, reader_of=connector_for, session=session, clock=clock),
        reader_of=connector_for,
        publish=EventPublisher(broker, source=NAME, sends=SENDS),
        stops=stops,
        begun=Begun(),
        clock=clock,
        worker=f"{socket.gethostname()[:100]}/{os.getpid()}",
        provider_pause_s=settings.provider_pause_s,
        longest_s=settings.longest_reading_s,
    )

    def share_app_limits(owned: float) -> None:
        session.limiter.app_share = owned

    async def close() -> None:
        await session.aclose()
        await http.aclose()
        if telemetry is not None:
            await to_thread.run_sync(telemetry.shutdown)

    handlers.subscribe(
        Subscriptions(broker, settings.kafka, NAME),
        Window(slots=settings.slots, on_share=share_app_limits),
        count_months=count_months,
        stops=stops,
    )
    return build_service(
        NAME,
        broker=broker,
        kafka=settings.kafka,
        health=health,
        on_shutdown=[close],
        gauges=worker_gauges(stops, session.limiter),
    )
