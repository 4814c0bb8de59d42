"""All message types, and the topics they are sent to."""

from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted, JobFailed, JobRequested, JobStarted, JobWaiting
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.runs import (
    RunAccepted,
    RunCancelling,
    RunFinished,
    RunProgress,
    RunRejected,
    SyncCompleted,
)
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_contracts.webhooks import WebhookDisabled

EVENTS: tuple[type[Event], ...] = (
    SyncReload,
    SyncBulk,
    SyncCancel,
    SyncRetry,
    RunAccepted,
    RunRejected,
    RunProgress,
    RunCancelling,
    RunFinished,
    SyncCompleted,
    JobRequested,
    JobStarted,
    JobCounted,
    JobWaiting,
    JobFailed,
    SummaryUpdated,
    SummaryUnchanged,
    SummaryRefused,
    ConnectionSaved,
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionExpiring,
    WebhookDisabled,
)


def dead_letter_topic(topic: str) -> str:
    """Where a message of a topic goes that cannot be read or handled."""
    return f"{topic}.dead"


def all_topics() -> list[str]:
    """Every topic the system needs, dead letters included."""
    topics = [event.topic for event in EVENTS]
    return topics + [dead_letter_topic(topic) for topic in topics]
