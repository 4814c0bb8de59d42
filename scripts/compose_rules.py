"""What every container of docker-compose.yml owes: each rule is a function that tells what breaks it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Service = Mapping[str, Any]
Rule = Callable[[str, Service], Iterator[str]]

JOBS = {"setup", "imitate"}  # which end
CANNOT_BE_ASKED = {"otel-collector"}  # its image holds one program, and that tells nothing
FOR_PEOPLE = {  # who has a port on this machine, and which
    "credentials": 8001,
    "sync-orchestrator": 8002,
    "summary-writer": 8004,
    "notifier": 8005,
    "sandbox": 8010,
    "jaeger": 16686,
    "prometheus": 9090,
    "grafana": 3000,
}
_PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+")
_OURS = re.compile(r"ledgerbus/[\w-]+:\$\{LEDGERBUS_VERSION:-\d+\.\d+\.\d+\}")
_LIMITS = ("mem_limit", "cpus", "pids_limit")


def broken_rules(compose: Mapping[str, Any]) -> list[str]:
    """All that is wrong, a sentence each."""
    return [
        f"{name}: {told}"
        for name, service in compose["services"].items()
        for rule in RULES
        for told in rule(name, service)
    ]


def its_image_is_pinned(_: str, service: Service) -> Iterator[str]:
    image, ours = service.get("image", ""), "build" in service
    if not (_OURS if ours else _PINNED).fullmatch(image):
        yield f"image {image or 'is missing'}: a whole version, please"


def it_is_nobody(_: str, service: Service) -> Iterator[str]:
    user, _, group = str(service.get("user", "")).partition(":")
    if not (user.isdigit() and int(user) and group.isdigit()):
        yield "user is a number that is not root's, and a group"


def it_can_change_nothing(_: str, service: Service) -> Iterator[str]:
    if service.get("read_only") is not True:
        yield "read_only is missing"
    if service.get("cap_drop") != ["ALL"] or "cap_add" in service or service.get("privileged"):
        yield "it keeps capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "it may gain privileges"


def it_is_bounded(_: str, service: Service) -> Iterator[str]:
    yield from (f"{limit} is missing" for limit in _LIMITS if not service.get(limit))
    yield from (f"tmpfs {one} has no size" for one in service.get("tmpfs", ()) if "size=" not in one)
    if not service.get("logging", {}).get("options", {}).get("max-size"):
        yield "its log grows for ever"


def it_tells_how_it_is(name: str, service: Service) -> Iterator[str]:
    if name in JOBS | CANNOT_BE_ASKED:
        return
    if not service.get("healthcheck", {}).get("test"):
        yield "healthcheck is missing"
    if service.get("restart") != "unless-stopped":
        yield "it stays away after a crash"


def it_waits_for_what_it_needs(_: str, service: Service) -> Iterator[str]:
    needs = service.get("depends_on", {})
    if not isinstance(needs, dict):
        yield "depends_on names no conditions"
        return
    for name, need in needs.items():
        wanted = "service_completed_successfully" if name in JOBS else "service_healthy"
        if need["condition"] not in {wanted, "service_started"}:
            yield f"it waits for {name} in a way that never comes"


def it_is_shown_to_people_only(name: str, service: Service) -> Iterator[str]:
    port = FOR_PEOPLE.get(name)
    wanted = [f"127.0.0.1:{port}:{port}"] if port else []
    if service.get("ports", []) != wanted:
        yield f"ports are {wanted}"


RULES: tuple[Rule, ...] = (
    its_image_is_pinned,
    it_is_nobody,
    it_can_change_nothing,
    it_is_bounded,
    it_tells_how_it_is,
    it_waits_for_what_it_needs,
    it_is_shown_to_people_only,
)
