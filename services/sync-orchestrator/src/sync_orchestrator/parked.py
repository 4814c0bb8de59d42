"""Messages on the `.dead` topics of jobs: their jobs end, since nobody will answer for them."""

import json
import logging
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sync_contracts.dead_letters import DeadLetterHeader
from sync_contracts.event import Event
from sync_contracts.jobs import ConnectionReading, JobCounted, JobEvent, JobFailed, JobRequested, JobWaiting

from sync_orchestrator.track_run import TrackRun

logger = logging.getLogger(__name__)

PARKED: tuple[type[Event], ...] = (JobRequested, JobCounted, JobWaiting, JobFailed)


Named = TypeVar("Named", ConnectionReading, JobEvent)


class ParkedMessage(BaseModel):
    """Whatever was parked and where; None where it is not even JSON."""

    topic: str
    body: Any


def parked_message(topic: str, body: bytes) -> ParkedMessage:
    """Never fails, or a parked message would be parked again."""
    try:
        return ParkedMessage(topic=topic, body=json.loads(body))
    except (ValueError, RecursionError):
        return ParkedMessage(topic=topic, body=None)


class EndParked:
    """Ends the jobs a parked message names; silence ends those that cannot be made out."""

    def __init__(self, track_run: TrackRun) -> None:
        self._track_run = track_run

    async def __call__(self, message: ParkedMessage) -> None:
        named = _read(ConnectionReading, message.body) or _read(JobEvent, message.body)
        if named is None:
            if not _is_note(message.body):
                logger.error("a parked message names no job", extra={"topic": message.topic})
        elif isinstance(named, ConnectionReading):
            await self._track_run.parked(named)
        else:
            await self._track_run.parked_result(named)


def _is_note(body: object) -> bool:
    """Whether it only tells that a message was replayed."""
    return isinstance(body, dict) and DeadLetterHeader.REPLAYED in body


def _read(shape: type[Named], body: object) -> Named | None:
    try:
        return shape.model_validate(body)
    except ValidationError:
        return None
