"""Who a process says it is, and how its log lines are joined to traces."""

import logging
import os
from contextlib import suppress

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span
from service_kit.telemetry import CurrentSpan, WithTrace, resource_of, within
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


def test_a_span_is_current_inside_alone_and_tells_of_an_error_its_type_alone() -> None:
    global_tracers()
    before = trace.get_current_span()

    with suppress(ValueError), CurrentSpan("work") as span:
        inside = trace.get_current_span()
        raise ValueError("the key of ann")

    assert inside is span
    assert trace.get_current_span() is before
    assert isinstance(span, Span)
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "ValueError")
    assert span.events == ()
    assert span.end_time is not None


def test_a_span_belongs_to_the_trace_given_else_to_the_current_one() -> None:
    traceparent = f"00-{0xABC:032x}-{0xDEF:016x}-01"

    with (
        CurrentSpan("outer", context=within(traceparent)) as outer,
        CurrentSpan("inner", context=within(None)) as inner,
    ):
        pass

    assert outer.get_span_context().trace_id == 0xABC
    assert isinstance(inner, Span)
    assert inner.parent == outer.get_span_context()
