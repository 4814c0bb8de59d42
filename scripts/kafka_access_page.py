"""docs/kafka-access.md: what each service reads and writes on Kafka, as its AsyncAPI document says."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync_contracts.topics import dead_letter_topic

HEAD = """# Who does what on Kafka
Written by `make contracts` from the services' own subscriptions, never by hand. For access control lists: a
user for each, who may do this and nothing else.
"""
PLATFORM_WRITES = ("sync.reload.v1", "sync.bulk.v1", "sync.cancel.v1", "sync.retry.v1")
PLATFORM_READS = (
    "run.accepted.v1",
    "run.rejected.v1",
    "run.progress.v1",
    "run.cancelling.v1",
    "sync.completed.v1",
)
WISHES = ("summary.updated.v1", "connection.needs_auth.v1", "connection.expiring.v1", "webhook.disabled.v1")

COMMANDS = """
## As commands
`KAFKA` is a broker's address, `admin.properties` says how an administrator signs in. Each service has a
user of its own name. What the platform only wishes to hear is granted too; its groups begin with `platform`.

```sh
acls() { kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add "$@"; }
"""

Json = dict[str, Any]


def kafka_access_page(documents: Mapping[str, Json]) -> str:
    """From the AsyncAPI document of each service."""
    access = {service: access_of(document) for service, document in documents.items()}
    rows = [_row(service, read, written) for service, (read, written) in access.items()]
    wishes = f"{_list(PLATFORM_READS)}; as it wishes {_list(WISHES)}"
    platform = f"| the platform | {wishes} | groups of its own | {_list(PLATFORM_WRITES)} |\n"
    columns = "| user | reads topics | in groups | writes topics |\n|---|---|---|---|\n"
    access["platform"] = [*PLATFORM_READS, *WISHES], [*PLATFORM_WRITES]
    commands = "".join(_commands(user, read, written) for user, (read, written) in access.items())
    return f"{HEAD}\n{columns}{platform}{''.join(rows)}{COMMANDS}{commands}```\n"


def access_of(document: Json) -> tuple[list[str], list[str]]:
    """Topics read, and topics written: what cannot be handled goes to the `.dead` one of what was read."""
    operations = document["operations"].values()
    read = sorted({_topic(each) for each in operations if each["action"] == "receive"})
    sent = {_topic(each) for each in operations if each["action"] == "send"}
    parked = {dead_letter_topic(topic) for topic in read if not topic.endswith(".dead")}
    return read, sorted(sent | parked)


def _row(service: str, read: list[str], written: list[str]) -> str:
    groups = f"`{service}.*`" if read else ""
    return f"| {service} | {_list(read)} | {groups} | {_list(written)} |\n"


def _commands(user: str, read: Iterable[str], written: Iterable[str]) -> str:
    granted = {"Read": list(read), "Write": list(written)}
    lines = [
        f"acls --allow-principal User:{user} --operation {operation} {_topics(topics)}\n"
        for operation, topics in granted.items()
        if topics
    ]
    if granted["Read"]:
        groups = f"--group {user} --resource-pattern-type prefixed"
        lines.append(f"acls --allow-principal User:{user} --operation Read {groups}\n")
    return "".join(lines)


def _topics(names: Iterable[str]) -> str:
    return " ".join(f"--topic {name}" for name in names)


def _topic(operation: Json) -> str:
    return str(operation["channel"]["$ref"]).rpartition("/")[2].partition(":")[0]


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
