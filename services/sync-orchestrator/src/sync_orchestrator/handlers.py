"""Which message goes to which use case."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from faststream.message import StreamMessage
from pydantic import Field
from service_kit.broker import Subscriptions
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.event import Event
from sync_contracts.jobs import JobFailed, JobStarted, JobWaiting
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_contracts.topics import dead_letter_topic

from sync_orchestrator.accept_run import AcceptRun
from sync_orchestrator.answer_malformed import AnswerMalformed, MalformedRequest
from sync_orchestrator.cancel_run import CancelRun
from sync_orchestrator.follow_connections import FollowConnections
from sync_orchestrator.parked import PARKED, EndParked, ParkedMessage
from sync_orchestrator.track_run import TrackRun
from sync_orchestrator.use_cases import UseCases

# The schema first; what does not fit it is still answered while its ids can be read.
_SCHEMA_FIRST = Field(union_mode="left_to_right")
Reload = Annotated[SyncReload | MalformedRequest, _SCHEMA_FIRST]
Bulk = Annotated[SyncBulk | MalformedRequest, _SCHEMA_FIRST]
Retry = Annotated[SyncRetry | MalformedRequest, _SCHEMA_FIRST]
Cancel = Annotated[SyncCancel | MalformedRequest, _SCHEMA_FIRST]


def subscribe(on: Subscriptions, cases: UseCases) -> None:
    """Bind each topic to its use case."""
    _requests(on, cases.accept, cases.cancel, cases.answer_malformed)
    _facts(on, cases.track)
    _connections(on, cases.follow)
    for event in PARKED:
        _parked(on, event, cases.end_parked)


def _requests(
    on: Subscriptions, accept: AcceptRun, cancel: CancelRun, answer_malformed: AnswerMalformed
) -> None:
    """What the platform asks for."""

    @on(SyncReload)
    async def on_sync_reload(message: Reload) -> None:
        if isinstance(message, MalformedRequest):
            await answer_malformed(message, SyncReload)
        else:
            await accept.reload(message)

    @on(SyncBulk)
    async def on_sync_bulk(message: Bulk) -> None:
        if isinstance(message, MalformedRequest):
            await answer_malformed(message, SyncBulk)
        else:
            await accept.bulk(message)

    @on(SyncRetry)
    async def on_sync_retry(message: Retry) -> None:
        if isinstance(message, MalformedRequest):
            await answer_malformed(message, SyncRetry)
        else:
            await accept.retry(message)

    @on(SyncCancel)
    async def on_sync_cancel(message: Cancel) -> None:
        if isinstance(message, MalformedRequest):
            await answer_malformed(message, SyncCancel)
        else:
            await cancel(message)


def _facts(on: Subscriptions, track: TrackRun) -> None:
    """What workers and the writer say about jobs."""

    @on(JobStarted)
    async def on_job_started(message: JobStarted) -> None:
        await track.started(message)

    @on(JobWaiting)
    async def on_job_waiting(message: JobWaiting) -> None:
        await track.waiting(message)

    @on(JobFailed)
    async def on_job_failed(message: JobFailed) -> None:
        await track.failed(message)

    @on(SummaryUpdated)
    async def on_summary_updated(message: SummaryUpdated) -> None:
        await track.updated(message)

    @on(SummaryUnchanged)
    async def on_summary_unchanged(message: SummaryUnchanged) -> None:
        await track.unchanged(message)

    @on(SummaryRefused)
    async def on_summary_refused(message: SummaryRefused) -> None:
        await track.refused(message)


def _connections(on: Subscriptions, follow: FollowConnections) -> None:
    """What happens to clients' connections."""

    @on(ConnectionSaved)
    async def on_connection_saved(message: ConnectionSaved) -> None:
        await follow.saved(message)

    @on(ConnectionDeleted)
    async def on_connection_deleted(message: ConnectionDeleted) -> None:
        await follow.deleted(message)

    @on(ConnectionNeedsAuth)
    async def on_connection_needs_auth(message: ConnectionNeedsAuth) -> None:
        await follow.needs_auth(message)

    @on(ConnectionRecovered)
    async def on_connection_recovered(message: ConnectionRecovered) -> None:
        await follow.recovered(message)


async def decode_parked(
    message: StreamMessage[Any], original: Callable[[StreamMessage[Any]], Awaitable[Any]]
) -> dict[str, Any]:
    """Never fails, or a parked message would be parked again."""
    try:
        return {"body": await original(message)}
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {"body": None}


def _parked(on: Subscriptions, event: type[Event], end_parked: EndParked) -> None:
    """A `.dead` topic of jobs."""
    topic = dead_letter_topic(event.topic)

    @on(topic, decoder=decode_parked)
    async def on_parked(message: ParkedMessage) -> None:
        await end_parked(message, topic)
