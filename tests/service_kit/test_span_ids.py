"""Spans say whose message they are about, whoever wrote it."""

import json

import pytest
from service_kit.span_ids import ids_of
from sync_contracts.event import Event
from sync_contracts.examples import EXAMPLES
from sync_contracts.jobs import JobCounted, JobRequested
from sync_contracts.runs import RunFinished

OF_RUNS = (JobRequested, JobCounted, RunFinished)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.topic)
def test_every_message_names_its_company_parsed_or_not(event: Event) -> None:
    parsed, raw = ids_of(event), ids_of(json.loads(event.model_dump_json()))

    assert parsed == raw
    assert parsed["ledgerbus.company_id"] == event.meta.company_id


@pytest.mark.parametrize("kind", OF_RUNS)
def test_what_belongs_to_a_run_names_it(kind: type[Event]) -> None:
    event = next(each for each in EXAMPLES if type(each) is kind)
    run = getattr(event, "run_id", None) or event.job.run_id  # type: ignore[attr-defined]  # of job events

    assert ids_of(event)["ledgerbus.run_id"] == str(run)


@pytest.mark.parametrize("body", [None, b"\xff", [], {"meta": 1}, {"meta": {"company_id": {}}, "run_id": 7}])
def test_a_body_of_any_shape_names_nobody(body: object) -> None:
    assert ids_of(body) == {}


def test_what_somebody_else_wrote_is_not_told_at_length() -> None:
    assert len(ids_of({"run_id": "x" * 5_000})["ledgerbus.run_id"]) == 64
