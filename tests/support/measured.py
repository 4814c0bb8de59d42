"""What this process has counted and recorded, as an exporter would see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from service_kit import metrics
from service_kit.metrics import MetricName


class Measured:
    """By labels, in the table's order: a counter's or gauge's value, or the sum of what was recorded."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.meter = MeterProvider([self._reader]).get_meter("ledgerbus")

    def of(self, name: MetricName) -> dict[tuple[str, ...], float]:
        found = self._reader.get_metrics_data()
        labels = metrics.METRICS[name].labels
        points = [
            point
            for resource in (found.resource_metrics if found else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return {
            tuple(str((point.attributes or {})[label]) for label in labels): (
                point.sum if isinstance(point, HistogramDataPoint) else float(getattr(point, "value", 0))
            )
            for point in points
        }


@contextmanager
def measuring() -> Iterator[Measured]:
    """Instead of what the process was set up with."""
    measured = Measured()
    with patch.object(metrics, "_meter", lambda: measured.meter):
        _forget_instruments()
        yield measured
    _forget_instruments()


def _forget_instruments() -> None:
    metrics._counter_of.cache_clear()  # made once for the process
    metrics._histogram_of.cache_clear()
