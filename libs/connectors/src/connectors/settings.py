"""What an installation sets for the connectors: other addresses, and its own keys at the providers."""

from collections.abc import Mapping

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sync_contracts.providers import Provider


class ConnectorSettings(BaseSettings):
    """Variables are CONNECTORS__<NAME>, each a JSON object by provider."""

    model_config = SettingsConfigDict(env_prefix="CONNECTORS__", frozen=True, hide_input_in_errors=True)

    endpoints: Mapping[Provider, Mapping[str, HttpUrl]] = Field(
        default_factory=dict, description='{"xero": {"api": "http://127.0.0.1:9/xero/api"}}'
    )
    operators: Mapping[Provider, Mapping[str, SecretStr]] = Field(
        default_factory=dict, description='{"xero": {"client_id": "…", "client_secret": "…"}}'
    )
    call_timeout_s: float = Field(60.0, gt=0, le=120, description="Of one provider call.")
