"""How far the services' consumers are behind what was said."""

from collections import defaultdict
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from ledgerbus_cli.system import SERVICES


async def behind(bootstrap_servers: str, ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    """Messages that are not committed, by group and topic, where a group has read anything of the topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        groups = sorted(name for name, _ in await admin.list_consumer_groups() if _is_ours(name))
        done = {group: await _committed(admin, group, ends) for group in groups}
    finally:
        await admin.close()
    left: dict[str, int] = defaultdict(int)
    for group, committed in done.items():
        topics = {partition.topic for partition, offset in committed.items() if offset > 0}
        for partition in (one for one in ends if one.topic in topics):
            left[f"{group} at {partition.topic}"] += max(0, ends[partition] - committed.get(partition, 0))
    return {what: messages for what, messages in left.items() if messages}


async def _committed(
    admin: AIOKafkaAdminClient, group: str, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    found = await admin.list_consumer_group_offsets(group, partitions=list(ends))
    return {partition: max(0, kept.offset) for partition, kept in found.items()}


def _is_ours(group: str) -> bool:
    return group.startswith(tuple(f"{service}." for service in SERVICES))
