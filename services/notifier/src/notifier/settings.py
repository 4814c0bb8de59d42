"""Settings of the process, from the environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict
from service_kit.settings import HttpSettings, KafkaSettings, MongoSettings, UserTokenSettings


class Settings(BaseSettings):
    """Variables are NOTIFIER__<NAME>; a missing or malformed one stops the start."""

    model_config = SettingsConfigDict(
        env_prefix="NOTIFIER__",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,  # a start-up error must not print a secret
    )

    kafka: KafkaSettings
    mongo: MongoSettings
    http: HttpSettings
    users: UserTokenSettings
