"""Every value that is kept equals the truth at its reading, and nothing replaced is forgotten."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from sync_contracts.runs import JobEnding

from ledgerbus_cli.chaos.evidence import (
    Amounts,
    Attempt,
    BooksMonth,
    Evidence,
    Kept,
    SummaryKept,
    TrueSince,
    Written,
)
from ledgerbus_cli.chaos.findings import Fault, Finding

_LONGEST_READING = timedelta(seconds=280)
_ROUNDED = timedelta(milliseconds=1)  # what the database keeps of an instant
_LEASED = timedelta(seconds=5)  # a reading that began before the deletion may begin its calls after it


def check_summaries(evidence: Evidence) -> Iterator[Finding]:
    """Readings, summaries and their history."""
    history: dict[BooksMonth, list[Written]] = defaultdict(list)
    for entry in evidence.history:
        history[entry.of].append(entry)
    kept = {one.of: one for one in evidence.summaries}
    yield from _true(evidence)
    yield from _newest(evidence, kept)
    yield from _asked_for(evidence)
    yield from _on_record(evidence, history, kept)
    for of in sorted({*kept, *history}):
        yield from _chain(of, kept.get(of), sorted(history[of], key=lambda entry: entry.version))


def allowed(truth: Iterable[TrueSince], first: datetime, last: datetime) -> list[Amounts]:
    """What the books said at some instant of a reading."""
    found: list[Amounts] = []
    for state in sorted(truth, key=lambda one: one.since):
        if state.since <= first:
            found = [state.values]
        elif state.since <= last:
            found.append(state.values)
    return found


def differences(values: Amounts, states: list[Amounts]) -> list[str]:
    """Metrics that say what the books never said."""
    metrics = sorted({*values, *(metric for state in states for metric in state)})
    return [
        f"{metric} is {values.get(metric, 'absent')}, truth {states[-1].get(metric, 'absent')}"
        for metric in metrics
        if all(state.get(metric) != values.get(metric) for state in states)
    ]


def _true(evidence: Evidence) -> Iterator[Finding]:
    ends = {one.attempt: one.at for one in evidence.counted}
    readings = [(one.of, one.read_at, one.at, one.values, "read") for one in evidence.counted]
    stored = [*evidence.summaries, *(entry.replaced for entry in evidence.history if entry.replaced)]
    for one in stored:
        last = ends.get(one.attempt, one.read_at + _LONGEST_READING)
        readings.append(
            (one.of, one.read_at, max(last, one.read_at), one.values, f"kept as version {one.version}")
        )
    for of, first, last, values, what in readings:
        states = allowed(evidence.truth.get(of, ()), first - _ROUNDED, last)
        if not states:
            yield Finding(Fault.WRONG, "only months of known books are read", f"{of}")
            continue
        for difference in differences(values, states):
            yield Finding(
                Fault.WRONG, "every value equals the truth at its reading", f"{of} {what}: {difference}"
            )


def _newest(evidence: Evidence, kept: Mapping[BooksMonth, SummaryKept]) -> Iterator[Finding]:
    first: dict[Attempt, Kept] = {}  # an attempt that is delivered and read again repeats its first answer
    for said in evidence.kept:
        if said.kept and said.read_at <= first.get(said.attempt, said).read_at:
            first[said.attempt] = said
    newest: dict[BooksMonth, datetime] = {}
    for said in first.values():
        newest[said.of] = max(said.read_at, newest.get(said.of, said.read_at))
    for of, read_at in newest.items():
        stored = kept.get(of)
        if stored is not None and stored.read_at < read_at - _ROUNDED:
            yield Finding(
                Fault.WRONG, "the newest reading stands", f"{of} is of {stored.read_at}, newest {read_at}"
            )


def _asked_for(evidence: Evidence) -> Iterator[Finding]:
    asked = {job.of for run in evidence.runs for job in run.jobs}
    for stored in evidence.summaries:
        if stored.of not in asked:
            yield Finding(Fault.WRONG, "nothing is written that nobody asked for", f"{stored.of}")
    readings = [(one.of, one.read_at) for one in evidence.summaries]
    readings += [(one.of, one.read_at) for one in evidence.history]
    for of, read_at in readings:
        deleted_at = evidence.deleted.get(of.client)
        if deleted_at is not None and read_at > deleted_at + _LEASED:
            told = f"{of} was read at {read_at}, deleted at {deleted_at}"
            yield Finding(Fault.WRONG, "a deleted connection is not read", told)


def _on_record(
    evidence: Evidence, history: Mapping[BooksMonth, list[Written]], kept: Mapping[BooksMonth, SummaryKept]
) -> Iterator[Finding]:
    """What a job says it has written is there."""
    for job in (job for run in evidence.runs for job in run.jobs):
        writes = [entry for entry in history.get(job.of, ()) if entry.attempt.job_id == job.job_id]
        if job.ending is JobEnding.WRITTEN and not writes:
            yield Finding(Fault.LOST, "what was written is there", f"{job.of} of job {job.job_id}")
        if job.ending is JobEnding.UNCHANGED and job.of not in kept:
            yield Finding(Fault.LOST, "what is unchanged is there", f"{job.of} of job {job.job_id}")


def _chain(of: BooksMonth, stored: SummaryKept | None, entries: list[Written]) -> Iterator[Finding]:
    """Each entry holds what it replaced, the first one nothing; confirmations raise versions too."""
    if stored is None or not entries or entries[0].replaced is not None:
        yield Finding(Fault.LOST, "the history is whole", f"{of} has {len(entries)} entries")
        return
    for entry in entries[1:]:
        if entry.replaced is None or entry.replaced.version != entry.version - 1:
            told = f"{of}: version {entry.version} holds {entry.replaced and entry.replaced.version}"
            yield Finding(Fault.LOST, "the history holds what was replaced", told)
    for attempt, times in Counter(entry.attempt for entry in entries).items():
        if times > 1:
            yield Finding(Fault.DOUBLED, "an attempt writes once", f"{of}: {_named(attempt)} {times} times")
    for older, newer in pairwise([*(entry.replaced for entry in entries[1:]), stored]):
        if older is not None and newer is not None and older.values == newer.values:
            told = f"{of}: versions {older.version} and {newer.version} say the same"
            yield Finding(Fault.DOUBLED, "equal values are not written again", told)


def _named(attempt: Attempt) -> str:
    return f"attempt {attempt.number} of job {attempt.job_id}"
