"""Topics, made on purpose: a broker that makes them by itself chooses the number of partitions."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from sandbox.embedded.errors import EmbeddedError

_NONE, _ALREADY_EXISTS = 0, 36  # Kafka's error codes


async def create_topics(
    client: str | Mapping[str, Any], names: Iterable[str], partitions: int, *, replication_factor: int = 1
) -> None:
    """Make the topics that are missing; raises EmbeddedError where one exists with fewer partitions.

    `client` is the broker's address, or all that a client of it needs.
    """
    wanted = sorted(set(names))
    if not wanted:
        return
    options = {"bootstrap_servers": client} if isinstance(client, str) else client
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        answer = await admin.create_topics(
            [NewTopic(name, partitions, replication_factor) for name in wanted]
        )
        codes = {topic: (code, text) for topic, code, text in answer.topic_errors}
        for topic, (code, text) in codes.items():
            if code not in {_NONE, _ALREADY_EXISTS}:
                raise EmbeddedError(f"Topic {topic} could not be made: {text} (code {code}).")
        # Only topics known to exist are described: asking Tansu about any other would make it.
        existing = [topic for topic, (code, _) in codes.items() if code == _ALREADY_EXISTS]
        found = await _too_small(admin, existing, partitions)
        if found:
            raise EmbeddedError(f"Topics with fewer than {partitions} partitions: {', '.join(found)}.")
    finally:
        await admin.close()


async def replace_small_topics(bootstrap: str, names: Iterable[str], partitions: int) -> None:
    """Delete the topics that a client's question made on an empty broker with too few partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = sorted(set(names) & set(await admin.list_topics()))
        small = await _too_small(admin, existing, partitions)
        if small:
            await admin.delete_topics(small)
    finally:
        await admin.close()


async def _too_small(admin: AIOKafkaAdminClient, names: list[str], partitions: int) -> list[str]:
    if not names:
        return []
    described = await admin.describe_topics(names)
    return [topic["topic"] for topic in described if len(topic["partitions"]) < partitions]
