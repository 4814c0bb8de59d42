"""Which message reaches which use case, through the whole pipeline of the broker."""

from connector_workers import handlers
from connector_workers.stops import Stops
from service_kit.broker import Subscriptions, TestKafkaBroker, build_broker
from service_kit.health import Health
from service_kit.settings import KafkaSettings
from service_kit.window import Window
from support.readings import CONNECTION, READ_AT, RUN, requested
from sync_contracts.connections import ConnectionDeleted
from sync_contracts.event import Event
from sync_contracts.jobs import JobRequested
from sync_contracts.providers import Provider
from sync_contracts.runs import Progress, RunCancelling

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1")


class Service:
    """The handlers on a broker in memory."""

    def __init__(self) -> None:
        self.counted: list[JobRequested] = []
        self.stops = Stops()
        self._broker = build_broker(SETTINGS, name="connector-workers", health=Health())
        handlers.subscribe(
            Subscriptions(self._broker, SETTINGS, "connector-workers"),
            Window(slots=10),
            count_months=self._count,
            stops=self.stops,
        )

    async def _count(self, request: JobRequested) -> None:
        self.counted.append(request)

    async def receive(self, event: Event) -> None:
        async with TestKafkaBroker(self._broker) as broker:
            await broker.publish(
                event.model_dump_json().encode(), topic=event.topic, headers=event.headers("test")
            )


async def test_a_requested_job_is_counted() -> None:
    service = Service()

    await service.receive(requested())

    assert service.counted == [requested()]


async def test_a_cancelling_run_is_stopped() -> None:
    service = Service()

    await service.receive(
        RunCancelling(
            meta=requested().meta,
            run_id=RUN,
            request_id="cancel-1",
            provider=Provider.XERO,
            progress=Progress(jobs=1),
        )
    )

    assert service.stops.forbids(requested())


async def test_a_deleted_connection_is_stopped() -> None:
    service = Service()

    await service.receive(
        ConnectionDeleted(
            meta=requested().meta.model_copy(update={"occurred_at": READ_AT}),
            connection_id=CONNECTION,
            client_id="client-17",
            provider=Provider.XERO,
            generation=3,
        )
    )

    assert service.stops.is_deleted(requested(generation=3))
