"""A collector and a Prometheus of their own, with the configuration of deploy/ and free ports."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from prometheus import program
from sandbox.embedded.ports import free_port

ROOT = Path(__file__).parents[2]
EVERY_S = 2  # instead of 15, since it all lasts some minutes


@dataclass(frozen=True)
class Watching:
    """Where services send what they measure, and where it is asked for."""

    otlp: str
    prometheus: str

    async def ask(self, path: str, **query: Any) -> Any:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            answer = await http.get(f"{self.prometheus}/api/v1/{path}", params=query)
            return answer.raise_for_status().json()["data"]["result"]


@asynccontextmanager
async def watching(collector: str, folder: Path) -> AsyncIterator[Watching]:
    """Both run as long as the block lasts."""
    otlp, grpc, exporter, health, prometheus = (free_port() for _ in range(5))
    told = {
        "OTLP_HTTP_LISTEN": f"127.0.0.1:{otlp}",
        "OTLP_GRPC_LISTEN": f"127.0.0.1:{grpc}",
        "PROMETHEUS_LISTEN": f"127.0.0.1:{exporter}",
        "HEALTH_LISTEN": f"127.0.0.1:{health}",
        "JAEGER_ENDPOINT": "127.0.0.1:9",  # nobody: traces are not drawn
    }
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_nearby(exporter)))
    scraping = [program("prometheus", folder), f"--config.file={config}"]
    scraping += [f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{prometheus}"]
    with ExitStack() as stack:
        gathering = [collector, "--config", str(ROOT / "deploy" / "otel" / "collector.yaml")]
        stack.enter_context(_running(gathering, folder / "collector.log", told))
        stack.enter_context(_running(scraping, folder / "prometheus.log", {}))
        await _answers(f"http://127.0.0.1:{health}/")
        await _answers(f"http://127.0.0.1:{prometheus}/-/ready")
        yield Watching(f"http://127.0.0.1:{otlp}", f"http://127.0.0.1:{prometheus}")


def _nearby(exporter: int) -> dict[str, Any]:
    """deploy/prometheus/prometheus.yml, but for where things are and how often they are looked at."""
    folder = ROOT / "deploy" / "prometheus"
    config: dict[str, Any] = yaml.safe_load((folder / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": f"{EVERY_S}s", "evaluation_interval": f"{EVERY_S}s"}
    config["rule_files"] = [str(folder / each) for each in config["rule_files"]]
    del config["alerting"]
    [job] = [each for each in config["scrape_configs"] if each["job_name"] == "otel-collector"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{exporter}"]}]
    return config | {"scrape_configs": [job]}


@contextmanager
def _running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


async def _answers(url: str, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
