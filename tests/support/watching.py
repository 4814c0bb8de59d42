"""What an operator watches: the alerts and dashboards of deploy/."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
PAGES = sorted((GRAFANA / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "runbooks.md"

Json = dict[str, Any]


def rules() -> Iterator[Json]:
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[Json]:
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> list[Json]:
    return [rule for rule in rules() if "record" in rule]


def panels(page: Path) -> list[Json]:
    """With something on them; a row is only a heading."""
    return [panel for panel in json.loads(page.read_text())["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Every PromQL expression of alerts, recorded rules and dashboards."""
    asked = [target for page in PAGES for panel in panels(page) for target in panel.get("targets", [])]
    return [one["expr"] for one in (*rules(), *asked) if "expr" in one]
