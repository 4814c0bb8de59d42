"""Every request has one answer, every accepted one a run of its own or the one that it joins."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sync_contracts.codes import RefusalCode

from ledgerbus_cli.chaos.evidence import Answered, Asked, Evidence
from ledgerbus_cli.chaos.findings import Fault, Finding


def check_requests(evidence: Evidence) -> Iterator[Finding]:
    """Answers and runs beside what was asked."""
    answers: dict[str, set[Answered]] = defaultdict(set)
    for answered in evidence.answered:
        answers[answered.request_id].add(answered)
    for asked in evidence.asked:
        gone = any(client in evidence.deleted for client in asked.clients)
        allowed = asked.refusals | ({RefusalCode.NO_CREDENTIALS} if gone else set())
        yield from _answers_of(asked, answers[asked.request_id], allowed)
    yield from _runs(evidence)


def _answers_of(asked: Asked, answers: set[Answered], allowed: frozenset[RefusalCode]) -> Iterator[Finding]:
    if not answers:
        yield Finding(Fault.LOST, "every request is answered", f"{_named(asked)} was not")
    if len({(one.run_id, one.code) for one in answers}) > 1:
        told = ", ".join(sorted(str(one.code or one.run_id) for one in answers))
        yield Finding(Fault.DOUBLED, "a request has one answer", f"{_named(asked)} has several: {told}")
    for answer in answers:
        if answer.code is not None and answer.code not in allowed:
            yield Finding(
                Fault.WRONG, "nothing sound is refused", f"{_named(asked)} was refused as {answer.code}"
            )
        if answer.code is None and not asked.is_sound:
            yield Finding(Fault.WRONG, "what is not sound is refused", f"{_named(asked)} was accepted")


def _runs(evidence: Evidence) -> Iterator[Finding]:
    runs = Counter(run.request_id for run in evidence.runs)
    known = {run.run_id for run in evidence.runs}
    asked = {one.request_id for one in evidence.asked}
    for request_id, times in runs.items():
        if times > 1:
            yield Finding(Fault.DOUBLED, "a request has one run", f"{request_id} has {times}")
        if request_id not in asked:
            yield Finding(Fault.WRONG, "nothing runs that nobody asked for", f"the run of {request_id}")
    for answer in evidence.answered:
        if answer.run_id is not None and answer.run_id not in known:
            yield Finding(
                Fault.LOST, "an accepted request has its run", f"{answer.request_id}: run {answer.run_id}"
            )


def _named(asked: Asked) -> str:
    return f"{asked.what} {asked.request_id}"
