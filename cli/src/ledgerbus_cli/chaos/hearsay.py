"""From what was heard on Kafka to evidence; pure functions."""

from collections.abc import Iterable
from datetime import datetime

from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted, JobEvent, JobFailed, JobStarted, JobWaiting
from sync_contracts.runs import RunAccepted, RunCancelling, RunRejected, SyncCompleted
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated, UnchangedReason

from ledgerbus_cli.chaos.evidence import (
    Answered,
    Attempt,
    BooksMonth,
    Client,
    Counted,
    Kept,
    Receipt,
    Started,
)
from ledgerbus_cli.chaos.observer import Heard
from ledgerbus_cli.chaos.recovery import Progress

_OUTCOMES = (JobCounted, JobWaiting, JobFailed)


def answers(heard: Iterable[Heard]) -> tuple[Answered, ...]:
    return tuple(answer for one in heard if (answer := _answer(one.event)) is not None)


def receipts(heard: Iterable[Heard]) -> tuple[Receipt, ...]:
    return tuple(
        Receipt(one.event, one.ce_id, one.body) for one in heard if isinstance(one.event, SyncCompleted)
    )


def readings(heard: Iterable[Heard]) -> tuple[Started, ...]:
    """Every time a worker began, also with the same message once more."""
    return tuple(
        Started(
            client=Client(event.client_id, event.provider),
            attempts=tuple(Attempt(due.job_id, due.attempt) for due in event.jobs),
            months=len(event.jobs),
            worker=event.worker,
            at=one.at,
        )
        for one in heard
        if isinstance(event := one.event, JobStarted)
    )


def outcomes(heard: Iterable[Heard]) -> dict[Attempt, datetime]:
    """When each attempt was first said to have ended."""
    found: dict[Attempt, datetime] = {}
    for one in heard:
        if isinstance(one.event, _OUTCOMES):
            attempt = _attempt(one.event)
            found[attempt] = min(one.at, found.get(attempt, one.at))
    return found


def counted(heard: Iterable[Heard]) -> tuple[Counted, ...]:
    return tuple(
        Counted(
            attempt=_attempt(event),
            of=_of(event),
            read_at=event.read_at,
            at=one.at,
            values={metric: f"{value.value} {value.unit}" for metric, value in event.values.items()},
            calls=event.calls,
        )
        for one in heard
        if isinstance(event := one.event, JobCounted)
    )


def kept(heard: Iterable[Heard]) -> tuple[Kept, ...]:
    found = []
    for one in heard:
        event = one.event
        if isinstance(event, SummaryUpdated | SummaryUnchanged):
            older = isinstance(event, SummaryUnchanged) and event.reason is UnchangedReason.NEWER_KEPT
            found.append(Kept(attempt=_attempt(event), of=_of(event), read_at=event.read_at, kept=not older))
    return tuple(found)


def progress(heard: Iterable[Heard]) -> list[Progress]:
    """Who did something when: services that said something, providers whose books were read."""
    found = []
    for one in heard:
        found.append(Progress(one.source, one.at))
        if isinstance(one.event, JobCounted):
            found.append(Progress(one.event.job.provider, one.at))
    return found


def _answer(event: Event) -> Answered | None:
    match event:
        case RunAccepted():
            return Answered(request_id=event.request_id, run_id=event.run_id, joined=event.joined)
        case RunRejected():
            return Answered(request_id=event.request_id, code=event.code)
        case RunCancelling():
            return Answered(request_id=event.request_id, run_id=event.run_id)
    return None


def _attempt(event: JobEvent | SummaryRefused) -> Attempt:
    return Attempt(event.job.job_id, event.attempt)


def _of(event: JobEvent) -> BooksMonth:
    return BooksMonth(Client(event.job.client_id, event.job.provider), event.job.month)
