"""Every run ends with one receipt, and every job of it with one ending that somebody can explain."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.runs import EndingCounts, JobEnding

from ledgerbus_cli.chaos.evidence import Evidence, JobKept, Receipt, RunKept
from ledgerbus_cli.chaos.findings import Fault, Finding
from ledgerbus_cli.chaos.schedule import Kind


def check_runs(evidence: Evidence) -> Iterator[Finding]:
    """Runs, receipts and endings."""
    sent: dict[UUID, set[tuple[str, bytes]]] = defaultdict(set)
    for receipt in evidence.receipts:
        sent[receipt.event.run_id].add((receipt.ce_id, receipt.body))
    for run in evidence.runs:
        yield from _end_of(run)
        yield from _receipt_of(run, sent[run.run_id])
        yield from _jobs_of(run)
    yield from _asked_for(evidence)
    yield from _explained(evidence)


def _end_of(run: RunKept) -> Iterator[Finding]:
    if run.state == "ended":
        return
    waiting = Counter(job.reason or "running" for job in run.jobs if job.is_open)
    told = ", ".join(f"{jobs} {reason}" for reason, jobs in sorted(waiting.items())) or "no open job"
    yield Finding(Fault.STUCK, "every run ends", f"run {run.run_id} is {run.state}: {told}")


def _receipt_of(run: RunKept, sent: set[tuple[str, bytes]]) -> Iterator[Finding]:
    if run.receipt is None:
        if run.state == "ended":
            yield Finding(Fault.LOST, "every run has a receipt", f"run {run.run_id}")
        return
    told = {*sent, (run.receipt.ce_id, run.receipt.body)}
    if len(told) > 1:
        yield Finding(Fault.DOUBLED, "a run has one receipt", f"run {run.run_id} has {len(told)}")
    yield from _counts_of(run, run.receipt)


def _counts_of(run: RunKept, receipt: Receipt) -> Iterator[Finding]:
    counted, kept = receipt.event.counts, _tally(run.jobs)
    rule = "the receipt counts each job once"
    if counted.total != len(run.jobs):
        fault = Fault.DOUBLED if counted.total > len(run.jobs) else Fault.LOST
        yield Finding(fault, rule, f"run {run.run_id} has {len(run.jobs)} jobs, its receipt {counted.total}")
    elif counted != kept:
        yield Finding(Fault.WRONG, rule, f"run {run.run_id} has {_told(kept)}, its receipt {_told(counted)}")
    of_client: dict[str, list[JobKept]] = defaultdict(list)
    for job in run.jobs:
        of_client[job.of.client.name].append(job)
    for line in receipt.event.lines:
        if line.counts != _tally(of_client[line.client_id]):
            yield Finding(
                Fault.WRONG, "a line tells its client's jobs", f"run {run.run_id}, {line.client_id}"
            )
    if receipt.event.lines_total != len(of_client):
        told = f"run {run.run_id} has {len(of_client)} clients, its receipt {receipt.event.lines_total} lines"
        yield Finding(Fault.WRONG, "each client has a line", told)


def _jobs_of(run: RunKept) -> Iterator[Finding]:
    for of, times in Counter(job.of for job in run.jobs).items():
        if times > 1:
            yield Finding(Fault.DOUBLED, "a month is one job of a run", f"run {run.run_id}: {times} of {of}")
    for job in run.jobs:
        if not job.is_open and job.ending is None:
            yield Finding(Fault.WRONG, "every job has an ending", f"job {job.job_id}")
        if job.is_open and run.state == "ended":
            yield Finding(Fault.STUCK, "every job has an ending", f"job {job.job_id} of an ended run is open")


def _asked_for(evidence: Evidence) -> Iterator[Finding]:
    """The jobs of a run are the clients that were asked for, each with the same months."""
    asked = {one.request_id: one for one in evidence.asked if one.clients}
    for run in evidence.runs:
        wanted = asked.get(run.request_id)
        if wanted is None or run.retry_of is not None or run.state == "planning":
            continue
        found = {job.of.client for job in run.jobs}
        for client in sorted({*wanted.clients} - found):
            yield Finding(
                Fault.LOST, "every client that was asked for is read", f"{client} in run {run.run_id}"
            )
        for client in sorted(found - {*wanted.clients}):
            yield Finding(
                Fault.WRONG, "nobody is read who was not asked for", f"{client} in run {run.run_id}"
            )


def _explained(evidence: Evidence) -> Iterator[Finding]:
    """What was not read has a cause that was given on purpose."""
    unreadable = {done.note for done in evidence.done if done.blow.kind is Kind.UNREADABLE}
    for run in evidence.runs:
        for job in run.jobs:
            client = job.of.client
            match job.ending, job.code:
                case (None | JobEnding.WRITTEN | JobEnding.UNCHANGED, _):
                    explained = True
                case (JobEnding.CANCELLED, _):
                    explained = run.is_cancelled or client in evidence.deleted
                case (_, ProblemCode.NO_CREDENTIALS | ProblemCode.CONNECTION_DELETED):
                    explained = client not in evidence.calls or client in evidence.deleted
                case (_, ProblemCode.UNREADABLE_ANSWER):
                    explained = str(client) in unreadable
                case (_, ProblemCode.NEEDS_AUTH):
                    explained = client in evidence.cut_off or client in evidence.deleted
                case _:
                    explained = False
            if not explained:
                yield Finding(Fault.LOST, "nothing fails without a cause", _failure(job, evidence))


def _failure(job: JobKept, evidence: Evidence) -> str:
    """What is on record of it, for nobody can ask the system afterwards."""
    told = f"job {job.job_id} ({job.of}) is {job.ending}({job.code or ''})"
    cause = evidence.needs_auth.get(job.of.client)
    return (
        f"{told}; its connection needs authorisation: {cause or 'no cause told'}"
        if cause is not None
        else told
    )


def _tally(jobs: Iterable[JobKept]) -> EndingCounts:
    return EndingCounts(**Counter(job.ending.value for job in jobs if job.ending is not None))


def _told(counts: EndingCounts) -> str:
    return ", ".join(f"{jobs} {ending}" for ending, jobs in counts.model_dump().items() if jobs) or "nothing"
