"""Which message goes to which use case."""

from functools import partial

from service_kit.broker import Subscriptions, by_topic
from service_kit.window import Window
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.jobs import JobFailed, JobStarted, JobWaiting
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_contracts.topics import dead_letter_topic

from sync_orchestrator.accept_run import AcceptRun
from sync_orchestrator.answer_malformed import AnswerMalformed, MalformedRequest, request_of
from sync_orchestrator.cancel_run import CancelRun
from sync_orchestrator.follow_connections import FollowConnections
from sync_orchestrator.parked import PARKED, EndParked, ParkedMessage, parked_message
from sync_orchestrator.track_run import TrackRun
from sync_orchestrator.use_cases import UseCases

Request = SyncReload | SyncBulk | SyncRetry | SyncCancel
JobFact = JobStarted | JobWaiting | JobFailed | SummaryUpdated | SummaryUnchanged | SummaryRefused
ConnectionFact = ConnectionSaved | ConnectionDeleted | ConnectionNeedsAuth | ConnectionRecovered

REQUESTS_AT_ONCE = 50  # one of the largest takes two megabytes while it waits for its turn
FACTS_AT_ONCE = 1_000
CONNECTIONS_AT_ONCE = 50
PARKED_AT_ONCE = 50


def subscribe(on: Subscriptions, cases: UseCases) -> None:
    """Bind each topic to its use case."""
    _requests(on, cases.accept, cases.cancel, cases.answer_malformed)
    _facts(on, cases.track)
    _connections(on, cases.follow)
    _parked(on, cases.end_parked)


def _requests(
    on: Subscriptions, accept: AcceptRun, cancel: CancelRun, answer_malformed: AnswerMalformed
) -> None:
    """What the platform asks for, side by side: a reload waits behind no large bulk."""
    kinds = (SyncReload, SyncBulk, SyncRetry, SyncCancel)

    @on.windowed(Window(slots=REQUESTS_AT_ONCE), {kind.topic: partial(request_of, kind) for kind in kinds})
    async def on_request(message: Request | MalformedRequest) -> None:
        match message:
            case SyncReload():
                await accept.reload(message)
            case SyncBulk():
                await accept.bulk(message)
            case SyncRetry():
                await accept.retry(message)
            case SyncCancel():
                await cancel(message)
            case MalformedRequest():
                await answer_malformed(message)


def _facts(on: Subscriptions, track: TrackRun) -> None:
    """What workers and the writer say about jobs: side by side, to meet again in batches."""
    parsers = by_topic(JobStarted, JobWaiting, JobFailed, SummaryUpdated, SummaryUnchanged, SummaryRefused)

    @on.windowed(Window(slots=FACTS_AT_ONCE), parsers)
    async def on_job_fact(message: JobFact) -> None:
        match message:
            case JobStarted():
                await track.started(message)
            case JobWaiting():
                await track.waiting(message)
            case JobFailed():
                await track.failed(message)
            case SummaryUpdated():
                await track.updated(message)
            case SummaryUnchanged():
                await track.unchanged(message)
            case SummaryRefused():
                await track.refused(message)


def _connections(on: Subscriptions, follow: FollowConnections) -> None:
    """What happens to clients' connections; the newest generation counts, whatever the order."""
    parsers = by_topic(ConnectionSaved, ConnectionDeleted, ConnectionNeedsAuth, ConnectionRecovered)

    @on.windowed(Window(slots=CONNECTIONS_AT_ONCE), parsers)
    async def on_connection_fact(message: ConnectionFact) -> None:
        match message:
            case ConnectionSaved():
                await follow.saved(message)
            case ConnectionDeleted():
                await follow.deleted(message)
            case ConnectionNeedsAuth():
                await follow.needs_auth(message)
            case ConnectionRecovered():
                await follow.recovered(message)


def _parked(on: Subscriptions, end_parked: EndParked) -> None:
    """The `.dead` topics of jobs."""
    topics = [dead_letter_topic(event.topic) for event in PARKED]

    @on.windowed(Window(slots=PARKED_AT_ONCE), {topic: partial(parked_message, topic) for topic in topics})
    async def on_parked(message: ParkedMessage) -> None:
        await end_parked(message)
