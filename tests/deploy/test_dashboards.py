"""Dashboards that Grafana can show, an operator can read, and that ask for what is really there."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from service_kit.metrics import METRICS, MetricName
from support.exported import metric_of
from support.promql import Asked, asked_in, grouped_by
from support.watching import GRAFANA, PAGES, Json, panels, queries, recorded

SOURCES = {
    source["uid"]: source["type"]
    for source in yaml.safe_load((GRAFANA / "provisioning/datasources/ledgerbus.yml").read_text())[
        "datasources"
    ]
}
_HTTP = {"http_route", "http_response_status_code"}
# Of Prometheus itself, and of FastAPI, whose export tests/e2e/test_watched.py checks.
FOREIGN = {
    "up": {"job", "instance"},
    "ALERTS": {"alertname", "alertstate", "severity"},
    "http_server_request_duration_seconds_bucket": _HTTP,
    "http_server_request_duration_seconds_count": _HTTP,
}
# How Prometheus' datasource words an annotation; Grafana's types of a dashboard leave that to it.
OF_ANNOTATIONS = {"titleFormat", "textFormat"}
OF_ALL = {"job", "instance", "le"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_panel_has_a_number_a_place_and_a_known_source(page: Path) -> None:
    found = json.loads(page.read_text())["panels"]

    assert Counter(panel["id"] for panel in found).most_common(1)[0][1] == 1
    assert not _overlapping(found)
    for panel in panels(page):
        for source in [panel.get("datasource"), *(one["datasource"] for one in panel.get("targets", []))]:
            assert source is None or SOURCES[source["uid"]] == source["type"], panel["title"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_panel_has_a_title_a_unit_and_says_what_good_looks_like(page: Path) -> None:
    titles = [panel["title"] for panel in panels(page)]
    assert len(set(titles)) == len(titles)
    for panel in panels(page):
        if panel["type"] != "text":
            assert "Good:" in panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_grafana_s_own_types_know_every_field_and_value(page: Path) -> None:
    register_default_plugins()
    written = json.loads(page.read_text())

    read = json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))

    unknown = {where.rpartition(".")[2] for where in _missing(written, read)}
    assert unknown <= OF_ANNOTATIONS


def test_grafana_s_own_types_do_not_know_what_it_has_not() -> None:
    register_default_plugins()
    written = json.loads((GRAFANA / "dashboards/overview.json").read_text())
    chart = next(panel for panel in written["panels"] if panel["type"] == "timeseries")
    chart["options"]["legend"]["displayMod"] = "list"

    read = json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))

    assert any(where.endswith(".displayMod") for where in _missing(written, read))


def _missing(written: Any, read: Any, where: str = "") -> Iterator[str]:
    """Where what was written is not what was read."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from _missing(value, read.get(name), f"{where}.{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from _missing(one, other, f"{where}[{number}]")
    elif written != read:
        yield where


def test_pages_do_not_share_an_address() -> None:
    uids = [json.loads(page.read_text())["uid"] for page in PAGES]

    assert len(set(uids)) == len(uids) == 5


def test_whatever_is_asked_for_is_a_metric_with_these_labels() -> None:
    for expr in queries():
        known = {asked.series: _labels(asked) for asked in asked_in(expr)}
        for asked in asked_in(expr):
            assert asked.labels <= known[asked.series], expr
        assert grouped_by(expr) <= OF_ALL.union(*known.values()), expr


def test_every_metric_is_watched_by_an_alert_or_on_a_dashboard() -> None:
    watched = {
        metric_of(asked.series)
        for expr in queries()
        for asked in asked_in(expr)
        if asked.series not in FOREIGN and ":" not in asked.series
    }

    assert METRICS.keys() - watched == {"ledgerbus.jobs.released", "ledgerbus.provider.calls"}
    assert watched <= {name for names in get_args(MetricName) for name in get_args(names)}


@pytest.mark.parametrize(
    ("expr", "series"),
    [
        ('sum by (a) (rate(x_total{b="c{d"}[5m])) / y > 4 * 3600', {"x_total", "y"}),
        ("x - last_over_time(x[1h] offset 15m) >= 0 or z", {"x", "z"}),
        ('absent(a:b{job="c"}) and on () max(q) == 1', {"a:b", "q"}),
        ("vector(0)", set()),
    ],
)
def test_the_names_in_an_expression_are_found(expr: str, series: set[str]) -> None:
    assert {asked.series for asked in asked_in(expr)} == series


def _labels(asked: Asked) -> set[str]:
    if asked.series in FOREIGN:
        return FOREIGN[asked.series] | OF_ALL
    for rule in recorded():
        if rule["record"] == asked.series:
            return grouped_by(rule["expr"])
    return set(METRICS[metric_of(asked.series)].labels) | OF_ALL


def _overlapping(found: list[Json]) -> list[str]:
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in found)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert all(x < 24 for x, _ in cells)
    return [str(cell) for cell, number in cells.items() if number > 1]
