"""Draws docs/pictures from a real system at work: its services, an OpenTelemetry collector, and Prometheus.

Usage: draw_dashboards.py --collector OTELCOL [--minutes M] [--python PYTHON]

OTELCOL is a collector of the version that docker-compose.yml starts (another may take a configuration that
this one refuses), with the exporter `prometheus` and the processor `tail_sampling`. PYTHON has matplotlib;
else an environment is made for this once. Prometheus is the machine's, or Debian's package.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from ledgerbus_cli.platform_client import open_platform
from ledgerbus_cli.system import SandboxOptions, System
from pictures.asking import answered
from pictures.watching import EVERY_S, ROOT, watching
from pictures.work import work

PAGES = ("overview", "providers", "services")
CLIENTS, DOCUMENTS = 12, 8
PICTURES = ROOT / "docs" / "pictures"
MATPLOTLIB = "matplotlib>=3.9"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--collector", required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--python")
    asked = parser.parse_args()
    check_version(asked.collector)
    with tempfile.TemporaryDirectory(prefix="ledgerbus-pictures-") as name:
        folder = Path(name)
        answers = asyncio.run(watched_work(asked.collector, folder, asked.minutes * 60))
        (folder / "answers.json").write_text(json.dumps(answers))
        drawing = [asked.python or _environment(folder), str(ROOT / "scripts/pictures/draw.py")]
        subprocess.run([*drawing, str(folder / "answers.json"), str(PICTURES)], check=True)


def check_version(collector: str) -> None:
    """SystemExit where the pictures would show another collector than the one that is deployed."""
    told = subprocess.run([collector, "--version"], check=True, capture_output=True, text=True).stdout.split()
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["otel-collector"]["image"]
    deployed = image.rpartition(":")[2]
    if told[-1].removeprefix("v") != deployed:
        raise SystemExit(f"{collector} is {told[-1]}, docker-compose.yml starts {deployed}")


async def watched_work(collector: str, folder: Path, lasts_s: float) -> list[dict[str, object]]:
    """Each dashboard with its lines; instants count from the beginning of the work."""
    async with watching(collector, folder) as watched:
        told = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": watched.otlp,
            "OTEL_METRIC_EXPORT_INTERVAL": str(EVERY_S * 1000),
        }
        system = System(
            folder / "system", SandboxOptions(clients=CLIENTS, documents=DOCUMENTS), environment=told
        )
        async with system, open_platform(system.addresses, system.key) as platform:
            since = time.time()
            await work(platform, str(system.addresses.sandbox), lasts_s)
            return [
                {"file": f"{page}.png", "page": await answered(watched, _json(page), since, time.time())}
                for page in PAGES
            ]


def _json(page: str) -> str:
    return (ROOT / "deploy" / "grafana" / "dashboards" / f"{page}.json").read_text()


def _environment(folder: Path) -> str:
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", MATPLOTLIB], check=True)
    return str(python)


if __name__ == "__main__":
    main()
