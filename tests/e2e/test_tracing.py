"""One trace leads from the request to the receipt; each job has a trace of its own, linked to it."""

import secrets
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from support.kafka import eventually
from support.otlp import Collector
from support.system import Firm
from sync_contracts.event import Meta
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk

pytestmark = pytest.mark.e2e

JULY = Month(2026, 7)


async def test_one_trace_for_the_run_and_one_for_each_job(firm: Firm, collector: Collector) -> None:
    clients = ["client-1", "client-2"]
    for client in clients:
        await firm.connect(client, Provider.MERIT_AKTIVA)
    click = secrets.token_hex(16)
    meta = Meta(
        event_id=uuid4(),
        occurred_at=datetime.now(UTC),
        company_id=firm.platform.company_id,
        correlation_id="click-1",
        actor=firm.platform.actor,
    )
    bulk = SyncBulk(
        meta=meta, request_id="req-1", client_ids=tuple(clients), provider=Provider.MERIT_AKTIVA, month=JULY
    )

    await firm.platform.send(bulk, traceparent=f"00-{click}-{secrets.token_hex(8)}-01")
    await firm.platform.receipt("req-1", within_s=60)

    def names(trace: str) -> set[tuple[str, str]]:
        return {(span.service, span.name) for span in collector.trace(trace)}

    def has(trace: str, *steps: tuple[str, str]) -> bool:
        return set(steps) <= names(trace)  # each process sends its own spans, when it finds the time

    await eventually(
        partial(
            has,
            click,
            ("sync-orchestrator", "sync.bulk.v1 process"),
            ("sync-orchestrator", "run.accepted.v1 publish"),
            ("sync-orchestrator", "run.finished.v1 publish"),
            ("notifier", "run.finished.v1 process"),
            ("notifier", "sync.completed.v1 publish"),
        )
    )
    assert not any("job." in name for _, name in names(click))

    receipt = next(
        one
        for one in firm.platform.inbox.received
        if one.event.meta.company_id == firm.platform.company_id
        and one.headers["ce_type"] == "sync.completed.v1"
    )
    assert receipt.headers["traceparent"].split("-")[1] == click

    def jobs() -> set[str]:
        return {span.trace_id for span in collector.spans if click in span.links}

    await eventually(lambda: len(jobs()) >= len(clients))
    assert len(jobs()) == len(clients)
    for job in jobs():
        await eventually(
            partial(
                has,
                job,
                ("connector-workers", "job.requested.v1 process"),
                ("connector-workers", "read month"),
                ("summary-writer", "job.counted.v1 process"),
                ("summary-writer", "summary.updated.v1 publish"),
                ("sync-orchestrator", "summary.updated.v1 process"),
            )
        )
        call = next(span for span in collector.trace(job) if "url.template" in span.attributes)
        assert call.service == "connector-workers"
        assert call.name == f"{call.attributes['http.request.method']} {call.attributes['url.template']}"
        assert call.attributes["http.response.status_code"] == "200"
        assert call.attributes["server.address"].startswith("127.0.0.1:")


async def test_spans_of_provider_calls_hold_no_query_and_no_secret(firm: Firm, collector: Collector) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    secret = firm.accounts["client-1", Provider.MERIT_AKTIVA]["credentials"]["api_key"]
    before = len(collector.spans)

    await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JULY)

    def calls() -> list[str]:
        return [str(span) for span in collector.spans[before:] if "getinvoices" in str(span).lower()]

    await eventually(lambda: bool(calls()))
    assert not any(secret in str(span) or "signature" in str(span).lower() for span in collector.spans)
