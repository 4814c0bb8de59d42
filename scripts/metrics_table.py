"""docs/metrics.md: every metric, as the services' own table has it."""

from collections.abc import Iterable

from service_kit.metrics import METRICS, prometheus_name

HEAD = """# Metrics
Written by `make contracts` from `libs/service-kit/src/service_kit/metrics.py`, never by hand.

Every process sends them over OTLP to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it none is kept.
`OTEL_METRIC_EXPORT_INTERVAL` says how often, in ms. Each carries `service.name`, `service.version` and
`service.instance.id` (host and process; `OTEL_RESOURCE_ATTRIBUTES` may say otherwise).
[The collector's configuration](../deploy/otel/collector.yaml) writes names as Prometheus does: the second
name below; a histogram's end in `_bucket`, `_sum`, `_count`. Several instances may tell the same gauge: of
`ledgerbus_runs_open`, `ledgerbus_jobs_open` and `ledgerbus_webhooks_waiting`, which are about all of them,
take the `max`; of `ledgerbus_provider_limit_left` the `min`. A counter appears with its first event.
"""
COLUMNS = ("metric", "in Prometheus", "kind", "unit", "labels", "meaning", "told by")


def metrics_page() -> str:
    rows = "".join(
        f"| `{name}` | `{prometheus_name(name)}` | {each.kind} | {each.unit.strip('{}')} "
        f"| {_list(each.labels)} | {each.meaning} | {', '.join(each.by)} |\n"
        for name, each in METRICS.items()
    )
    return f"{HEAD}\n| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|\n{rows}\n{_buckets()}"


def _buckets() -> str:
    rows = "".join(
        f"| `{name}` | {', '.join(f'{bound:g}' for bound in each.buckets)} |\n"
        for name, each in METRICS.items()
        if each.kind == "histogram"
    )
    return f"| histogram | upper bounds of its buckets |\n|---|---|\n{rows}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
