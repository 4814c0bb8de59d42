"""What workers say on Kafka, as it comes: who began which attempt, and when."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from pydantic import ValidationError
from sync_contracts.jobs import JobStarted, JobWaiting

Attempt = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Start:
    """A worker's process began with an attempt; `at_s` is the broker's time of it."""

    attempt: Attempt
    pid: int
    at_s: float
    heard_s: float


@dataclass
class JobLog:
    """Starts and waits of one company."""

    company_id: str
    starts: list[Start] = field(default_factory=list)
    waits: list[JobWaiting] = field(default_factory=list)

    def started_by(self, *pids: int) -> set[Attempt]:
        return {start.attempt for start in self.starts if start.pid in pids}

    @property
    def times_started(self) -> Counter[Attempt]:
        """Each attempt should be started once."""
        return Counter(start.attempt for start in self.starts)

    def take(self, topic: str, value: bytes, at_s: float) -> None:
        if self.company_id.encode() not in value:
            return
        if topic == JobWaiting.topic:
            self.waits.append(JobWaiting.model_validate_json(value))
            return
        started = JobStarted.model_validate_json(value)
        pid = int(started.worker.rpartition("/")[2])
        now_s = time.monotonic()
        self.starts += [Start((due.job_id, due.attempt), pid, at_s, now_s) for due in started.jobs]


@asynccontextmanager
async def job_log(bootstrap: str, company_id: str) -> AsyncIterator[JobLog]:
    """Fills while the block runs; what was said before is in it too."""
    log = JobLog(company_id)
    consumer = AIOKafkaConsumer(
        JobStarted.topic, JobWaiting.topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()

    async def listen() -> None:
        async for record in consumer:
            try:
                log.take(record.topic, record.value or b"", record.timestamp / 1000)
            except ValidationError:
                continue  # rubbish that another test left

    task = asyncio.create_task(listen())
    try:
        yield log
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()
