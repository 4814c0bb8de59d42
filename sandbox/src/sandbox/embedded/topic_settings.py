"""Settings of topics that exist already."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion

from sandbox.embedded.errors import EmbeddedError

Settings = Mapping[str, str]

_ON_THE_TOPIC = 1  # Kafka's number for a value that was set on the topic itself


@dataclass(frozen=True, slots=True)
class _Found:
    """What holds for a topic, and what of it was set on the topic itself."""

    holds: Settings
    chosen: Settings

    def lacks(self, wanted: Settings) -> Settings:
        return {
            name: value
            for name, value in wanted.items()
            if name not in self.chosen and self.holds.get(name) != value
        }


async def complete_settings(admin: AIOKafkaAdminClient, wanted: Mapping[str, Settings]) -> None:
    """Set what nobody has set on these topics; what somebody chose stays."""
    found = await _find(admin, wanted)
    lacking = {name: found[name].lacks(settings) for name, settings in wanted.items()}
    # To name some settings is to reset all others: those chosen are named again.
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name, configs={**found[name].chosen, **settings})
        for name, settings in lacking.items()
        if settings
    ]
    if resources:
        await _change(admin, resources)


async def _find(admin: AIOKafkaAdminClient, names: Mapping[str, object]) -> dict[str, _Found]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    return {
        name: _Found(
            {entry[0]: entry[1] for entry in entries},
            {entry[0]: entry[1] for entry in entries if entry[3] == _ON_THE_TOPIC},
        )
        for answer in await admin.describe_configs(asked)
        for _, _, _, name, entries in answer.resources
    }


async def _change(admin: AIOKafkaAdminClient, resources: list[ConfigResource]) -> None:
    try:
        answers = await admin.alter_configs(resources)
    except IncompatibleBrokerVersion:
        return  # the embedded broker: it changes none, and keeps nothing for long
    for answer in answers:
        for code, text, _, name in answer.resources:
            if code:
                raise EmbeddedError(f"Topic {name} could not be set: {text} (code {code}).")
