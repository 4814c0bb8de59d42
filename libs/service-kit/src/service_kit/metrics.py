"""Every metric: its name, unit, labels and meaning in one table, and how to record it.

No label is ever a company, a client, a run or a job: their number has no bound.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

CounterName = Literal[
    "ledgerbus.dead_letters",
    "ledgerbus.facts.ignored",
    "ledgerbus.jobs.ended",
    "ledgerbus.jobs.released",
    "ledgerbus.jobs.waits",
    "ledgerbus.provider.calls",
    "ledgerbus.provider.throttles",
    "ledgerbus.receipts.published",
    "ledgerbus.requests.answered",
    "ledgerbus.sites.closed",
    "ledgerbus.summaries.results",
    "ledgerbus.token.refreshes",
    "ledgerbus.webhooks.dead_letters",
    "ledgerbus.webhooks.deliveries",
    "ledgerbus.webhooks.disabled",
]
HistogramName = Literal[
    "ledgerbus.event_loop.lag",
    "ledgerbus.jobs.start.duration",
    "ledgerbus.provider.call.duration",
    "ledgerbus.runs.duration",
    "ledgerbus.writer.batch.duration",
    "ledgerbus.writer.batch.size",
]
GaugeName = Literal[
    "ledgerbus.consumer.lag",
    "ledgerbus.consumer.oldest",
    "ledgerbus.consumer.stopped",
    "ledgerbus.jobs.open",
    "ledgerbus.provider.limit.left",
    "ledgerbus.readings.running",
    "ledgerbus.runs.deadline.left",
    "ledgerbus.runs.open",
    "ledgerbus.service.ready",
    "ledgerbus.webhooks.waiting",
]
Service = Literal[
    "every service", "credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier"
]
Reading: TypeAlias = tuple[float, Mapping[str, str]]
"""A gauge's value and its labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one metric tells, and who tells it."""

    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...] = ()
    meaning: str
    by: tuple[Service, ...]
    buckets: tuple[float, ...] = ()


_MILLISECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_MINUTES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_HOURS = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 21600.0)
_ITEMS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 150.0, 200.0)


def _counter(unit: str, meaning: str, *labels: str, by: Sequence[Service]) -> Metric:
    return Metric(kind="counter", unit=f"{{{unit}}}", labels=labels, meaning=meaning, by=tuple(by))


def _gauge(unit: str, meaning: str, *labels: str, by: Service) -> Metric:
    return Metric(kind="gauge", unit=unit, labels=labels, meaning=meaning, by=(by,))


def _histogram(
    unit: str, meaning: str, *labels: str, by: Sequence[Service], buckets: tuple[float, ...]
) -> Metric:
    return Metric(kind="histogram", unit=unit, labels=labels, meaning=meaning, by=tuple(by), buckets=buckets)


MetricName: TypeAlias = CounterName | HistogramName | GaugeName

METRICS: Mapping[MetricName, Metric] = {
    "ledgerbus.requests.answered": _counter(
        "request",
        "Requests answered for the first time. `kind`: reload, bulk, retry, cancel; "
        "`answer`: accepted, joined, rejected; `code`: why it was rejected, else empty.",
        *("kind", "answer", "code"),
        by=["sync-orchestrator"],
    ),
    "ledgerbus.runs.open": _gauge(
        "{run}",
        "Runs that have not ended. Told by the leading instance alone.",
        "kind",
        by="sync-orchestrator",
    ),
    "ledgerbus.runs.deadline.left": _gauge(
        "s",
        "How much longer the open run with the least time left may last, if it goes on as now; "
        "none while no run is open. Told by the leading instance alone.",
        "kind",
        by="sync-orchestrator",
    ),
    "ledgerbus.runs.duration": _histogram(
        "s",
        "From the acceptance of a request to the end of its run.",
        *("kind", "ending"),
        by=["sync-orchestrator"],
        buckets=_HOURS,
    ),
    "ledgerbus.jobs.open": _gauge(
        "{job}",
        "Jobs that have not ended. `reason`: running, or why not. Told by the leading instance alone.",
        *("reason", "provider"),
        by="sync-orchestrator",
    ),
    "ledgerbus.jobs.released": _counter(
        "job", "Attempts handed to the workers.", "provider", by=["sync-orchestrator"]
    ),
    "ledgerbus.jobs.start.duration": _histogram(
        "s",
        "From the acceptance of a request to the first start of a job of it.",
        *("provider", "kind"),
        by=["sync-orchestrator"],
        buckets=_MINUTES,
    ),
    "ledgerbus.jobs.waits": _counter(
        "wait",
        "Attempts that ended with a wait.",
        *("reason", "provider"),
        by=["sync-orchestrator"],
    ),
    "ledgerbus.jobs.ended": _counter(
        "job",
        "Jobs that ended, each once, by its first ending. `code`: why it was not written, else empty.",
        *("ending", "provider", "code"),
        by=["sync-orchestrator"],
    ),
    "ledgerbus.facts.ignored": _counter(
        "fact",
        "Facts about older attempts or ended runs, which change nothing.",
        "topic",
        by=["sync-orchestrator"],
    ),
    "ledgerbus.sites.closed": _counter(
        "closing",
        "Times a provider's server was not asked for a while.",
        "provider",
        by=["sync-orchestrator"],
    ),
    "ledgerbus.readings.running": _gauge(
        "{reading}", "Readings of connections under way.", by="connector-workers"
    ),
    "ledgerbus.provider.calls": _counter(
        "call",
        "Calls that readings made. `kind`: read, identity.",
        *("provider", "kind"),
        by=["connector-workers"],
    ),
    "ledgerbus.provider.call.duration": _histogram(
        "s",
        "Calls at providers, each try by itself. `status`: 2xx, 3xx, 4xx, 429, 5xx, or none: no answer.",
        *("provider", "status"),
        by=["connector-workers", "credentials"],
        buckets=_SECONDS,
    ),
    "ledgerbus.provider.throttles": _counter(
        "answer",
        "Answers that told us to slow down.",
        "provider",
        by=["connector-workers", "credentials"],
    ),
    "ledgerbus.provider.limit.left": _gauge(
        "{call}",
        "The fewest calls that any account of the provider may still make in the current window of a budget.",
        *("provider", "budget"),
        by="connector-workers",
    ),
    "ledgerbus.token.refreshes": _counter(
        "refresh",
        "Refreshes and sign-ins at a provider. `outcome`: renewed, failed.",
        *("provider", "outcome"),
        by=["credentials"],
    ),
    "ledgerbus.summaries.results": _counter(
        "result",
        "Results of jobs. `outcome`: updated, unchanged, refused.",
        "outcome",
        by=["summary-writer"],
    ),
    "ledgerbus.writer.batch.size": _histogram(
        "{result}", "Results written together.", by=["summary-writer"], buckets=_ITEMS
    ),
    "ledgerbus.writer.batch.duration": _histogram(
        "s", "Writing of a batch of results.", by=["summary-writer"], buckets=_SECONDS
    ),
    "ledgerbus.receipts.published": _counter(
        "receipt", "Receipts of runs. `ending`: the run's.", "ending", by=["notifier"]
    ),
    "ledgerbus.webhooks.waiting": _gauge(
        "{delivery}",
        "Deliveries that are due or will be tried again, of all instances.",
        by="notifier",
    ),
    "ledgerbus.webhooks.deliveries": _counter(
        "attempt", "Attempts to deliver a webhook.", "outcome", by=["notifier"]
    ),
    "ledgerbus.webhooks.dead_letters": _counter(
        "delivery", "Deliveries that were given up.", "reason", by=["notifier"]
    ),
    "ledgerbus.webhooks.disabled": _counter(
        "endpoint", "Endpoints that were switched off by us.", "reason", by=["notifier"]
    ),
    "ledgerbus.dead_letters": _counter(
        "message",
        "Messages parked in `<topic>.dead`. `error`: the type of what was raised.",
        *("topic", "error"),
        by=["every service"],
    ),
    "ledgerbus.consumer.lag": _gauge(
        "{message}",
        "Messages of the partitions held that are not dealt with: not yet taken, or in hand.",
        *("topic", "group"),
        by="every service",
    ),
    "ledgerbus.consumer.oldest": _gauge(
        "s",
        "Age of the oldest message in hand; 0 when there is none.",
        *("topic", "group"),
        by="every service",
    ),
    "ledgerbus.consumer.stopped": _gauge(
        "",
        "1 once the consumer has stopped after too many failures in a row, else 0.",
        *("topic", "group"),
        by="every service",
    ),
    "ledgerbus.service.ready": _gauge(
        "", "1 while the service can do its work, as `/ready` says, else 0.", by="every service"
    ),
    "ledgerbus.event_loop.lag": _histogram(
        "s",
        "How much later than asked a pause ended: what everything in the process waits for.",
        by=["every service"],
        buckets=_MILLISECONDS,
    ),
}


def prometheus_name(name: MetricName) -> str:
    """As the collector's exporter writes it; a histogram's parts add `_bucket`, `_sum` and `_count`."""
    metric = METRICS[name]
    unit = "_seconds" if metric.unit == "s" else ""
    return name.replace(".", "_") + unit + ("_total" if metric.kind == "counter" else "")


def exporting() -> bool:
    """Whether somebody is told: the standard environment variables name a collector."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def count(name: CounterName, amount: int = 1, **labels: str) -> None:
    """Add to a counter."""
    _counter_of(name).add(amount, labels)


def record(name: HistogramName, value: float, **labels: str) -> None:
    """One more value of a histogram."""
    _histogram_of(name).record(value, labels)


def observe(name: GaugeName, read: Callable[[], Iterable[Reading]]) -> None:
    """From now on the gauge is read whenever metrics are exported, in a thread of the exporter's."""

    def callback(_: CallbackOptions) -> list[Observation]:
        return [Observation(value, labels) for value, labels in read()]

    metric = METRICS[name]
    _meter().create_observable_gauge(name, [callback], unit=metric.unit, description=metric.meaning)


@cache
def _counter_of(name: CounterName) -> Counter:
    metric = METRICS[name]
    return _meter().create_counter(name, unit=metric.unit, description=metric.meaning)


@cache
def _histogram_of(name: HistogramName) -> Histogram:
    metric = METRICS[name]
    return _meter().create_histogram(
        name,
        unit=metric.unit,
        description=metric.meaning,
        explicit_bucket_boundaries_advisory=metric.buckets,
    )


def _meter() -> Meter:
    return metrics.get_meter("ledgerbus")
