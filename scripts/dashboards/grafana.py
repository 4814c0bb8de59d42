"""What a dashboard is made of, and how Grafana writes it down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Json = dict[str, Any]

PROMETHEUS = {"type": "prometheus", "uid": "ledgerbus-prometheus"}
JAEGER = {"type": "jaeger", "uid": "ledgerbus-jaeger"}
WIDTH = 24
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Query:
    """One PromQL expression; `legend` names each of its lines."""

    expr: str
    legend: str = ""


class Panel(Protocol):
    """Something with a place on a dashboard."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def as_json(self) -> Json: ...


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Numbers over time, or the latest of them; `says` tells what good looks like."""

    title: str
    says: str
    unit: str
    queries: Sequence[Query]
    shown: Literal["timeseries", "stat", "bargauge"] = "timeseries"
    stacked: bool = False
    # For small and large numbers beside each other; zeros stay.
    logarithmic: bool = False
    # From which value on a number is no longer good, and from which it is bad; and what it is below them.
    limits: Sequence[tuple[float, str]] = ()
    below: str = GREEN
    width: int = 12
    height: int = 8

    def as_json(self) -> Json:
        return {
            "type": self.shown,
            "title": self.title,
            "description": self.says,
            "datasource": PROMETHEUS,
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": _OPTIONS[self.shown],
            "targets": [self._target(number, query) for number, query in enumerate(self.queries)],
        }

    def _target(self, number: int, query: Query) -> Json:
        target = {"refId": chr(ord("A") + number), "datasource": PROMETHEUS, "expr": query.expr}
        now = {} if self.shown == "timeseries" else {"instant": True}
        return target | {"legendFormat": query.legend} | now

    def _defaults(self) -> Json:
        steps = [{"color": self.below, "value": None}, *({"color": c, "value": v} for v, c in self.limits)]
        defaults: Json = {"unit": self.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
        if self.shown == "timeseries":
            lines: Json = {"lineWidth": 1, "fillOpacity": 40 if self.stacked else 8, "showPoints": "never"}
            lines["stacking"] = {"mode": "normal" if self.stacked else "none"}
            if self.logarithmic:
                lines["scaleDistribution"] = {"type": "symlog", "log": 10, "linearThreshold": 10}
            lines["thresholdsStyle"] = {"mode": "dashed" if self.limits else "off"}
            return defaults | {"custom": lines, "color": {"mode": "palette-classic"}}
        return defaults | {"color": {"mode": "thresholds"}}


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Traces of one service with a span that has these tags, in logfmt."""

    title: str
    says: str
    service: str
    tags: str
    operation: str | None = None
    width: int = 12
    height: int = 9

    def as_json(self) -> Json:
        search = {"queryType": "search", "service": self.service, "tags": self.tags, "limit": 100}
        named = {"operation": self.operation} if self.operation else {}
        return {
            "type": "table",
            "title": self.title,
            "description": self.says,
            "datasource": JAEGER,
            "fieldConfig": {"defaults": {"unit": "string"}, "overrides": []},
            "options": {"showHeader": True, "sortBy": [{"displayName": "Start time", "desc": True}]},
            "targets": [{"refId": "A", "datasource": JAEGER} | search | named],
        }


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One trace whole, by the id in a variable."""

    title: str
    says: str
    variable: str
    width: int = WIDTH
    height: int = 16

    def as_json(self) -> Json:
        return {
            "type": "traces",
            "title": self.title,
            "description": self.says,
            "datasource": JAEGER,
            "fieldConfig": {"defaults": {"unit": "ns"}, "overrides": []},
            "targets": [{"refId": "A", "datasource": JAEGER, "query": f"${{{self.variable}}}"}],
        }


@dataclass(frozen=True, kw_only=True)
class Note:
    """Text beside the numbers."""

    title: str
    text: str
    width: int = WIDTH
    height: int = 6

    def as_json(self) -> Json:
        options = {"mode": "markdown", "content": self.text}
        return {"type": "text", "title": self.title, "description": self.title, "options": options}


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A page: its rows from top to bottom, and what can be chosen on it."""

    uid: str
    title: str
    says: str
    rows: Sequence[Row]
    variables: Sequence[Json] = ()
    since: str = "now-3h"
    tags: Sequence[str] = field(default=("ledgerbus",))

    def as_json(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.says,
            "tags": list(self.tags),
            "schemaVersion": 39,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "refresh": "30s",
            "time": {"from": self.since, "to": "now"},
            "templating": {"list": list(self.variables)},
            "links": [_SISTERS],
            "annotations": {"list": [_ALERTS]},
            "panels": list(_placed(self.rows)),
        }


def text_variable(name: str, label: str, default: str = "") -> Json:
    """A value that is typed in."""
    current = {"text": default, "value": default}
    return {"type": "textbox", "name": name, "label": label, "query": default, "current": current}


def label_variable(name: str, label: str, metric: str) -> Json:
    """One, several or all values that a label has."""
    query = {"query": f"label_values({metric}, {name})", "refId": "A"}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": PROMETHEUS,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _placed(rows: Iterable[Row]) -> Iterable[Json]:
    """Left to right, then below; each panel with a number of its own."""
    number, top = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                top, left, tallest = top + tallest, 0, 0
            number += 1
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place} | panel.as_json()
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


_LATEST = {"reduceOptions": {"calcs": ["lastNotNull"]}}
_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": _LATEST | {"colorMode": "background", "graphMode": "none", "textMode": "auto"},
    "bargauge": _LATEST | {"orientation": "horizontal", "displayMode": "basic"},
}
_SISTERS = {
    "type": "dashboards",
    "title": "ledgerbus",
    "tags": ["ledgerbus"],
    "asDropdown": False,
    "keepTime": True,
    "includeVars": False,
}
_ALERTS = {
    "name": "alerts",
    "datasource": PROMETHEUS,
    "enable": True,
    "iconColor": RED,
    "expr": 'ALERTS{alertstate="firing", severity=~"critical|warning"}',
    "titleFormat": "{{alertname}}",
    "textFormat": "{{job}} {{provider}} {{topic}}",
}
