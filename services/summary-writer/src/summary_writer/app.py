"""The service, put together."""

import httpx
from anyio import to_thread
from fastapi import FastAPI
from service_kit import client_records
from service_kit.batches import Batches
from service_kit.broker import Subscriptions, build_broker
from service_kit.clock import SystemClock
from service_kit.health import Health
from service_kit.mongo import build_mongo, database
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.telemetry import Telemetry
from service_kit.tokens import TokenVerifier, user_of
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated

from summary_writer import handlers, routes
from summary_writer.adapters.mongo_client_records import MongoClientRecords
from summary_writer.adapters.mongo_fences import MongoFences
from summary_writer.adapters.mongo_summaries import MongoSummaries
from summary_writer.measured_batches import measured
from summary_writer.raise_fence import RaiseFence
from summary_writer.settings import Settings
from summary_writer.write_summary import WriteSummary

NAME = "summary-writer"
SENDS = (SummaryUpdated, SummaryUnchanged, SummaryRefused)


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health = Health()
    mongo = build_mongo(settings.mongo)
    http = httpx.AsyncClient()
    stored = database(mongo, settings.mongo)
    fences = MongoFences(stored)
    summaries = MongoSummaries(stored, fences, SystemClock())
    broker = build_broker(settings.kafka, name=NAME, health=health)
    publish = EventPublisher(broker, source=NAME, sends=SENDS)
    handlers.subscribe(
        Subscriptions(broker, settings.kafka, NAME),
        write_summary=WriteSummary(Batches(measured(summaries.write)), publish),
        raise_fence=RaiseFence(fences),
    )

    async def close() -> None:
        mongo.close()
        await http.aclose()
        if telemetry is not None:
            await to_thread.run_sync(telemetry.shutdown)

    current_user = user_of(TokenVerifier.of_users(settings.users, http))
    return build_service(
        NAME,
        broker=broker,
        kafka=settings.kafka,
        health=health,
        routers=[
            routes.build_router(summaries, current_user),
            client_records.build_router(NAME, MongoClientRecords(stored), current_user),
        ],
        on_startup=[summaries.ensure_indexes],
        on_shutdown=[close],
    )
