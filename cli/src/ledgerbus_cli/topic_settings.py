"""How long Kafka keeps what."""

from collections.abc import Mapping

from sync_contracts.runs import RunProgress
from sync_contracts.topics import EVENTS, dead_letter_topic

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

# A request is known again for 7 days: no topic keeps one that would be carried out a second time.
_MESSAGES = {"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS)}
# Somebody has to find the time to look at them.
_DEAD_LETTERS = {"cleanup.policy": "delete", "retention.ms": str(30 * _DAY_MS)}
# Each tells all that the earlier ones of its run told, and none matters once the run has ended.
_PROGRESS = {
    "cleanup.policy": "compact,delete",
    "retention.ms": str(_DAY_MS),
    "segment.ms": str(_HOUR_MS),  # the newest segment is neither compacted nor deleted
}


def topic_settings(replicas: int) -> Mapping[str, Mapping[str, str]]:
    """Each topic's own settings, the topics of dead letters included."""
    safe = {"min.insync.replicas": "2" if replicas > 2 else "1"}  # of three, one may be away
    topics = {event.topic: _PROGRESS if event is RunProgress else _MESSAGES for event in EVENTS}
    dead = {dead_letter_topic(topic): _DEAD_LETTERS for topic in topics}
    return {topic: kept | safe for topic, kept in (topics | dead).items()}
