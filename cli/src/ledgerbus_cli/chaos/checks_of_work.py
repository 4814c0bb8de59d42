"""A killed worker's work is taken up, providers are not asked more than needed, nothing is left over."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ledgerbus_cli.chaos.evidence import Attempt, Client, Counted, Done, Evidence, Started
from ledgerbus_cli.chaos.findings import Fault, Finding
from ledgerbus_cli.chaos.schedule import PROVIDER_TROUBLES, Kind

TAKE_UP = timedelta(seconds=30)
TRIES = 4  # of one call that fails, within one reading
_STANDS_UP = timedelta(seconds=15)  # after a blow, until everybody works again
_PROCESSES = frozenset({Kind.KILL, Kind.RESTART, Kind.PAUSE})
_LONGEST_READING = timedelta(seconds=280)


def check_work(evidence: Evidence) -> Iterator[Finding]:
    """What was in hand, what was asked of providers, and what is left over."""
    yield from _taken_up(evidence)
    yield from _calls(evidence)
    for topic, messages in sorted(evidence.parked.items()):
        yield Finding(Fault.LOST, "no message is parked", f"{messages} in {topic}")
    for group, messages in sorted(evidence.behind.items()):
        yield Finding(Fault.STUCK, "every message is handled", f"{group} is {messages} behind")
    for one in evidence.done:
        if one.trouble:
            yield Finding(Fault.STUCK, "everything comes back", f"{one.blow}: {one.trouble}")
    for name in evidence.not_ready:
        yield Finding(Fault.STUCK, "every service is ready", name)


def _taken_up(evidence: Evidence) -> Iterator[Finding]:
    """Within 30 s, not counting the time in which something else was down as well."""
    ended = {job.job_id for run in evidence.runs for job in run.jobs if not job.is_open}
    stopped = {job.job_id for run in evidence.runs if run.is_cancelled for job in run.jobs}
    for kill in _kills_of_workers(evidence.done):
        for reading in _in_hand(evidence, kill):
            if evidence.forgets and _broker_was_struck(evidence.done, reading.at):
                continue
            if reading.client in evidence.deleted:
                continue
            open_attempts = [one for one in reading.attempts if one.job_id not in stopped]
            again = _started_again(evidence, reading, kill.began_at)
            by = again or evidence.ended_at
            if not open_attempts or by is None or calm(evidence.done, kill, by) <= TAKE_UP:
                continue
            left = sum(one.job_id not in ended for one in open_attempts)
            if again is None and not left:
                continue
            when = f"{(again - kill.began_at).total_seconds():.0f} s later" if again else "never"
            told = f"{reading.client}, {reading.months} months, again {when}; {left} of its jobs are open"
            yield Finding(Fault.LOST, "a killed worker's readings go on elsewhere", told)


def calm(done: Sequence[Done], kill: Done, until: datetime) -> timedelta:
    """How long nothing but the kill itself was in the way."""
    others = sorted(
        (one.began_at, one.ended_at + _STANDS_UP)
        for one in done
        if one is not kill and one.blow.kind in _PROCESSES
    )
    free, at = timedelta(), kill.began_at
    for began_at, ended_at in others:
        if began_at > at:
            free += max(min(began_at, until) - at, timedelta())
        at = max(at, ended_at)
    return free + max(until - at, timedelta())


def _kills_of_workers(done: Sequence[Done]) -> Iterator[Done]:
    for one in done:
        if one.blow.kind is Kind.KILL and one.blow.target.startswith("connector-workers"):
            yield one


def _in_hand(evidence: Evidence, kill: Done) -> Iterator[Started]:
    """Readings that the killed process, named in the note, had begun and not ended."""
    for reading in evidence.started:
        if not reading.worker.endswith(f"/{kill.note}") or reading.at > kill.began_at:
            continue
        if any(_is_open(evidence, attempt, kill.began_at) for attempt in reading.attempts):
            yield reading


def _is_open(evidence: Evidence, attempt: Attempt, at: datetime) -> bool:
    outcome_at = evidence.outcomes.get(attempt)
    return outcome_at is None or outcome_at > at


def _started_again(evidence: Evidence, reading: Started, after: datetime) -> datetime | None:
    jobs = {one.job_id for one in reading.attempts}
    times = [
        one.at
        for one in evidence.started
        if one.at > after and one.client == reading.client and jobs & {each.job_id for each in one.attempts}
    ]
    return min(times, default=None)


def _broker_was_struck(done: Sequence[Done], since: datetime) -> bool:
    return any(one.blow.target == "broker" and one.ended_at > since for one in done)


def _calls(evidence: Evidence) -> Iterator[Finding]:
    """The fewest that a whole reading of as many months took, for each reading that was begun."""
    readings: dict[Client, list[Started]] = defaultdict(list)
    for reading in evidence.started:
        readings[reading.client].append(reading)
    fewest = _fewest(evidence)
    forgotten = sum(one.blow.target == "broker" for one in evidence.done) if evidence.forgets else 0
    for client, calls in sorted(evidence.calls.items()):
        known = fewest[client]
        if not known:
            continue
        may = calls.more + forgotten * max(known.values())
        for reading in readings[client]:
            once = min(
                (number for months, number in known.items() if months >= reading.months),
                default=max(known.values()) * reading.months,
            )
            may += once * (TRIES if _was_troubled(evidence.done, reading) else 1)
        if calls.made > may:
            told = f"{client}: {calls.made} calls in {len(readings[client])} readings, at most {may}"
            yield Finding(Fault.DOUBLED, "a reading costs its calls once", told)


def _fewest(evidence: Evidence) -> dict[Client, dict[int, int]]:
    """By the number of months; readings of which months are missing took fewer."""
    of_reading: dict[tuple[Client, datetime], list[Counted]] = defaultdict(list)
    for counted in {(one.attempt, one.read_at): one for one in evidence.counted}.values():
        of_reading[counted.of.client, counted.read_at].append(counted)
    asked = {attempt: reading.months for reading in evidence.started for attempt in reading.attempts}
    fewest: dict[Client, dict[int, int]] = defaultdict(dict)
    for (client, _), months in of_reading.items():
        if asked.get(months[0].attempt) == len(months):
            known = fewest[client].get(len(months), months[0].calls)
            fewest[client][len(months)] = min(known, months[0].calls)
    return fewest


def _was_troubled(done: Sequence[Done], reading: Started) -> bool:
    return any(
        one.blow.target == reading.client.provider or one.note == str(reading.client)
        for one in done
        if one.blow.kind in {*PROVIDER_TROUBLES, Kind.UNREADABLE, Kind.ROTATE}
        if one.began_at < reading.at + _LONGEST_READING
        if reading.at < one.ended_at
    )
