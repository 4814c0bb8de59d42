"""Which group consumes which topics, and what is wrong with a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgerbus_cli.doctor.findings import Finding, bad, good, look

MOST_BEHIND = 1000
READINGS = "connector-workers.job.requested.v1"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "sync-orchestrator.sync.reload.v1": (
        "sync.reload.v1",
        "sync.bulk.v1",
        "sync.retry.v1",
        "sync.cancel.v1",
    ),
    "sync-orchestrator.job.started.v1": (
        "job.started.v1",
        "job.waiting.v1",
        "job.failed.v1",
        "summary.updated.v1",
        "summary.unchanged.v1",
        "summary.refused.v1",
    ),
    "sync-orchestrator.connection.saved.v1": (
        "connection.saved.v1",
        "connection.deleted.v1",
        "connection.needs_auth.v1",
        "connection.recovered.v1",
    ),
    "sync-orchestrator.job.requested.v1.dead": (
        "job.requested.v1.dead",
        "job.counted.v1.dead",
        "job.waiting.v1.dead",
        "job.failed.v1.dead",
    ),
    READINGS: ("job.requested.v1",),
    "summary-writer.job.counted.v1": ("job.counted.v1",),
    "summary-writer.connection.saved.v1": ("connection.saved.v1", "connection.deleted.v1"),
    "notifier.run.finished.v1": ("run.finished.v1",),
    "notifier.connection.saved.v1": (
        "connection.saved.v1",
        "connection.deleted.v1",
        "connection.needs_auth.v1",
        "connection.recovered.v1",
        "connection.expiring.v1",
    ),
}


@dataclass(frozen=True, slots=True)
class Group:
    """How many consume, and how many messages they have not finished."""

    name: str
    members: int
    behind: int

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]


def judged(groups: Sequence[Group]) -> list[Finding]:
    """One finding for each group in trouble, else one for all of them."""
    found = [finding for group in groups if (finding := _trouble(group))]
    if found:
        return found
    behind = sum(group.behind for group in groups)
    return [good("consumers", f"All {len(groups)} groups have members; {behind} messages are unfinished.")]


def _trouble(group: Group) -> Finding | None:
    if group.members == 0:
        told = f"Nobody consumes as {group.name}; {group.behind} messages wait."
        return bad("consumers", told, f"Start {group.service}; its log says why it stopped.")
    if group.behind > MOST_BEHIND:
        told = f"{group.name} is {group.behind} messages behind, with {group.members} members."
        if group.name == READINGS:  # bounded by what the orchestrator releases
            advice = "Good while a large bulk is read: it is twice SLOTS of sync-orchestrator at most."
            return look("consumers", told, advice)
        advice = f"See /ready of {group.service}; when it is green and this grows, start more of it."
        return bad("consumers", told, advice)
    return None
