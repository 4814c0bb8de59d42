"""Settings of the process, from the environment."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from service_kit.settings import (
    HttpSettings,
    KafkaSettings,
    MongoSettings,
    UserTokenSettings,
    VaultSettings,
)


class WebhookSettings(BaseModel):
    """Where webhooks may go, and how many at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    allow_http: bool = Field(False, description="For a laptop: also http:// addresses.")
    allow_private: bool = Field(False, description="Also loopback and private addresses: inside one network.")
    ports: tuple[int, ...] = Field((443, 8443), description="Empty: any.")
    timeout_s: float = Field(15.0, gt=0, le=60)
    in_flight: int = Field(200, ge=1, description="Deliveries of one process.")
    per_endpoint: int = Field(4, ge=1, description="Deliveries of one process to one endpoint.")
    poll_every_s: float = Field(1.0, gt=0)


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
    vault: VaultSettings
    http: HttpSettings
    users: UserTokenSettings
    webhooks: WebhookSettings = WebhookSettings()
    counted_every_s: float = Field(15.0, gt=0, description="Between two counts of what waits, for metrics.")
    receipts_kept_days: float = Field(400.0, gt=0, description="Then they are forgotten.")
