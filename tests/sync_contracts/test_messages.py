from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from sync_contracts.event import Event
from sync_contracts.examples import EXAMPLES
from sync_contracts.ids import attempt_event_id, job_id, run_id
from sync_contracts.jobs import JobCounted
from sync_contracts.metrics import Metric
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncCancel, SyncRequest
from sync_contracts.topics import EVENTS, all_topics, dead_letter_topic


def example(kind: type[Event]) -> Event:
    return next(event for event in EXAMPLES if type(event) is kind)


def test_every_type_has_an_example_and_a_topic_of_its_own() -> None:
    assert {type(event) for event in EXAMPLES} == set(EVENTS)
    assert len(set(all_topics())) == 2 * len(EVENTS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.topic)
def test_message_survives_the_wire(event: Event) -> None:
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.topic)
def test_example_fits_its_own_schema(event: Event) -> None:
    schema = type(event).model_json_schema(
        mode="validation" if isinstance(event, SyncRequest) else "serialization"
    )

    Draft202012Validator(schema).validate(event.model_dump(mode="json"))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.topic)
def test_headers_are_cloudevents_in_binary_mode(event: Event) -> None:
    headers = event.headers("somewhere")

    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == str(event.meta.event_id)
    assert headers["ce_type"] == event.topic
    assert headers["ce_source"] == "/ledgerbus/somewhere"
    assert headers["ce_time"].endswith("Z")
    assert headers["content-type"] == "application/json"
    assert headers["ce_subject"]


def test_unknown_fields_are_ignored() -> None:
    event = example(JobCounted)
    body = event.model_dump(mode="json") | {"added_later": 1}

    assert JobCounted.model_validate(body) == event


def test_money_travels_as_text_and_keeps_its_cents() -> None:
    body = example(JobCounted).model_dump(mode="json")

    assert body["values"][Metric.SALES_NET]["value"] == "1280.00"


def test_messages_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        example(JobCounted).attempt = 2  # type: ignore[attr-defined]  # the point of the test


def test_effect_of_a_repeated_cause_has_the_same_id() -> None:
    cause = example(SyncBulk).meta

    assert cause.follow(JobCounted, "x").event_id == cause.follow(JobCounted, "x").event_id
    assert cause.follow(JobCounted, "x").event_id != cause.follow(JobCounted, "y").event_id
    assert cause.follow(JobCounted).causation_id == cause.event_id


def test_ids_are_derived_from_what_they_name() -> None:
    run = run_id("firm-1", "req-1")
    job = job_id(run, "client-1", Provider.XERO, Month(2026, 4))

    assert run == run_id("firm-1", "req-1") != run_id("firm-2", "req-1")
    assert job != job_id(run, "client-1", Provider.XERO, Month(2026, 5))
    assert attempt_event_id(job, 1, "counted") != attempt_event_id(job, 2, "counted")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_ids": []},
        {"client_ids": ["a", "a"]},
        {"client_ids": [f"c{number}" for number in range(10_001)]},
        {"client_ids": ["with blank"]},
        {"month": "2026-13"},
        {"provider": "nobody"},
        {"time_zone": "Mars/Base"},
        {"request_id": ""},
    ],
)
def test_bulk_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    body = example(SyncBulk).model_dump(mode="json") | changes

    with pytest.raises(ValidationError):
        SyncBulk.model_validate(body)


def test_cancel_names_the_run_or_its_request_not_both() -> None:
    body = example(SyncCancel).model_dump(mode="json")

    with pytest.raises(ValidationError, match="either"):
        SyncCancel.model_validate(body | {"run_id": None})
    with pytest.raises(ValidationError, match="either"):
        SyncCancel.model_validate(body | {"run_id": str(uuid4()), "target_request_id": "r"})


def test_dead_letters_stand_beside_their_topic() -> None:
    assert dead_letter_topic(JobCounted.topic) == "job.counted.v1.dead"
