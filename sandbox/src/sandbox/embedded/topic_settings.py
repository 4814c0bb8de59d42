"""Settings of topics that exist already."""

from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from sandbox.embedded.errors import EmbeddedError

_ON_THE_TOPIC = 1  # Kafka's number for a value that was set on the topic itself


async def complete_settings(admin: AIOKafkaAdminClient, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Set what nobody has set on these topics; what somebody chose stays."""
    present = await _set_on(admin, wanted)
    changed = {name: {**settings, **present.get(name, {})} for name, settings in wanted.items()}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, configs=settings)
        for name, settings in changed.items()
        if settings != present.get(name)
    ]
    if not resources:
        return
    for answer in await admin.alter_configs(resources):
        for code, text, _, name in answer.resources:
            if code:
                raise EmbeddedError(f"Topic {name} could not be set: {text} (code {code}).")


async def _set_on(admin: AIOKafkaAdminClient, names: Mapping[str, object]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await admin.describe_configs(resources) if resources else []
    return {
        name: {entry[0]: entry[1] for entry in entries if entry[3] == _ON_THE_TOPIC}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }
