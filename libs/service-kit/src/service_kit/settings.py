"""Settings that several services share; each service names its own prefix."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KafkaSettings(_Settings):
    """How to reach Kafka; the embedded broker needs `idempotent=false` and short session times."""

    bootstrap_servers: str = Field(min_length=1)
    idempotent: bool = True
    session_timeout_ms: int = Field(10_000, ge=1_000)
    heartbeat_interval_ms: int = Field(3_000, ge=100)
    start_timeout_s: float = Field(60.0, gt=0)


class MongoSettings(_Settings):
    """How to reach MongoDB; each service owns one database."""

    url: SecretStr
    database: str = Field(min_length=1)
    ca_file: Path | None = Field(None, description="Then by TLS only, to a server that it vouches for.")
    timeout_s: float = Field(10.0, gt=0, description="Per operation and for finding a server.")


class VaultSettings(_Settings):
    """How to sign in to Vault by AppRole."""

    address: str = Field(min_length=1)
    mount: str = "ledgerbus"
    role_id: str = Field(min_length=1)
    secret_id_file: Path
    namespace: str | None = Field(None, min_length=1)
    ca_file: Path | None = Field(None, description="Whose certificate is believed; else the system's.")
    timeout_s: float = Field(10.0, gt=0)

    @property
    def api(self) -> str:
        return f"{self.address.rstrip('/')}/v1"

    @property
    def issuer(self) -> str:
        """Of the services' own tokens."""
        return "/".join([self.api, *filter(None, [self.namespace]), "identity/oidc"])


class HttpSettings(_Settings):
    """Where the service listens."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)


class UserTokenSettings(_Settings):
    """Whose tokens people carry: an OpenID issuer, its key set and our audience."""

    issuer: str = Field(min_length=1)
    audience: str = "ledgerbus"
    jwks_url: str = Field(pattern=r"^(https?|file)://", description="An address or a file.")
    algorithm: Literal["RS256", "ES256", "EdDSA"] = "RS256"
