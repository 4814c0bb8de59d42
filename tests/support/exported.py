"""Whether what is looked for in metrics is really told by running processes."""

from collections.abc import Collection

from service_kit.metrics import METRICS, MetricName, prometheus_name
from support.kafka import eventually
from support.otlp import Collector

# They tell of trouble: a system where all goes well has none of them.
OF_TROUBLE: frozenset[MetricName] = frozenset(
    {
        "ledgerbus.dead_letters",
        "ledgerbus.facts.ignored",
        "ledgerbus.jobs.waits",
        "ledgerbus.provider.throttles",
        "ledgerbus.webhooks.dead_letters",
        "ledgerbus.webhooks.disabled",
    }
)
# Of a provider's server that several clients' jobs have found down.
OF_OUTAGES: frozenset[MetricName] = frozenset({"ledgerbus.sites.closed"})
_PARTS = ("_bucket", "_sum", "_count")


async def are_exported(
    collector: Collector, names: Collection[MetricName], *, within_s: float = 30.0
) -> None:
    """Waits until each has come, then compares kind, unit, labels and who told it with the table."""
    await eventually(lambda: not [name for name in names if not collector.of_metric(name)], within_s=within_s)
    for name in names:
        metric = METRICS[name]
        for series in collector.of_metric(name):
            assert (series.kind, series.unit) == (metric.kind, metric.unit), name
            assert series.meaning == metric.meaning, name
            assert series.label_names == set(metric.labels), f"{name}: {sorted(series.label_names)}"
            assert series.service in metric.by or "every service" in metric.by, f"{name} of {series.service}"


def metric_of(series: str) -> MetricName:
    """The metric behind a name in Prometheus; KeyError when there is none."""
    known = {prometheus_name(name): name for name in METRICS}
    parts = {
        f"{prometheus}{part}": name
        for prometheus, name in known.items()
        if METRICS[name].kind == "histogram"
        for part in _PARTS
    }
    plain = {series: name for series, name in known.items() if METRICS[name].kind != "histogram"}
    return (plain | parts)[series]
