"""Who a process says it is, and how its log lines are joined to traces."""

import logging
import os

import pytest
from service_kit.telemetry import WithTrace, resource_of
from support.tracing import global_tracers


def test_a_process_says_which_version_and_which_instance_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)

    told = resource_of("notifier").attributes

    assert told["service.name"] == "notifier"
    assert told["service.version"] == "0.1.0"
    assert str(told["service.instance.id"]).endswith(f"/{os.getpid()}")


def test_the_standard_variable_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-7,deployment.environment=test")

    told = resource_of("notifier").attributes

    assert (told["service.instance.id"], told["deployment.environment"]) == ("pod-7", "test")
    assert told["service.name"] == "notifier"


def test_log_lines_carry_trace_and_span() -> None:
    record = logging.LogRecord("any", logging.INFO, "", 0, "a sentence", None, None)

    with global_tracers().get_tracer("test").start_as_current_span("work") as span:
        WithTrace().filter(record)

    context = span.get_span_context()
    assert record.__dict__["trace_id"] == f"{context.trace_id:032x}"
    assert record.__dict__["span_id"] == f"{context.span_id:016x}"
