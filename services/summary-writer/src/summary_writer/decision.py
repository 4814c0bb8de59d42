"""What a reading does to the stored summary: the rules, without any storage."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_contracts.codes import ProblemCode
from sync_contracts.summaries import UnchangedReason

from summary_writer.summary import Cause, HistoryEntry, Outcome, Reading, Refused, Summary, Unchanged, Updated

TOLERATED_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store knows before a reading is written."""

    stored: Summary | None = None
    # The history entry of this attempt, and what it brought once the summary's chain of changes holds it.
    entry: HistoryEntry | None = None
    brought: Summary | None = None
    lowest_generation: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the summary to store for it, if any."""

    outcome: Outcome
    store: Summary | None = None

    @property
    def replaces(self) -> Summary | None:
        """The summary to store when it changes values, which history must know first."""
        return self.store if isinstance(self.outcome, Updated) else None


SAME_VALUES = Unchanged(UnchangedReason.SAME_VALUES)
NEWER_KEPT = Unchanged(UnchangedReason.NEWER_KEPT)


def decide(reading: Reading, found: Found, now: datetime) -> Decision:
    """The first rule that fits; a reading that was answered before gets its first answer."""
    if answered := _answered_before(reading, found):
        return Decision(answered)
    if code := _refusal(reading, found, now):
        return Decision(Refused(code))
    new, stored = reading.summary, found.stored
    if stored is None:
        return Decision(Updated(None), new)
    if stored.age > new.age:
        return Decision(NEWER_KEPT)
    if stored.equals(new):
        return Decision(SAME_VALUES, stored.confirmed_by(new))
    return Decision(Updated(stored.values), replace(new, version=stored.version + 1))


def chain(stored: Summary | None, entries: list[HistoryEntry]) -> list[HistoryEntry]:
    """The changes that led to the stored summary, newest first.

    History is written before the summary, so an entry may lack its change; the chain leaves it out.
    """
    by_cause = {entry.cause: entry for entry in entries}
    changes: list[HistoryEntry] = []
    summary = stored
    while summary is not None and (entry := by_cause.get(summary.origin)) is not None:
        changes.append(entry)
        summary = entry.replaced
    return changes


def brought_by(cause: Cause, stored: Summary | None, entries: list[HistoryEntry]) -> Summary | None:
    """The summary as the change of this attempt left it; None while the chain does not hold the change."""
    summary = stored
    for change in chain(stored, entries):
        if change.cause == cause:
            return summary
        summary = change.replaced
    return None


def _answered_before(reading: Reading, found: Found) -> Outcome | None:
    if found.entry and found.brought:
        previous = found.entry.replaced.values if found.entry.replaced else None
        is_same = found.entry.read_at == reading.summary.read_at
        return Updated(previous, None if is_same else replace(found.brought, read_at=found.entry.read_at))
    if found.stored and found.stored.cause == reading.cause:
        return SAME_VALUES
    return None


def _refusal(reading: Reading, found: Found, now: datetime) -> ProblemCode | None:
    if reading.summary.read_at > now + TOLERATED_SKEW:
        return ProblemCode.CLOCK_SKEW
    if reading.generation < found.lowest_generation:
        return ProblemCode.CONNECTION_DELETED
    return None
