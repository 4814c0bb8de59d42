"""The service on a real broker, vault and database; the test is platform, workers and writer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.metrics import MeterProvider
from sandbox.embedded import EmbeddedStack, VaultAccess
from service_kit.mongo import build_mongo
from service_kit.settings import HttpSettings, MongoSettings, VaultSettings
from service_kit.telemetry import Telemetry
from support.issuer import Issuer
from support.kafka import embedded_kafka, eventually, producer, read_all
from support.lookup_server import running_lookup_server
from support.orchestration import bulk, cancel, failed, job_record, reload, started, updated
from support.service_app import is_ready, running_app
from support.tracing import global_tracers
from sync_contracts.codes import ProblemCode
from sync_contracts.event import Event
from sync_contracts.ids import run_id
from sync_contracts.jobs import JobCounted, JobRequested
from sync_contracts.runs import RunAccepted, RunCancelling, RunEnding, RunFinished
from sync_contracts.topics import dead_letter_topic
from sync_orchestrator.app import NAME, build_app
from sync_orchestrator.records import JobRecord
from sync_orchestrator.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

E = TypeVar("E", bound=Event)
CLICK = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True, slots=True)
class Orchestrator:
    """A running service and its neighbours."""

    client: httpx.AsyncClient
    bootstrap: str
    issuer: Issuer

    async def receive(self, *events: Event, topic: str | None = None) -> None:
        async with producer(self.bootstrap) as send:
            for event in events:
                headers = event.headers("test") | {"traceparent": CLICK}
                await send.send_and_wait(
                    topic or event.topic,
                    event.model_dump_json().encode(),
                    key=event.key.encode(),
                    headers=[(name, value.encode()) for name, value in headers.items()],
                )

    async def told(self, kind: type[E], company_id: str, number: int = 1) -> list[tuple[E, str]]:
        """The first messages of a kind about a company, with the trace each belongs to."""

        def ours(records: list[Any]) -> list[tuple[E, str]]:
            # The broker is shared: other tests leave other firms' messages, and rubbish.
            named = [each for each in records if company_id.encode() in (each.value or b"")]
            read = [(kind.model_validate_json(each.value), dict(each.headers)) for each in named]
            return [(event, headers["traceparent"].decode()) for event, headers in read]

        found = await read_all(self.bootstrap, kind.topic, until=lambda records: len(ours(records)) >= number)
        return ours(found)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    embedded_stack: EmbeddedStack,
    kafka_bootstrap: str,
    mongo_url: str,
    vault: VaultAccess,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Orchestrator]:
    role = vault.roles[NAME]
    mongo = MongoSettings.model_validate({"url": mongo_url, "database": f"orchestrator-{uuid4().hex}"})
    issuer = Issuer(tmp_path_factory.mktemp("issuer"))
    with running_lookup_server() as credentials_url:
        settings = Settings.model_validate(
            {
                "kafka": embedded_kafka(kafka_bootstrap),
                "mongo": mongo,
                "vault": VaultSettings(
                    address=vault.address,
                    mount=vault.mount,
                    role_id=role.role_id,
                    secret_id_file=Path(role.secret_id_file),
                ),
                "http": HttpSettings(port=0),
                "users": issuer.settings,
                "credentials_url": credentials_url,
                "public_url": "http://127.0.0.1:8101",
                "watch_every_s": 0.5,
                "cancel_grace_s": 2.0,
            }
        )
        async with running_app(build_app(settings, Telemetry(global_tracers(), MeterProvider()))) as client:
            await eventually(lambda: is_ready(client))
            yield Orchestrator(client, kafka_bootstrap, issuer)
    database = build_mongo(mongo)
    await database.drop_database(mongo.database)
    database.close()


def jobs_of(requested: JobRequested) -> list[JobRecord]:
    """As the writer names them."""
    return [
        job_record(
            job_id=due.job_id,
            run_id=requested.run_id,
            company_id=requested.meta.company_id,
            client_id=requested.client_id,
            month=due.month,
            attempt=due.attempt,
        )
        for due in requested.jobs
    ]


async def test_a_run_goes_from_request_to_announcement(service: Orchestrator) -> None:
    company = f"firm-{uuid4().hex[:8]}"
    await service.receive(bulk(company_id=company, clients=3))

    for requested, _ in await service.told(JobRequested, company, 3):
        await service.receive(started(requested), *(updated(job) for job in jobs_of(requested)))

    [(accepted, _)] = await service.told(RunAccepted, company)
    [(finished, trace)] = await service.told(RunFinished, company)
    answer = await service.client.get(
        f"/v1/runs/{accepted.run_id}/lines", headers=service.issuer.person(company_id=company)
    )
    assert (finished.run_id, finished.ending) == (accepted.run_id, RunEnding.COMPLETED)
    assert finished.counts.written == 3
    assert trace.split("-")[1] == CLICK.split("-")[1]
    assert answer.json()["total"] == 3


async def test_a_reload_is_read_in_one_go_in_a_trace_per_job(service: Orchestrator) -> None:
    company = f"firm-{uuid4().hex[:8]}"
    await service.receive(reload(company_id=company))

    [(requested, trace)] = await service.told(JobRequested, company)

    traces = {due.traceparent.split("-")[1] for due in requested.jobs if due.traceparent}
    assert len(requested.jobs) == 12
    assert trace.split("-")[1] == (requested.jobs[0].traceparent or "").split("-")[1]
    assert CLICK.split("-")[1] not in traces


async def test_a_cancelled_run_ends_though_its_workers_say_nothing(service: Orchestrator) -> None:
    company = f"firm-{uuid4().hex[:8]}"
    await service.receive(cancel(target="req-1", company_id=company), bulk(company_id=company))

    [(cancelling, _)] = await service.told(RunCancelling, company)
    [(finished, _)] = await service.told(RunFinished, company)

    assert cancelling.run_id == finished.run_id == run_id(company, "req-1")
    assert finished.ending is RunEnding.CANCELLED


async def test_parked_results_end_their_jobs(service: Orchestrator) -> None:
    company = f"firm-{uuid4().hex[:8]}"
    await service.receive(bulk(company_id=company, clients=1))

    [(requested, _)] = await service.told(JobRequested, company)
    await service.receive(
        *(failed(job) for job in jobs_of(requested)), topic=dead_letter_topic(JobCounted.topic)
    )

    [(finished, _)] = await service.told(RunFinished, company)
    assert [line.code for line in finished.lines] == [ProblemCode.INTERNAL]


async def test_nobody_looks_without_a_token(service: Orchestrator) -> None:
    answer = await service.client.get("/v1/runs")

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
