"""An OpenTelemetry collector in memory: what processes export over HTTP, tests can look at."""

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource


@dataclass(frozen=True)
class Span:
    """One exported span; ids in hex."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: dict[str, str]
    is_error: bool


@dataclass(frozen=True)
class Series:
    """One exported series: a metric of one process with one set of labels."""

    name: str
    kind: str
    unit: str
    meaning: str
    service: str
    instance: str
    labels: tuple[tuple[str, str], ...]

    @property
    def label_names(self) -> set[str]:
        return {name for name, _ in self.labels}


@dataclass
class Collector:
    """Where processes send their spans and metrics to, and what came."""

    url: str
    spans: list[Span] = field(default_factory=list)
    resources: dict[str, dict[str, str]] = field(default_factory=dict)
    # The last value of each; of a histogram, how many were recorded.
    series: dict[Series, float] = field(default_factory=dict)

    def of_metric(self, name: str) -> dict[Series, float]:
        """What processes have told under the name."""
        return {series: value for series, value in list(self.series.items()) if series.name == name}

    def trace(self, trace_id: str) -> list[Span]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def take_spans(self, body: bytes) -> None:
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = self._seen(each.resource)
            for span in (span for scope in each.scope_spans for span in scope.spans):
                self.spans.append(
                    Span(
                        service=names.get("service.name", ""),
                        name=span.name,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        links=tuple(link.trace_id.hex() for link in span.links),
                        attributes=_texts(span.attributes),
                        is_error=span.status.code == span.status.STATUS_CODE_ERROR,
                    )
                )

    def take_metrics(self, body: bytes) -> None:
        for each in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            names = self._seen(each.resource)
            for metric in (metric for scope in each.scope_metrics for metric in scope.metrics):
                self._take(metric, names)

    def _take(self, metric: Metric, names: dict[str, str]) -> None:
        kind = str(metric.WhichOneof("data"))
        for point in getattr(metric, kind).data_points:
            series = Series(
                name=metric.name,
                kind={"sum": "counter"}.get(kind, kind),
                unit=metric.unit,
                meaning=metric.description,
                service=names.get("service.name", ""),
                instance=names.get("service.instance.id", ""),
                labels=tuple(sorted(_texts(point.attributes).items())),
            )
            counted = point.count if kind == "histogram" else point.as_int or point.as_double
            self.series[series] = float(counted)

    def _seen(self, resource: Resource) -> dict[str, str]:
        names = _texts(resource.attributes)
        self.resources[names.get("service.instance.id", "")] = names
        return names


def _texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {one.key: str(getattr(one.value, str(one.value.WhichOneof("value")))) for one in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                collector.take_spans(body)
            elif self.path == "/v1/metrics":
                collector.take_metrics(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
