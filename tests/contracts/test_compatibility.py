"""A released field may not vanish, change its type or become required."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from sync_contracts.compatibility import breaking_changes
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted
from sync_contracts.requests import SyncRequest
from sync_contracts.topics import EVENTS

RELEASED = Path(__file__).parents[2] / "schemas" / "released"


def schema(event: type[Event]) -> dict[str, Any]:
    return event.model_json_schema(mode="validation" if issubclass(event, SyncRequest) else "serialization")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_released_fields_are_still_there(event: type[Event]) -> None:
    released = json.loads((RELEASED / f"{event.topic}.schema.json").read_text())

    assert breaking_changes(released, schema(event)) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_released_messages_are_still_read_whole(event: type[Event]) -> None:
    sample = (RELEASED / f"{event.topic}.sample.json").read_text()

    read = event.model_validate_json(sample)

    assert json.loads(read.model_dump_json()).items() >= json.loads(sample).items()


def test_dropped_field_is_told() -> None:
    current = deepcopy(schema(JobCounted))
    del current["properties"]["read_at"]

    assert "message.read_at is gone" in breaking_changes(schema(JobCounted), current)


def test_dropped_field_of_a_nested_object_is_told() -> None:
    current = deepcopy(schema(JobCounted))
    del current["$defs"]["Job"]["properties"]["month"]

    assert "message.job.month is gone" in breaking_changes(schema(JobCounted), current)


def test_retyped_field_is_told() -> None:
    current = deepcopy(schema(JobCounted))
    current["properties"]["calls"]["type"] = "string"

    assert "message.calls has another type" in breaking_changes(schema(JobCounted), current)


def test_lost_choice_is_told() -> None:
    current = deepcopy(schema(JobCounted))
    current["$defs"]["Source"]["enum"].remove("ledger")

    assert any("no longer knows ledger" in line for line in breaking_changes(schema(JobCounted), current))


def test_newly_required_field_is_told() -> None:
    current = deepcopy(schema(JobCounted))
    current["properties"]["extra"] = {"type": "string"}
    current["required"].append("extra")

    assert breaking_changes(schema(JobCounted), current) == ["message.extra has become required"]


def test_added_optional_field_breaks_nothing() -> None:
    current = deepcopy(schema(JobCounted))
    current["properties"]["extra"] = {"type": "string"}

    assert breaking_changes(schema(JobCounted), current) == []
