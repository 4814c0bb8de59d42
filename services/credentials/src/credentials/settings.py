"""Settings of the process, from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from service_kit.settings import (
    HttpSettings,
    KafkaSettings,
    MongoSettings,
    UserTokenSettings,
    VaultSettings,
)


class Settings(BaseSettings):
    """Variables are CREDENTIALS__<NAME>; a missing or malformed one stops the start."""

    model_config = SettingsConfigDict(
        env_prefix="CREDENTIALS__",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,  # a start-up error must not print a secret
    )

    kafka: KafkaSettings
    mongo: MongoSettings
    vault: VaultSettings
    http: HttpSettings
    users: UserTokenSettings
    return_origins: tuple[str, ...] = Field(
        default=(), description="Where a consent may lead the browser, such as https://app.example.com."
    )
    renewal_call_s: float = Field(15.0, gt=0, le=60, description="For signing in at a provider.")
    sweep_every_s: float = Field(2.0, gt=0)
    left_open_after_s: float = Field(60.0, gt=0, description="Then the sweeper finishes a save or delete.")
