"""One whole message of every type, as documentation and as the sample that later versions must still read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import HttpUrl

from sync_contracts.codes import ProblemCode, RefusalCode, WaitReason, sentence
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionExpiring,
    ConnectionHealth,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.event import Actor, Event, Meta, Role
from sync_contracts.ids import attempt_event_id, job_id, run_event_id, run_id
from sync_contracts.jobs import (
    Books,
    DueJob,
    Job,
    JobCounted,
    JobFailed,
    JobRequested,
    JobStarted,
    JobWaiting,
)
from sync_contracts.metrics import Metric, MetricValue, Source, Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.runs import (
    EndingCounts,
    JobEnding,
    Progress,
    ReceiptLine,
    RunAccepted,
    RunCancelling,
    RunEnding,
    RunFinished,
    RunKind,
    RunProgress,
    RunRejected,
    SyncCompleted,
)
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_contracts.webhooks import DisableReason, WebhookDisabled

_AT = datetime(2026, 5, 2, 8, 15, tzinfo=UTC)
_ENDED = datetime(2026, 5, 2, 8, 16, 30, tzinfo=UTC)
_OWNER = Actor(id="member-3", role=Role.OWNER)
_COMPANY, _REQUEST, _CLIENT = "firm-1", "req-2026-05-02-1", "client-17"
_MONTH = Month(2026, 4)
_RUN = run_id(_COMPANY, _REQUEST)
_JOB = Job(
    job_id=job_id(_RUN, _CLIENT, Provider.XERO, _MONTH),
    run_id=_RUN,
    client_id=_CLIENT,
    provider=Provider.XERO,
    month=_MONTH,
)
_CONNECTION = UUID("0b7d6a52-4e0f-5f6d-8c39-6a1d54f3b9e2")
_BOOKS = Books(external_id="5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11", name="Lahe Tools Ltd", currency="EUR")
_VALUES: Values = {
    Metric.SALES_INVOICE_COUNT: MetricValue(value=Decimal(2), unit="documents", source=Source.DOCUMENTS),
    Metric.SALES_NET: MetricValue(value=Decimal("1280.00"), unit="EUR", source=Source.DOCUMENTS),
    Metric.INCOME_TOTAL: MetricValue(value=Decimal("1180.00"), unit="EUR", source=Source.PROFIT_AND_LOSS),
}
_PROGRESS = Progress(jobs=2, ended=EndingCounts(written=1), waiting={WaitReason.QUEUED: 1})


def _meta(event_id: UUID) -> Meta:
    return Meta(
        event_id=event_id, occurred_at=_AT, company_id=_COMPANY, correlation_id="click-81", actor=_OWNER
    )


def _asked(kind: str) -> Meta:
    return _meta(run_event_id(_RUN, f"example/{kind}"))


def _about_run(kind: str) -> Meta:
    return _meta(run_event_id(_RUN, kind))


def _about_job(kind: str) -> Meta:
    return _meta(attempt_event_id(_JOB.job_id, 1, kind))


_READING = {
    "run_id": _RUN,
    "client_id": _CLIENT,
    "provider": Provider.XERO,
    "connection_id": _CONNECTION,
    "generation": 1,
    "account_key": "xero/5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11",
    "jobs": (DueJob(job_id=_JOB.job_id, month=_MONTH, attempt=1),),
}
_OUTCOME = {
    "run_id": _RUN,
    "kind": RunKind.BULK,
    "provider": Provider.XERO,
    "months": (_MONTH,),
    "clients": 2,
    "requested_by": _OWNER,
    "requested_at": _AT,
    "started_at": _AT,
    "ended_at": _ENDED,
    "ending": RunEnding.COMPLETED_WITH_PROBLEMS,
    "counts": EndingCounts(written=1, skipped=1),
    "lines": (
        ReceiptLine(
            client_id="client-18",
            ending=JobEnding.SKIPPED,
            code=ProblemCode.NO_CREDENTIALS,
            message=sentence(ProblemCode.NO_CREDENTIALS),
            counts=EndingCounts(skipped=1),
            months=(_MONTH,),
        ),
        ReceiptLine(client_id=_CLIENT, ending=JobEnding.WRITTEN, counts=EndingCounts(written=1)),
    ),
    "lines_total": 2,
    "lines_url": HttpUrl(f"https://ledgerbus.example/v1/runs/{_RUN}/lines"),
}
_CONNECTED = {"connection_id": _CONNECTION, "client_id": _CLIENT, "provider": Provider.XERO}

EXAMPLES: tuple[Event, ...] = (
    SyncReload(
        meta=_asked("reload"),
        request_id=_REQUEST,
        client_id=_CLIENT,
        provider=Provider.XERO,
        overwrite_confirmed=True,
    ),
    SyncBulk(
        meta=_asked("bulk"),
        request_id=_REQUEST,
        client_ids=(_CLIENT, "client-18"),
        provider=Provider.XERO,
        month=_MONTH,
    ),
    SyncCancel(meta=_asked("cancel"), request_id="req-2026-05-02-2", run_id=_RUN),
    SyncRetry(meta=_asked("retry"), request_id="req-2026-05-02-3", run_id=_RUN),
    RunAccepted(
        meta=_about_run("accepted"),
        run_id=_RUN,
        request_id=_REQUEST,
        kind=RunKind.BULK,
        provider=Provider.XERO,
        months=(_MONTH,),
        clients=2,
        progress=_PROGRESS,
    ),
    RunRejected(
        meta=_about_run("rejected"),
        request_id=_REQUEST,
        code=RefusalCode.MONTH_IN_FUTURE,
        message=sentence(RefusalCode.MONTH_IN_FUTURE),
        fields=("month",),
    ),
    RunProgress(meta=_about_run("progress/1"), run_id=_RUN, provider=Provider.XERO, progress=_PROGRESS),
    RunCancelling(
        meta=_about_run("cancelling"),
        run_id=_RUN,
        request_id="req-2026-05-02-2",
        provider=Provider.XERO,
        progress=_PROGRESS,
    ),
    RunFinished.model_validate(_OUTCOME | {"meta": _about_run("finished")}),
    SyncCompleted.model_validate(
        _OUTCOME
        | {"meta": _about_run("completed"), "message": "1 of 2 months was written; 1 client needs attention."}
    ),
    JobRequested.model_validate(_READING | {"meta": _about_job("requested")}),
    JobStarted.model_validate(
        _READING | {"meta": _about_job("started"), "worker": "connector-workers-1", "budget_s": 130.0}
    ),
    JobCounted(
        meta=_about_job("counted"),
        job=_JOB,
        attempt=1,
        connection_id=_CONNECTION,
        generation=1,
        read_at=_AT,
        values=_VALUES,
        books=_BOOKS,
        connector="xero",
        connector_version="1",
        calls=5,
        record_count=3,
        fingerprint="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    JobWaiting(
        meta=_about_job("waiting"),
        job=_JOB,
        attempt=1,
        reason=WaitReason.RATE_LIMITED,
        retry_at=_ENDED,
        budget_key="xero/5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11",
    ),
    JobFailed(
        meta=_about_job("failed"),
        job=_JOB,
        attempt=1,
        code=ProblemCode.NEEDS_AUTH,
        detail="the token address answered invalid_grant",
    ),
    SummaryUpdated(
        meta=_about_job("updated"), job=_JOB, attempt=1, read_at=_AT, values=_VALUES, previous=None
    ),
    SummaryUnchanged(meta=_about_job("unchanged"), job=_JOB, attempt=1, read_at=_AT),
    SummaryRefused(
        meta=_about_job("refused"),
        job=_JOB,
        attempt=1,
        code=ProblemCode.CONNECTION_DELETED,
        connection_id=_CONNECTION,
        generation=1,
    ),
    ConnectionSaved.model_validate(
        _CONNECTED
        | {"meta": _asked("saved"), "generation": 1, "health": ConnectionHealth.OK, "books": _BOOKS}
    ),
    ConnectionDeleted.model_validate(_CONNECTED | {"meta": _asked("deleted"), "generation": 2}),
    ConnectionNeedsAuth.model_validate(
        _CONNECTED
        | {
            "meta": _asked("needs_auth"),
            "generation": 1,
            "health": ConnectionHealth.NEEDS_AUTH,
            "code": ProblemCode.NEEDS_AUTH,
        }
    ),
    ConnectionRecovered.model_validate(_CONNECTED | {"meta": _asked("recovered"), "generation": 1}),
    ConnectionExpiring.model_validate(
        _CONNECTED
        | {
            "meta": _asked("expiring"),
            "provider": Provider.TRIPLETEX,
            "generation": 1,
            "expires_on": date(2026, 6, 1),
            "days_left": 30,
        }
    ),
    WebhookDisabled(
        meta=_asked("webhook_disabled"),
        endpoint_id=UUID("3f9d1c1e-5a7b-4c55-9d0e-8f6a2b7c4d10"),
        description="practice platform",
        reason=DisableReason.FAILING,
        failing_since=datetime(2026, 4, 27, 8, 15, tzinfo=UTC),
        disabled_at=_AT,
    ),
)
