"""Evidence of a small chaos in which every promise was kept; tests spoil one thing each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ledgerbus_cli.chaos.evidence import (
    Answered,
    Asked,
    Attempt,
    BooksMonth,
    CallsOf,
    Client,
    Counted,
    Done,
    Evidence,
    JobKept,
    Kept,
    Receipt,
    RunKept,
    Started,
    SummaryKept,
    TrueSince,
    Written,
)
from ledgerbus_cli.chaos.findings import Fault, Finding
from ledgerbus_cli.chaos.oracle import judge
from ledgerbus_cli.chaos.schedule import Blow, Kind
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import job_id, run_id
from sync_contracts.metrics import Metric
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import EndingCounts, JobEnding, ReceiptLine, RunEnding, RunKind, SyncCompleted

REQUEST = "req-1"
RUN = run_id("firm-1", REQUEST)
ANNA = Client("anna", Provider.XERO)
BORIS = Client("boris", Provider.XERO)
APRIL = Month(2026, 4)
START = datetime(2026, 5, 2, 8, tzinfo=UTC)
WORKER = "host/100"
FIRST_RECEIPT = UUID(int=1)
OLD = {Metric.SALES_NET: "90.00 EUR"}
TRUE = {Metric.SALES_NET: "100.00 EUR"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def job_of(client: Client) -> UUID:
    return job_id(RUN, client.name, client.provider, APRIL)


def month_of(client: Client) -> BooksMonth:
    return BooksMonth(client, APRIL)


def receipt(*, written: int = 2, event_id: UUID = FIRST_RECEIPT, lines_total: int = 2) -> Receipt:
    one = EndingCounts(written=1)
    event = SyncCompleted(
        meta=Meta(
            event_id=event_id,
            occurred_at=at(10),
            company_id="firm-1",
            correlation_id=REQUEST,
            actor=Actor(id="owner-1", role=Role.OWNER),
        ),
        run_id=RUN,
        kind=RunKind.BULK,
        provider=Provider.XERO,
        months=(APRIL,),
        clients=2,
        requested_by=Actor(id="owner-1", role=Role.OWNER),
        requested_at=START,
        ended_at=at(10),
        ending=RunEnding.COMPLETED,
        counts=EndingCounts(written=written),
        lines=tuple(
            ReceiptLine(client_id=client.name, ending=JobEnding.WRITTEN, counts=one)
            for client in (ANNA, BORIS)
        ),
        lines_total=lines_total,
        lines_url="http://127.0.0.1/v1/runs/1/lines",
        message="Everything was read.",
    )
    return Receipt(event, str(event_id), event.model_dump_json().encode())


def job(client: Client, **changes: Any) -> JobKept:
    kept = JobKept(
        job_id=job_of(client), of=month_of(client), is_open=False, attempt=1, ending=JobEnding.WRITTEN
    )
    return replace(kept, **changes)


def run(**changes: Any) -> RunKept:
    kept = RunKept(
        run_id=RUN, request_id=REQUEST, state="ended", jobs=(job(ANNA), job(BORIS)), receipt=receipt()
    )
    return replace(kept, **changes)


def summary(client: Client, **changes: Any) -> SummaryKept:
    kept = SummaryKept(
        of=month_of(client), version=1, read_at=at(2), values=TRUE, attempt=Attempt(job_of(client), 1)
    )
    return replace(kept, **changes)


def written(client: Client, **changes: Any) -> Written:
    entry = Written(of=month_of(client), version=1, read_at=at(2), attempt=Attempt(job_of(client), 1))
    return replace(entry, **changes)


def started(client: Client, **changes: Any) -> Started:
    reading = Started(
        client=client, attempts=(Attempt(job_of(client), 1),), months=1, worker=WORKER, at=at(1)
    )
    return replace(reading, **changes)


def counted(client: Client, **changes: Any) -> Counted:
    read = Counted(
        attempt=Attempt(job_of(client), 1), of=month_of(client), read_at=at(2), at=at(4), values=TRUE, calls=5
    )
    return replace(read, **changes)


def done(kind: Kind, target: str, began: float, ended: float, *, note: str = "") -> Done:
    blow = Blow(at_s=began, kind=kind, target=target)
    return Done(blow=blow, began_at=at(began), ended_at=at(ended), note=note)


def sound(**changes: Any) -> Evidence:
    """Two clients, one month each, read and written once."""
    clients = (ANNA, BORIS)
    evidence = Evidence(
        asked=(Asked(request_id=REQUEST, what="bulk", clients=clients),),
        answered=(Answered(request_id=REQUEST, run_id=RUN),),
        runs=(run(),),
        receipts=(receipt(), receipt()),
        started=tuple(map(started, clients)),
        outcomes={Attempt(job_of(client), 1): at(4) for client in clients},
        counted=tuple(map(counted, clients)),
        kept=tuple(
            Kept(attempt=Attempt(job_of(client), 1), of=month_of(client), read_at=at(2), kept=True)
            for client in clients
        ),
        summaries=tuple(map(summary, clients)),
        history=tuple(map(written, clients)),
        truth={month_of(client): (TrueSince(since=at(-100), values=TRUE),) for client in clients},
        calls={client: CallsOf(made=5) for client in clients},
        ended_at=at(300),
    )
    return replace(evidence, **changes)


def found(**changes: Any) -> set[tuple[Fault, str]]:
    """Faults and rules that the oracle names when so much is otherwise."""
    return {(one.fault, one.rule) for one in judge(sound(**changes))}


def told(**changes: Any) -> list[Finding]:
    return judge(sound(**changes))
