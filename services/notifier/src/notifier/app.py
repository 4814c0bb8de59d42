"""The service, put together."""

import httpx
from anyio import to_thread
from fastapi import FastAPI
from service_kit.broker import Subscriptions, build_broker
from service_kit.clock import SystemClock
from service_kit.health import Health
from service_kit.mongo import build_mongo, database
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.telemetry import Telemetry
from service_kit.tokens import TokenVerifier, user_of
from sync_contracts.runs import SyncCompleted

from notifier import handlers, routes
from notifier.adapters.mongo_receipts import MongoReceipts
from notifier.settings import Settings
from notifier.write_receipt import WriteReceipt

NAME = "notifier"


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health = Health()
    mongo = build_mongo(settings.mongo)
    http = httpx.AsyncClient()
    receipts = MongoReceipts(database(mongo, settings.mongo), SystemClock())
    broker = build_broker(settings.kafka, name=NAME, telemetry=telemetry, health=health)
    publisher = EventPublisher(broker, source=NAME, sends=(SyncCompleted,))
    handlers.subscribe(
        Subscriptions(broker, settings.kafka, NAME),
        write_receipt=WriteReceipt(receipts, publisher.stored, NAME),
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
        routers=[routes.build_router(receipts, current_user)],
        on_shutdown=[close],
    )
