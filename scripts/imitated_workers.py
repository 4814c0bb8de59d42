"""Workers and writer for benchmarks of the orchestrator: a reading takes its time and is written at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sync_contracts.event import Event
from sync_contracts.jobs import JobRequested, JobStarted
from sync_contracts.runs import RunAccepted, RunFinished
from sync_contracts.summaries import SummaryUpdated

SLOTS = 200


@dataclass(frozen=True, slots=True)
class Start:
    """A job began."""

    company_id: str
    at_s: float


@dataclass
class ImitatedWorkers:
    """Answers each `job.requested` as 200 readings at once would; remembers when each job began."""

    producer: AIOKafkaProducer
    reading_s: float
    starts: list[Start] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SLOTS))

    def rate(self, begin_s: float, end_s: float, wanted: Callable[[str], bool]) -> float:
        """Starts a second of the wanted companies in a stretch of time."""
        number = sum(wanted(each.company_id) for each in self.starts if begin_s <= each.at_s < end_s)
        return number / (end_s - begin_s)

    def first_of(self, company: str) -> float:
        """When the company's first job started."""
        return next(each.at_s for each in self.starts if each.company_id == company)

    async def read(self, request: JobRequested) -> None:
        async with self.places:
            now_s = time.monotonic()
            self.starts += [Start(request.meta.company_id, now_s) for _ in request.jobs]
            body = request.model_dump(exclude={"meta"})
            meta = request.meta
            await self.send(
                JobStarted(**body, meta=meta.follow(JobStarted), worker="imitation/1", budget_s=130.0)
            )
            await asyncio.sleep(self.reading_s)
            for due in request.jobs:
                await self.send(
                    SummaryUpdated(
                        meta=meta.follow(SummaryUpdated, str(due.job_id)),
                        job=request.job(due),
                        attempt=due.attempt,
                        read_at=meta.occurred_at,
                        values={},
                    )
                )

    async def send(self, event: Event) -> None:
        headers = [(name, value.encode()) for name, value in event.headers("imitation").items()]
        body = event.model_dump_json().encode()
        await self.producer.send(event.topic, body, key=event.key.encode(), headers=headers)


@asynccontextmanager
async def imitated_workers(bootstrap: str, reading_s: float) -> AsyncIterator[ImitatedWorkers]:
    """At work while the block runs."""
    topics = (JobRequested.topic, RunAccepted.topic, RunFinished.topic)
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=f"imitation-{uuid4().hex}",
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=2)
    await producer.start()
    await consumer.start()
    workers = ImitatedWorkers(producer, reading_s)

    async def listen() -> None:
        async with asyncio.TaskGroup() as readings:
            async for record in consumer:
                if record.topic == JobRequested.topic:
                    readings.create_task(workers.read(JobRequested.model_validate_json(record.value)))
                elif record.topic == RunAccepted.topic:
                    accepted = RunAccepted.model_validate_json(record.value)
                    workers.accepted.add(accepted.meta.company_id)
                else:
                    finished = RunFinished.model_validate_json(record.value)
                    workers.finished.add(finished.meta.company_id)

    task = asyncio.create_task(listen())
    try:
        yield workers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()
        await producer.stop()
