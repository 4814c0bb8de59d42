"""What the panels of a dashboard show, asked of Prometheus as Grafana asks."""

import json
import re
from typing import Any

from pictures.watching import EVERY_S, Watching

Json = dict[str, Any]
_WINDOW = f"{10 * EVERY_S}s"


async def answered(watched: Watching, page: str, since: float, until: float) -> Json:
    """The dashboard with the lines of each panel."""
    found = json.loads(page)
    rows = [panel for panel in found["panels"] if panel["type"] == "row"]
    panels = [panel for panel in found["panels"] if panel.get("datasource", {}).get("type") == "prometheus"]
    shown = [await _panel(watched, panel, since, until) for panel in panels]
    headings = [{"title": row["title"], "top": row["gridPos"]["y"]} for row in rows]
    return {"title": found["title"], "rows": headings, "panels": shown, "lasts_s": until - since}


async def _panel(watched: Watching, panel: Json, since: float, until: float) -> Json:
    defaults = panel["fieldConfig"]["defaults"]
    lines = [line for target in panel["targets"] for line in await _lines(watched, target, since, until)]
    return {
        "title": panel["title"],
        "kind": panel["type"],
        "unit": defaults["unit"],
        "stacked": defaults.get("custom", {}).get("stacking", {}).get("mode") == "normal",
        "logarithmic": "scaleDistribution" in defaults.get("custom", {}),
        "limits": [step for step in defaults["thresholds"]["steps"] if step["value"] is not None],
        "place": panel["gridPos"],
        "lines": lines,
    }


async def _lines(watched: Watching, target: Json, since: float, until: float) -> list[Json]:
    expr = re.sub(r"\$\w+", ".*", target["expr"].replace("$__rate_interval", _WINDOW))
    if target.get("instant"):
        found = await watched.ask("query", query=expr, time=until)
        return [{"name": _name(target, one["metric"]), "points": [one["value"]]} for one in found]
    found = await watched.ask("query_range", query=expr, start=since, end=until, step=EVERY_S)
    return [
        {"name": _name(target, one["metric"]), "points": [[at - since, value] for at, value in one["values"]]}
        for one in found
    ]


def _name(target: Json, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), target["legendFormat"])
