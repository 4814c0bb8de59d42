"""The table of metrics."""

from typing import get_args

import pytest
from service_kit.metrics import METRICS, CounterName, GaugeName, HistogramName, prometheus_name

KINDS = {"counter": CounterName, "histogram": HistogramName, "gauge": GaugeName}


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_has_each_name_under_its_kind(kind: str) -> None:
    in_table = {name for name, metric in METRICS.items() if metric.kind == kind}

    assert in_table == set(get_args(KINDS[kind]))


def test_no_label_can_name_one_of_thousands() -> None:
    labels = {label for metric in METRICS.values() for label in metric.labels}

    assert not labels & {"company", "company_id", "client", "client_id", "run", "run_id", "job", "job_id"}


def test_histograms_have_rising_buckets_and_others_none() -> None:
    for name, metric in METRICS.items():
        assert list(metric.buckets) == sorted(set(metric.buckets)), name
        assert bool(metric.buckets) is (metric.kind == "histogram"), name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ledgerbus.jobs.ended", "ledgerbus_jobs_ended_total"),
        ("ledgerbus.runs.duration", "ledgerbus_runs_duration_seconds"),
        ("ledgerbus.jobs.open", "ledgerbus_jobs_open"),
        ("ledgerbus.consumer.oldest", "ledgerbus_consumer_oldest_seconds"),
    ],
)
def test_names_in_prometheus(name: CounterName | HistogramName | GaugeName, written: str) -> None:
    assert prometheus_name(name) == written
