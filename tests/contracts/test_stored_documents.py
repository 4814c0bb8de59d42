"""Documents that a released version has stored are read by today's code, and so are those of the next one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from bson.binary import UuidRepresentation
from credentials.connection import Connection
from credentials.consent import Consent
from notifier.adapters.mongo_receipts import _receipt_from
from notifier.delivery import Delivery
from notifier.endpoint import Endpoint
from notifier.webhook_event import WebhookEvent
from summary_writer.adapters.summary_documents import entry_from, summary_from
from sync_orchestrator.adapters.mongo_jobs import _job
from sync_orchestrator.adapters.mongo_requests import _request
from sync_orchestrator.adapters.mongo_runs import _run
from sync_orchestrator.records import Breaker, ConnectionFact, Pause

DOCUMENTS = Path(__file__).parents[2] / "schemas" / "released" / "documents"
OPTIONS = json_util.CANONICAL_JSON_OPTIONS.with_options(
    tz_aware=True, uuid_representation=UuidRepresentation.STANDARD
)
READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "credentials.connections": Connection.model_validate,
    "credentials.consents": Consent.model_validate,
    "notifier.deliveries": Delivery.model_validate,
    "notifier.endpoints": Endpoint.model_validate,
    "notifier.receipts": _receipt_from,
    "notifier.webhook_events": WebhookEvent.model_validate,
    "orchestrator.breakers": Breaker.model_validate,
    "orchestrator.connections": ConnectionFact.model_validate,
    "orchestrator.jobs": _job,
    "orchestrator.pauses": Pause.model_validate,
    "orchestrator.requests": _request,
    "orchestrator.runs": _run,
    "summaries.client_summaries": summary_from,
    "summaries.summary_history": entry_from,
}
# Read field by field, without a form of their own.
PLAIN = {"credentials.companies", "credentials.token_sets", "orchestrator.cancels", "orchestrator.leases"}
PLAIN |= {"summaries.fences"}

# Keyed by names that are not fields of ours.
FREE = {"headers", "settings", "values"}


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json_util.loads((DOCUMENTS / f"{name}.json").read_text(), json_options=OPTIONS)
    return found


def with_news(value: Any) -> Any:
    """The same with a field in each object that a later version has added."""
    if isinstance(value, dict):
        more = {name: one if name in FREE else with_news(one) for name, one in value.items()}
        return more | {"added_later": "news"}
    return [with_news(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", READERS)
def test_a_stored_document_is_read_and_so_is_that_of_a_later_version(name: str) -> None:
    read = READERS[name]

    today, later = read(document(name)), read(with_news(document(name)))

    assert today == later


def test_each_sample_has_a_reader() -> None:
    assert {path.stem for path in DOCUMENTS.glob("*.json")} == set(READERS) | PLAIN
