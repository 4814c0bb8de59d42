"""Turns a counted month into a stored summary and tells what became of it."""

import logging
from dataclasses import dataclass

from service_kit.crash_points import reached
from service_kit.metrics import count
from service_kit.publishing import Publish
from sync_contracts.event import Event
from sync_contracts.ids import attempt_event_id
from sync_contracts.jobs import JobCounted
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated

from summary_writer.ports import WriteReading
from summary_writer.summary import Outcome, Reading, Refused, Updated

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """Write first, publish second: a redelivery repeats both with the same result."""

    write: WriteReading
    publish: Publish

    async def __call__(self, message: JobCounted) -> None:
        outcome = await self.write(Reading.of(message))
        answer = answer_to(message, outcome)
        await self.publish(answer)
        reached("answer_published")
        count("ledgerbus.summaries.results", outcome=type(outcome).__name__.lower())
        logger.info(
            "reading answered",
            extra={
                "answer": answer.topic,
                "company_id": message.meta.company_id,
                "run_id": str(message.job.run_id),
                "job_id": str(message.job.job_id),
                "attempt": message.attempt,
            },
        )


def answer_to(message: JobCounted, outcome: Outcome) -> Event:
    """The message that tells an outcome; its id is the same whenever it is told again."""
    kind: type[Event]
    if isinstance(outcome, Updated):
        kind = SummaryUpdated
        written = outcome.instead or message
        fields = {"read_at": written.read_at, "values": written.values, "previous": outcome.previous}
    elif isinstance(outcome, Refused):
        kind = SummaryRefused
        fields = {
            "code": outcome.code,
            "connection_id": message.connection_id,
            "generation": message.generation,
        }
    else:
        kind = SummaryUnchanged
        fields = {"read_at": message.read_at, "reason": outcome.reason}
    event_id = attempt_event_id(message.job.job_id, message.attempt, kind.topic)
    meta = message.meta.follow(kind, event_id=event_id)
    return kind.model_validate({"meta": meta, "job": message.job, "attempt": message.attempt, **fields})
