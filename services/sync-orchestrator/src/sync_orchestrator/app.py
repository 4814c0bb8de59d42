"""The service, put together."""

from datetime import timedelta

from anyio import to_thread
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit import client_records
from service_kit.broker import Subscriptions, build_broker
from service_kit.clock import SystemClock
from service_kit.health import Health
from service_kit.mongo import Document, build_mongo, database
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.service_token import ServiceToken
from service_kit.telemetry import Telemetry
from service_kit.tokens import TokenVerifier, user_of
from service_kit.trust import build_http
from sync_contracts.jobs import JobRequested
from sync_contracts.runs import RunAccepted, RunCancelling, RunFinished, RunProgress, RunRejected

from sync_orchestrator import handlers, routes
from sync_orchestrator.adapters.http_credentials import HttpCredentials
from sync_orchestrator.adapters.mongo_breakers import MongoBreakers
from sync_orchestrator.adapters.mongo_calendar import MongoConnectionFacts, MongoLeases, MongoPauses
from sync_orchestrator.adapters.mongo_client_records import MongoClientRecords
from sync_orchestrator.adapters.mongo_jobs import MongoJobs
from sync_orchestrator.adapters.mongo_requests import MongoCancels, MongoRequests
from sync_orchestrator.adapters.mongo_runs import MongoRuns
from sync_orchestrator.gauges import orchestrator_gauges
from sync_orchestrator.loops import every, leading
from sync_orchestrator.settings import Settings
from sync_orchestrator.use_cases import Stores, build_use_cases

NAME = "sync-orchestrator"
SENDS = (RunAccepted, RunRejected, RunProgress, RunCancelling, RunFinished, JobRequested)


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health = Health()
    mongo = build_mongo(settings.mongo)
    stored = database(mongo, settings.mongo)
    http = build_http(
        settings.vault.ca_file, settings.credentials_ca_file, timeout_s=settings.credentials_timeout_s
    )
    token = ServiceToken(settings.vault, http)
    broker = build_broker(settings.kafka, name=NAME, health=health)
    cases = build_use_cases(
        mongo_stores(stored),
        lookup=HttpCredentials(url=str(settings.credentials_url), http=http, token=token),
        publish=EventPublisher(broker, source=NAME, sends=SENDS),
        clock=SystemClock(),
        rules=settings.rules,
        public_url=str(settings.public_url),
    )
    on = Subscriptions(broker, settings.kafka, NAME)
    handlers.subscribe(on, cases)

    async def close() -> None:
        mongo.close()
        await http.aclose()
        if telemetry is not None:
            await to_thread.run_sync(telemetry.shutdown)

    async def ensure_indexes() -> None:
        await prepare(stored)

    async def tell_again() -> None:
        if settings.tell_again_s:
            since = SystemClock().now() - timedelta(seconds=settings.tell_again_s)
            await MongoRuns(stored).doubt_announced(ended_after=since)

    release, watch, forget = (
        leading(cases.leadership, work) for work in (cases.release, cases.watch, cases.forget)
    )
    current_user = user_of(TokenVerifier.of_users(settings.users, http))
    return build_service(
        NAME,
        broker=broker,
        kafka=settings.kafka,
        health=health,
        routers=[
            routes.build_router(cases.read, current_user),
            client_records.build_router(NAME, MongoClientRecords(stored), current_user),
        ],
        on_startup=[ensure_indexes, tell_again],
        background=[
            every(
                settings.release_every_s,
                release,
                name="release",
                health=health,
                wake=cases.news.to_release,
            ),
            every(
                settings.settle_every_s, cases.settle, name="settle", health=health, wake=cases.news.to_settle
            ),
            every(settings.watch_every_s, watch, name="watch", health=health),
            every(settings.forget_every_s, forget, name="forget", health=health),
        ],
        on_shutdown=[close, cases.leadership.give_up],
        gauges=orchestrator_gauges(cases.count_open, cases.leadership, least_s=settings.counted_every_s),
    )


def mongo_stores(stored: AsyncIOMotorDatabase[Document]) -> Stores:
    """The stores of the service's own database."""
    return Stores(
        requests=MongoRequests(stored),
        cancels=MongoCancels(stored),
        runs=MongoRuns(stored),
        jobs=MongoJobs(stored),
        facts=MongoConnectionFacts(stored),
        pauses=MongoPauses(stored),
        breakers=MongoBreakers(stored),
        leases=MongoLeases(stored),
    )


async def prepare(stored: AsyncIOMotorDatabase[Document]) -> None:
    """Indexes; making them again does nothing."""
    for store in (
        MongoRequests(stored),
        MongoCancels(stored),
        MongoRuns(stored),
        MongoJobs(stored),
        MongoPauses(stored),
    ):
        await store.ensure_indexes()
