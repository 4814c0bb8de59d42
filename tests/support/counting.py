"""The worker's use case with stand-ins for everything around it."""

from connector_workers.begun import Begun
from connector_workers.count_months import CountMonths
from connector_workers.read_connection import ReadConnection
from connector_workers.stops import Stops
from connectors.session import Session
from support.fakes import FakeClock, RecordingPublisher
from support.readings import FakeCredentials, FakeReader
from sync_contracts.jobs import JobEvent, JobRequested
from sync_contracts.month import Month

MARCH, APRIL = Month(2026, 3), Month(2026, 4)
CLOCK = FakeClock()


class World:
    """The use case with everything around it."""

    def __init__(self, session: Session) -> None:
        self.credentials = FakeCredentials()
        self.reader = FakeReader()
        self.publish = RecordingPublisher()
        self.stops = Stops()
        self._read = ReadConnection(
            credentials=self.credentials, reader_of=lambda _: self.reader, session=session, clock=CLOCK
        )
        self.count_months = CountMonths(
            read=self._read,
            reader_of=lambda _: self.reader,
            publish=self.publish,
            stops=self.stops,
            begun=Begun(),
            clock=CLOCK,
            worker="worker-1",
            provider_pause_s=30.0,
        )

    async def handle(self, request: JobRequested) -> list[JobEvent]:
        await self.count_months(request)
        return self.publish.of(JobEvent)

    async def only(self, request: JobRequested) -> JobEvent:
        (event,) = await self.handle(request)
        return event
