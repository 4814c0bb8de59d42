"""docker-compose.yml obeys our rules, and each rule finds what breaks it."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_rules import broken_rules

Compose = dict[str, Any]
Change = Callable[[Compose], object]

FILE = Path(__file__).parents[2] / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> Compose:
    return dict(yaml.safe_load(FILE.read_text()))


def test_ours_breaks_none(compose: Compose) -> None:
    assert broken_rules(compose) == []


@pytest.mark.parametrize(
    ("service", "change", "told"),
    [
        ("kafka", lambda it: it.update(image="apache/kafka:latest"), "a whole version"),
        ("mongo", lambda it: it.update(image="mongo:8.0"), "a whole version"),
        ("notifier", lambda it: it.pop("image"), "is missing"),
        ("notifier", lambda it: it.update(user="0:0"), "not root's"),
        ("vault", lambda it: it.pop("user"), "not root's"),
        ("credentials", lambda it: it.update(read_only=False), "read_only"),
        ("credentials", lambda it: it.update(cap_add=["NET_ADMIN"]), "capabilities"),
        ("grafana", lambda it: it.pop("security_opt"), "privileges"),
        ("jaeger", lambda it: it.pop("mem_limit"), "mem_limit"),
        ("jaeger", lambda it: it.pop("pids_limit"), "pids_limit"),
        ("setup", lambda it: it.update(tmpfs=["/tmp"]), "no size"),
        ("setup", lambda it: it.pop("logging"), "log grows"),
        ("summary-writer", lambda it: it.pop("healthcheck"), "healthcheck"),
        ("summary-writer", lambda it: it.pop("restart"), "stays away"),
        ("notifier", lambda it: it.update(depends_on=["kafka"]), "no conditions"),
        ("notifier", lambda it: it["depends_on"].update(setup={"condition": "service_healthy"}), "setup"),
        ("kafka", lambda it: it.update(ports=["9092:9092"]), "ports are []"),
        ("grafana", lambda it: it.update(ports=["3000:3000"]), "127.0.0.1:3000"),
    ],
)
def test_a_rule_finds(compose: Compose, service: str, change: Change, told: str) -> None:
    changed = copy.deepcopy(compose)
    change(changed["services"][service])

    assert [found for found in broken_rules(changed) if found.startswith(f"{service}: ") and told in found]
