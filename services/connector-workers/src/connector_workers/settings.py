"""Settings of the process, from the environment."""

from pathlib import Path

from connectors.protocol import LONGEST_READING_S
from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict
from service_kit.settings import HttpSettings, KafkaSettings, VaultSettings


class Settings(BaseSettings):
    """Variables are CONNECTOR_WORKERS__<NAME>; a missing or malformed one stops the start.

    Addresses and keys of the accounting systems are CONNECTORS__<NAME>.
    """

    model_config = SettingsConfigDict(
        env_prefix="CONNECTOR_WORKERS__",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,  # a start-up error must not print a secret
    )

    kafka: KafkaSettings
    vault: VaultSettings
    http: HttpSettings
    credentials_url: HttpUrl
    credentials_ca_file: Path | None = Field(None, description="Whose certificate it may show, too.")
    credentials_timeout_s: float = Field(15.0, gt=0, description="Per call; a lease may have to refresh.")
    slots: int = Field(
        500,
        ge=1,
        le=2_000,
        description="Readings at once: room for all that is released, so that none waits in a queue.",
    )
    provider_pause_s: float = Field(
        30.0, gt=0, description="Wait after a provider's fault; doubled with each attempt, up to 15 minutes."
    )
    longest_reading_s: float = Field(
        LONGEST_READING_S, gt=0, le=LONGEST_READING_S, description="Of all its months together."
    )
