"""How long it took from a blow until the part that was hit got on with its work; a pure function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from ledgerbus_cli.chaos.evidence import Done
from ledgerbus_cli.chaos.schedule import Kind

SOURCES: Mapping[str, str] = {
    "sync-orchestrator-2": "sync-orchestrator",
    "connector-workers-2": "connector-workers",
    # What they keep shows in what others can do again.
    "vault": "connector-workers",
    "credentials": "connector-workers",
    "database": "sync-orchestrator",
    "broker": "sync-orchestrator",
}
_FROM_ITS_BEGINNING = frozenset({Kind.KILL, Kind.RESTART})
_NOT_MEASURED = frozenset({Kind.CHANGE, Kind.RESAVE, Kind.DELETE, Kind.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Progress:
    """A part did something: a service said something, or a provider's books were read."""

    part: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Seconds over all blows of one kind at one target; `without` had nothing left to do afterwards."""

    kind: Kind
    target: str
    times: int
    median_s: float | None
    longest_s: float | None
    without: int = 0


def recoveries(done: Sequence[Done], progress: Sequence[Progress]) -> list[Recovery]:
    """A kill counts from the signal, a pause or a provider's trouble from its end."""
    found: dict[tuple[Kind, str], list[float | None]] = {}
    for one in done:
        if one.blow.kind not in _NOT_MEASURED:
            found.setdefault((one.blow.kind, one.blow.target), []).append(_seconds(one, progress))
    return [_recovery(kind, target, times) for (kind, target), times in sorted(found.items())]


def _seconds(done: Done, progress: Sequence[Progress]) -> float | None:
    since = done.began_at if done.blow.kind in _FROM_ITS_BEGINNING else done.ended_at
    part = SOURCES.get(done.blow.target, done.blow.target)
    # What was said while the signal was on its way is no recovery.
    again = min((one.at for one in progress if one.part == part and one.at > since), default=None)
    return None if again is None else (again - since).total_seconds()


def _recovery(kind: Kind, target: str, times: Sequence[float | None]) -> Recovery:
    known = [one for one in times if one is not None]
    return Recovery(
        kind=kind,
        target=target,
        times=len(times),
        median_s=median(known) if known else None,
        longest_s=max(known, default=None),
        without=len(times) - len(known),
    )
