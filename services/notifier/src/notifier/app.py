"""The service, put together."""

from datetime import timedelta

import httpx
from anyio import to_thread
from fastapi import FastAPI
from service_kit import client_records
from service_kit.broker import Subscriptions, build_broker
from service_kit.clock import Clock, SystemClock
from service_kit.health import Health
from service_kit.mongo import build_mongo, database
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.telemetry import Telemetry
from service_kit.tokens import TokenVerifier, user_of
from service_kit.vault import VaultClient
from sync_contracts.runs import SyncCompleted
from sync_contracts.webhooks import WebhookDisabled

from notifier import handlers
from notifier.adapters.dns_hosts import DnsHosts
from notifier.adapters.http_webhooks import HttpWebhooks
from notifier.adapters.mongo_client_records import MongoClientRecords
from notifier.adapters.mongo_deliveries import MongoDeliveries
from notifier.adapters.mongo_endpoints import MongoEndpoints
from notifier.adapters.mongo_receipts import MongoReceipts
from notifier.adapters.mongo_webhook_events import MongoWebhookEvents
from notifier.adapters.vault_signing_key import VaultSigningKey
from notifier.deliver_due import Pace
from notifier.destination import DestinationRules
from notifier.forget_receipts import ForgetReceipts
from notifier.gauges import webhook_gauges
from notifier.routes import receipts as receipt_routes
from notifier.routes import webhooks as webhook_routes
from notifier.settings import Settings, WebhookSettings
from notifier.webhooks import Outside, Webhooks
from notifier.write_receipt import WriteReceipt

NAME = "notifier"
# A claim outlasts its attempt, so that nobody else makes it meanwhile.
_CLAIM_TIMES = 2


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health, clock = Health(), SystemClock()
    mongo, http = build_mongo(settings.mongo), httpx.AsyncClient()
    records = database(mongo, settings.mongo)
    receipts = MongoReceipts(records, clock)
    endpoints, events, deliveries = (
        MongoEndpoints(records),
        MongoWebhookEvents(records),
        MongoDeliveries(records),
    )
    vault = VaultClient(settings.vault, health)
    rules, send = _rules(settings.webhooks), _sender(settings.webhooks, clock)
    broker = build_broker(settings.kafka, name=NAME, health=health)
    publisher = EventPublisher(broker, source=NAME, sends=(SyncCompleted, WebhookDisabled))
    outside = Outside(
        endpoints=endpoints,
        events=events,
        deliveries=deliveries,
        key=VaultSigningKey(vault),
        send=send,
        resolve=DnsHosts(),
        publish=publisher,
        clock=clock,
        health=health,
    )
    webhooks = Webhooks(outside, rules=rules, pace=_pace(settings.webhooks))
    handlers.subscribe(
        Subscriptions(broker, settings.kafka, NAME),
        write_receipt=WriteReceipt(receipts, publisher.stored, webhooks.tell, NAME),
        tell_connection=webhooks.tell.connection,
    )

    forget_receipts = ForgetReceipts(receipts, clock, timedelta(days=settings.receipts_kept_days))

    async def close() -> None:
        await send.aclose()
        await vault.aclose()
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
            receipt_routes.build_router(receipts, current_user),
            webhook_routes.build_router(webhooks, current_user),
            client_records.build_router(NAME, MongoClientRecords(records), current_user),
        ],
        on_startup=[
            receipts.ensure_indexes,
            endpoints.ensure_indexes,
            events.ensure_indexes,
            deliveries.ensure_indexes,
        ],
        background=[vault.keep_signed_in, webhooks.deliver_due.run, forget_receipts.run],
        on_shutdown=[close],
        gauges=webhook_gauges(deliveries, least_s=settings.counted_every_s),
    )


def _rules(settings: WebhookSettings) -> DestinationRules:
    return DestinationRules(
        allow_http=settings.allow_http, allow_private=settings.allow_private, ports=settings.ports
    )


def _sender(settings: WebhookSettings, clock: Clock) -> HttpWebhooks:
    return HttpWebhooks(_rules(settings), clock, timeout_s=settings.timeout_s, connections=settings.in_flight)


def _pace(settings: WebhookSettings) -> Pace:
    return Pace(
        in_flight=settings.in_flight,
        per_endpoint=settings.per_endpoint,
        poll_every_s=settings.poll_every_s,
        claim=timedelta(seconds=settings.timeout_s * _CLAIM_TIMES),
    )
