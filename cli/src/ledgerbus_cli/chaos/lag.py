"""How far the services' consumers are behind what was said."""

from collections import Counter
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted, JobFailed, JobRequested, JobStarted, JobWaiting
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.runs import RunFinished
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated

READS: Mapping[str, tuple[type[Event], ...]] = {
    "sync-orchestrator": (
        *(SyncReload, SyncBulk, SyncCancel, SyncRetry),
        *(JobStarted, JobWaiting, JobFailed, SummaryUpdated, SummaryUnchanged, SummaryRefused),
        *(ConnectionSaved, ConnectionDeleted, ConnectionNeedsAuth, ConnectionRecovered),
    ),
    "connector-workers": (JobRequested,),
    "summary-writer": (JobCounted,),
    "notifier": (RunFinished,),
}


async def behind(bootstrap_servers: str, ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    """Messages by consumer group that are not committed; groups that have nothing left are not named."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    left: Counter[str] = Counter()
    try:
        for service, kinds in READS.items():
            for kind in kinds:
                group = f"{service}.{kind.topic}"
                theirs = [partition for partition in ends if partition.topic == kind.topic]
                if not theirs:
                    continue
                done = await admin.list_consumer_group_offsets(group, partitions=theirs)
                left[group] = sum(max(0, ends[one] - max(0, done[one].offset)) for one in theirs)
    finally:
        await admin.close()
    return {group: messages for group, messages in left.items() if messages}
