"""Each job has a trace of its own, linked to its run's, so that a bulk is not one tree of thousands."""

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, get_current_span, use_span
from service_kit.telemetry import context_of, current_traceparent, tracer

from sync_orchestrator.records import JobRecord


def begin_job_trace(job: JobRecord, run_traceparent: str | None) -> str | None:
    """The `traceparent` of the job's new root span."""
    run_span = get_current_span(context_of(run_traceparent)).get_span_context()
    span = tracer().start_span(
        "job",
        context=Context(),
        kind=SpanKind.INTERNAL,
        links=[Link(run_span)] if run_span.is_valid else [],
        attributes={
            "ledgerbus.run_id": str(job.run_id),
            "ledgerbus.job_id": str(job.job_id),
            "ledgerbus.company_id": job.company_id,
            "ledgerbus.provider": job.provider,
            "ledgerbus.month": str(job.month),
        },
    )
    with use_span(span, end_on_exit=True):
        return current_traceparent()
