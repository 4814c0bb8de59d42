"""The broker, its topics, and the groups that consume them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest
from sync_contracts.topics import all_topics

from ledgerbus_cli.doctor.findings import Finding, bad, good, look, some
from ledgerbus_cli.doctor.groups import GROUPS, Group, judged
from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.topic_settings import topic_settings

PART = "broker"
_INIT_PRODUCER_ID = 22  # Kafka's number for the call that idempotent producers begin with
_LONGEST_RUN_MS = 48 * 3600 * 1000
_DAY_MS = 24 * 3600 * 1000
_SETUP = "`ledgerbus setup` makes what is missing and changes nothing else."


async def check_broker(bootstrap_servers: str, *, is_embedded: bool) -> list[Finding]:
    """Reachable, its topics, their groups; one finding alone when it does not answer."""
    try:
        async with _connected(kafka_options(bootstrap_servers)) as (admin, consumer):
            found = [await _reached(admin, bootstrap_servers, is_embedded=is_embedded)]
            existing = sorted(set(all_topics()) & set(await admin.list_topics()))
            found += await _topics(admin, existing, is_embedded=is_embedded)
            return found + await _groups(admin, consumer, existing, is_embedded=is_embedded)
    except (KafkaError, OSError, TimeoutError) as error:
        told = f"The broker does not answer at {bootstrap_servers} ({type(error).__name__})."
        advice = "Start it, or correct --kafka; LEDGERBUS_KAFKA_… say how to sign in."
        return [bad(PART, told, advice)]


@asynccontextmanager
async def _connected(options: dict[str, Any]) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    admin = AIOKafkaAdminClient(**options, request_timeout_ms=10_000)
    consumer = AIOKafkaConsumer(**options, enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    finally:
        await consumer.stop()
        await admin.close()


async def _reached(admin: AIOKafkaAdminClient, where: str, *, is_embedded: bool) -> Finding:
    brokers = len((await admin.describe_cluster())["brokers"])
    answer = await admin._send_request(ApiVersionRequest())  # noqa: SLF001 (aiokafka tells it nowhere else)
    is_idempotent = any(key == _INIT_PRODUCER_ID for key, *_ in answer.api_versions)
    told = f"{brokers} broker{'s' if brokers > 1 else ''} at {where}"
    if is_idempotent or is_embedded:
        kind = "takes idempotent producers" if is_idempotent else "embedded, without idempotent producers"
        return good(PART, f"{told}: {kind}.")
    return bad(
        PART,
        f"{told} cannot take idempotent producers.",
        "Use Apache Kafka 3.0 or newer: a retry may double.",
    )


async def _topics(admin: AIOKafkaAdminClient, existing: list[str], *, is_embedded: bool) -> list[Finding]:
    missing = sorted(set(all_topics()) - set(existing))
    if missing:
        yours = "Restart `ledgerbus up`: it makes them." if is_embedded else _SETUP
        return [bad("topics", f"{len(missing)} topics are missing: {some(missing)}.", yours)]
    described = await admin.describe_topics(existing)
    sizes = {len(topic["partitions"]) for topic in described}
    away = [topic["topic"] for topic in described if any(part["leader"] < 0 for part in topic["partitions"])]
    if away:
        return [bad("topics", f"Nobody leads partitions of {some(away)}.", "Bring back the missing brokers.")]
    size = f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    return [
        good("topics", f"All {len(existing)} topics are there, with {size} partitions."),
        await _retention(admin, existing),
    ]


async def _retention(admin: AIOKafkaAdminClient, topics: list[str]) -> Finding:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    answers = await admin.describe_configs(asked)
    kept = {
        resource[3]: int(entry[1])
        for answer in answers
        for resource in answer.resources
        for entry in resource[4]
        if entry[0] == "retention.ms"
    }
    return retention(kept)


def retention(kept: Mapping[str, int]) -> Finding:
    """Of each topic's `retention.ms`: what a run may last, or what `ledgerbus setup` gives if less."""
    if not kept:
        return good("retention", "The broker does not tell how long it keeps messages.")
    given = {topic: int(settings["retention.ms"]) for topic, settings in topic_settings(1).items()}
    short = sorted(topic for topic, ms in kept.items() if 0 <= ms < min(_LONGEST_RUN_MS, given[topic]))
    if short:
        told = f"{some(short)}: messages are kept for less than 48 hours, which a run may last."
        return bad("retention", told, "Raise retention.ms of these topics to 7 days.")
    if any(ms < 0 for ms in kept.values()):
        told = "Some messages are kept for ever, those about erased clients too."
        return look("retention", told, "Set retention.ms, such as to 7 days.")
    return good("retention", f"Messages are kept for {max(kept.values()) // _DAY_MS} days at most.")


async def _groups(
    admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, existing: Sequence[str], *, is_embedded: bool
) -> list[Finding]:
    known = {name for name, _ in await admin.list_consumer_groups()}
    topics = {topic for name in GROUPS for topic in GROUPS[name]} & set(existing)
    ends = await consumer.end_offsets(await _partitions(admin, sorted(topics)))
    found: list[Group] = []
    for name, consumed in GROUPS.items():
        parts = [each for each in ends if each.topic in consumed]
        # Asked one by one, and only about those it has: the embedded broker breaks off at any other,
        # and has none that has not committed yet.
        if name in known:
            members, behind = await _members(admin, name), await _behind(admin, name, parts, ends)
            found.append(Group(name, members, behind))
        elif not is_embedded:
            found.append(Group(name, 0, sum(ends[part] for part in parts)))
    return judged(found)


async def _members(admin: AIOKafkaAdminClient, name: str) -> int:
    answers = await admin.describe_consumer_groups([name])
    return sum(len(group[5]) for answer in answers for group in answer.groups)


async def _behind(
    admin: AIOKafkaAdminClient, name: str, parts: list[TopicPartition], ends: dict[TopicPartition, int]
) -> int:
    if not parts:
        return 0
    done = await admin.list_consumer_group_offsets(name, partitions=parts)
    return sum(max(0, ends[part] - max(0, done[part].offset)) for part in parts if part in done)


async def _partitions(admin: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    described = await admin.describe_topics(topics) if topics else []
    return [
        TopicPartition(topic["topic"], part["partition"])
        for topic in described
        for part in topic["partitions"]
    ]
