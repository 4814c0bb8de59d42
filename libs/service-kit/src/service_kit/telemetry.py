"""Logs as JSON, traces and metrics by OpenTelemetry."""

import logging
import os
import socket
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pythonjsonlogger.json import JsonFormatter

from service_kit.metrics import exporting

_PROPAGATOR = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The providers of one process; `shutdown` flushes what is left, at most some seconds."""

    tracers: TracerProvider
    meters: MeterProvider

    def shutdown(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()


def setup_telemetry(name: str, *, level: int = logging.INFO) -> Telemetry:
    """Log JSON to stderr; export over OTLP when the standard environment variables name a collector."""
    _log_json(name, level)
    resource = resource_of(name)
    exports = exporting()
    # The collector chooses which to keep, not a caller's flag. Without one they are carried on, so that log
    # lines can be joined, but not recorded.
    tracers = TracerProvider(resource=resource, sampler=ALWAYS_ON if exports else ALWAYS_OFF)
    readers = [_export(tracers)] if exports else []
    meters = MeterProvider(metric_readers=readers, resource=resource)
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    return Telemetry(tracers, meters)


def resource_of(name: str) -> Resource:
    """Which service, which version, which of its processes; the standard variables say otherwise."""
    own = {
        SERVICE_NAME: name,
        SERVICE_VERSION: version(name),
        SERVICE_INSTANCE_ID: f"{socket.gethostname()}/{os.getpid()}",
    }
    return Resource.create(own).merge(OTELResourceDetector().detect())


def _export(tracers: TracerProvider) -> MetricReader:
    # A quarter of a second to import: only where there is somebody to tell.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(timeout=5)
    tracers.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=20_000, max_export_batch_size=2_000)
    )
    return PeriodicExportingMetricReader(OTLPMetricExporter(timeout=5))


@cache
def tracer() -> trace.Tracer:
    """For spans of our own."""
    return trace.get_tracer("ledgerbus")


def current_traceparent() -> str | None:
    """The current span as W3C `traceparent`; None outside any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def context_of(traceparent: str | None) -> Context:
    """The remote context a `traceparent` names; an empty one otherwise."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def within(traceparent: str | None) -> Context | None:
    """Where a span begins that belongs to the trace given; None: in the current context."""
    return None if traceparent is None else context_of(traceparent)


class CurrentSpan(AbstractContextManager[trace.Span]):
    """A span around work; of an error it tells the type alone, for its text may quote what was handled.

    OpenTelemetry's own takes half as long again, and each message passes several. `options`: as there.
    """

    __slots__ = ("_name", "_options", "_span", "_token")

    def __init__(self, name: str, **options: Any) -> None:
        self._name = name
        self._options = options

    def __enter__(self) -> trace.Span:
        self._span = tracer().start_span(self._name, **self._options)
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        context.detach(self._token)
        if isinstance(error, Exception):
            self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        self._span.end()


def publishing_span(topic: str, traceparent: str | None) -> CurrentSpan:
    """Around the sending of a message: inside the trace given, else inside the current one."""
    return CurrentSpan(
        f"{topic} publish",
        context=within(traceparent),
        kind=SpanKind.PRODUCER,
        attributes={"messaging.destination.name": topic},
    )


def processing_span(topic: str, traceparent: str | None) -> CurrentSpan:
    """Around the handling of a message that came with this trace."""
    return CurrentSpan(
        f"{topic} process",
        context=context_of(traceparent),
        kind=SpanKind.CONSUMER,
        attributes={"messaging.destination.name": topic},
    )


class WithTrace(logging.Filter):
    """Joins log lines to traces."""

    def filter(self, record: logging.LogRecord) -> bool:
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            record.trace_id = f"{span.trace_id:032x}"
            record.span_id = f"{span.span_id:016x}"
        return True


def _log_json(name: str, level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(WithTrace())
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            static_fields={"service": name},
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "faststream", "httpx", "httpcore", "pymongo", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
