"""Topics, made on purpose: a broker that makes them by itself chooses the number of partitions."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.topic_settings import complete_settings

_NONE, _ALREADY_EXISTS = 0, 36  # Kafka's error codes
_AMONG_CLIENTS_S = 45.0


async def create_topics(
    client: str | Mapping[str, Any],
    names: Iterable[str],
    partitions: int,
    *,
    replication_factor: int = 1,
    settings: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """Make the topics that are missing; raises EmbeddedError where one exists with fewer partitions.

    `client` is the broker's address, or all that a client of it needs. `settings` are a topic's own; one that
    exists gets those that nobody has set on it.
    """
    wanted = sorted(set(names))
    if not wanted:
        return
    async with _admin({"bootstrap_servers": client} if isinstance(client, str) else client) as admin:
        existing = await _create(admin, wanted, partitions, replication_factor, settings)
        # Only topics known to exist are described: asking Tansu about any other would make it.
        if found := await _too_small(admin, existing, partitions):
            raise _too_few(found, partitions)
        if kept := {name: settings[name] for name in existing if name in settings}:
            await complete_settings(admin, kept)


async def create_topics_among_clients(bootstrap: str, names: Iterable[str], partitions: int) -> None:
    """Make topics on an empty broker whose waiting clients ask for them, and so make them too small."""
    wanted = sorted(set(names))
    try:
        async with asyncio.timeout(_AMONG_CLIENTS_S), _admin({"bootstrap_servers": bootstrap}) as admin:
            while wanted:
                existing = await _create(admin, wanted, partitions, replication_factor=1)
                wanted = await _too_small(admin, existing, partitions)
                if wanted:
                    await admin.delete_topics(wanted)
    except TimeoutError:
        raise _too_few(wanted, partitions) from None


@asynccontextmanager
async def _admin(options: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient,
    names: list[str],
    partitions: int,
    replication_factor: int,
    settings: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> list[str]:
    """Those that existed already."""
    answer = await admin.create_topics(
        [
            NewTopic(name, partitions, replication_factor, topic_configs=dict(settings.get(name, {})))
            for name in names
        ]
    )
    codes = {topic: (code, text) for topic, code, text in answer.topic_errors}
    for topic, (code, text) in codes.items():
        if code not in {_NONE, _ALREADY_EXISTS}:
            raise EmbeddedError(f"Topic {topic} could not be made: {text} (code {code}).")
    return [topic for topic, (code, _) in codes.items() if code == _ALREADY_EXISTS]


def _too_few(topics: list[str], partitions: int) -> EmbeddedError:
    return EmbeddedError(f"Topics with fewer than {partitions} partitions: {', '.join(topics)}.")


async def _too_small(admin: AIOKafkaAdminClient, names: list[str], partitions: int) -> list[str]:
    if not names:
        return []
    described = await admin.describe_topics(names)
    return [topic["topic"] for topic in described if len(topic["partitions"]) < partitions]
