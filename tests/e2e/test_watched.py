"""What dashboards look for besides our own metrics is there: ids in spans, and FastAPI's durations."""

import pytest
from support.kafka import eventually
from support.otlp import Collector
from support.system import Firm
from sync_contracts.month import Month
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

MAY = Month(2026, 5)
READERS = {"sync-orchestrator", "connector-workers", "summary-writer", "notifier"}


async def test_spans_of_a_run_are_found_by_run_and_by_company(firm: Firm, collector: Collector) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    receipt = await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, MAY)

    def services(attribute: str, value: str) -> set[str]:
        return {span.service for span in list(collector.spans) if span.attributes.get(attribute) == value}

    await eventually(lambda: services("ledgerbus.run_id", str(receipt.run_id)) >= READERS)
    await eventually(
        lambda: services("ledgerbus.company_id", firm.platform.company_id) >= READERS | {"credentials"}
    )


async def test_the_time_of_an_answer_is_exported_by_route(firm: Firm, collector: Collector) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)

    def routes() -> set[str]:
        found = collector.of_metric("http.server.request.duration")
        assert {series.unit for series in found} <= {"s"}
        return {dict(series.labels).get("http.route", "") for series in found}

    await eventually(lambda: "/v1/providers/{provider}:enabled" in routes())
