"""Asks Prometheus' own promtool whether alerts, their unit tests and the queries of all dashboards hold."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from prometheus import program

ROOT = Path(__file__).parent.parent
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        queries = Path(folder) / "dashboards.yml"
        queries.write_text(yaml.safe_dump(as_rules(list(dashboard_queries()))))
        tool = program("promtool", Path(folder))
        checks = (
            ["check", "config", PROMETHEUS / "prometheus.yml"],
            ["test", "rules", *sorted((PROMETHEUS / "tests").glob("*.yml"))],
            ["check", "rules", queries],
        )
        failed = [
            check for check in checks if subprocess.run([tool, *map(str, check)], check=False).returncode
        ]
    return 1 if failed else 0


def dashboard_queries() -> Iterator[str]:
    """As Prometheus gets them, once Grafana has put its variables in."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        page = json.loads(path.read_text())
        asked = [target for panel in page["panels"] for target in panel.get("targets", [])]
        for found in [*asked, *page["annotations"]["list"]]:
            if "expr" in found:
                yield re.sub(r"\$\w+", ".*", found["expr"].replace("$__rate_interval", "1m"))


def as_rules(queries: list[str]) -> dict[str, object]:
    """Rules that only have to be read."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    return {"groups": [{"name": "dashboards", "rules": rules}]}


if __name__ == "__main__":
    sys.exit(main())
