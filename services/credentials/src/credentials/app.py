"""The service, put together."""

from anyio import to_thread
from connectors.registry import CONNECTORS
from connectors.session import build_session
from fastapi import APIRouter, FastAPI
from service_kit import client_records
from service_kit.broker import build_broker
from service_kit.clock import SystemClock
from service_kit.health import Health
from service_kit.mongo import build_mongo, database
from service_kit.provider_calls import ProviderCalls
from service_kit.publishing import EventPublisher
from service_kit.service import build_service
from service_kit.telemetry import Telemetry
from service_kit.tokens import TokenVerifier, service_of, user_of
from service_kit.trust import build_http
from service_kit.vault import VaultClient

from credentials.adapters.mongo_connections import MongoConnections
from credentials.adapters.mongo_consents import MongoConsents
from credentials.adapters.mongo_switches import MongoSwitches
from credentials.adapters.mongo_token_sets import MongoTokenSets
from credentials.adapters.vault_companies import VaultCompanies
from credentials.adapters.vault_signing_key import VaultSigningKey
from credentials.adapters.vault_token_sets import VaultTokenSets
from credentials.finish_change import SENDS
from credentials.routes import connections, consents, internal, providers
from credentials.routes.internal import CallingService
from credentials.routes.people import CurrentUser, People
from credentials.settings import Settings
from credentials.wiring import Outside, Times, UseCases

NAME = "credentials"


def build_app(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Wire the service; nothing connects before the app starts."""
    health, clock = Health(), SystemClock()
    mongo, http = build_mongo(settings.mongo), build_http(settings.vault.ca_file)
    session = build_session(measures=ProviderCalls())
    records = database(mongo, settings.mongo)
    store, register, pending = MongoConnections(records), MongoTokenSets(records), MongoConsents(records)
    vault = VaultClient(settings.vault, health)
    broker = build_broker(settings.kafka, name=NAME, health=health)
    outside = Outside(
        store=store,
        register=register,
        switches=MongoSwitches(records),
        consents=pending,
        vault=VaultTokenSets(VaultCompanies(vault)),
        signing_key=VaultSigningKey(vault),
        publish=EventPublisher(broker, source=NAME, sends=SENDS),
        connectors=CONNECTORS,
        session=session,
        clock=clock,
        health=health,
    )
    use_cases = UseCases(outside, _times(settings))

    async def close() -> None:
        await use_cases.current_access.finish()
        await session.aclose()
        await http.aclose()
        await vault.aclose()
        mongo.close()
        if telemetry is not None:
            await to_thread.run_sync(telemetry.shutdown)

    services = TokenVerifier.of_services(settings.vault, http)
    return build_service(
        NAME,
        broker=broker,
        kafka=settings.kafka,
        health=health,
        routers=build_routers(
            outside,
            use_cases,
            settings.return_origins,
            current_user=user_of(TokenVerifier.of_users(settings.users, http)),
            orchestrator=service_of(services, "sync-orchestrator"),
            workers=service_of(services, "connector-workers"),
        ),
        on_startup=[store.ensure_indexes, register.ensure_indexes, pending.ensure_indexes],
        background=[vault.keep_signed_in, use_cases.sweep.run],
        on_shutdown=[close],
    )


def build_routers(
    outside: Outside,
    use_cases: UseCases,
    return_origins: tuple[str, ...],
    *,
    current_user: CurrentUser,
    orchestrator: CallingService,
    workers: CallingService,
) -> list[APIRouter]:
    """The HTTP API."""
    people, clock = People(current_user), outside.clock
    return [
        providers.build_router(people, outside.switches, outside.connectors, outside.session),
        connections.build_router(
            people,
            store=outside.store,
            try_credentials=use_cases.try_credentials,
            save=use_cases.save,
            delete=use_cases.delete,
        ),
        consents.build_router(
            people, run_consent=use_cases.run_consent, return_origins=return_origins, clock=clock
        ),
        internal.build_router(
            store=outside.store,
            switches=outside.switches,
            connectors=outside.connectors,
            lease=use_cases.lease,
            observe=use_cases.observe,
            orchestrator=orchestrator,
            workers=workers,
        ),
        client_records.build_router(NAME, use_cases.records, current_user),
    ]


def _times(settings: Settings) -> Times:
    return Times(
        renewal_call_s=settings.renewal_call_s,
        left_open_after_s=settings.left_open_after_s,
        sweep_every_s=settings.sweep_every_s,
    )
