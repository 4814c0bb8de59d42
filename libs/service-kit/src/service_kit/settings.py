"""Settings that several services share; each service names its own prefix."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KafkaAccess(_Settings):
    """Where Kafka is, and how the two sides prove who they are."""

    bootstrap_servers: str = Field(min_length=1)
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = Field(None, min_length=1)
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="Whose certificates are believed; else the system's.")

    @property
    def signs_in(self) -> bool:
        return self.security_protocol.startswith("SASL_")

    @property
    def encrypted(self) -> bool:
        return self.security_protocol.endswith("SSL")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        named = self.username is not None and self.password is not None
        if self.signs_in and not named:
            raise ValueError(f"{self.security_protocol} needs a username and a password")
        if not self.signs_in and (self.username or self.password):
            raise ValueError(f"{self.security_protocol} takes no username and no password")
        if self.ca_file and not self.encrypted:
            raise ValueError(f"{self.security_protocol} takes no ca_file")
        return self


class KafkaSettings(KafkaAccess):
    """How a service uses Kafka; the embedded broker needs `idempotent=false` and short session times."""

    idempotent: bool = True
    session_timeout_ms: int = Field(10_000, ge=1_000)
    heartbeat_interval_ms: int = Field(3_000, ge=100)
    fetch_max_wait_ms: int = Field(500, ge=1, description="How long a fetch waits where nothing comes.")
    start_timeout_s: float = Field(60.0, gt=0)


class MongoSettings(_Settings):
    """How to reach MongoDB; each service owns one database."""

    url: SecretStr
    database: str = Field(min_length=1)
    ca_file: Path | None = Field(None, description="Then by TLS only, to a server that it vouches for.")
    timeout_s: float = Field(10.0, gt=0, description="Per operation and for finding a server.")


class VaultSettings(_Settings):
    """How to sign in to Vault: by AppRole, or by a JWT, such as that of a Kubernetes service account."""

    address: str = Field(min_length=1)
    mount: str = "ledgerbus"
    auth: Literal["approle", "jwt", "kubernetes"] = "approle"
    auth_mount: str | None = Field(None, min_length=1, description="Where that login is; else its own name.")
    role_id: str | None = Field(None, min_length=1, description="AppRole's.")
    secret_id_file: Path | None = Field(None, description="AppRole's.")
    role: str | None = Field(None, min_length=1, description="Of the logins jwt and kubernetes.")
    token_file: Path | None = Field(None, description="Their JWT; read anew at every sign-in.")
    namespace: str | None = Field(None, min_length=1)
    ca_file: Path | None = Field(None, description="Whose certificate is believed; else the system's.")
    timeout_s: float = Field(10.0, gt=0)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ours, others = ("role_id", "secret_id_file"), ("role", "token_file")
        if self.auth != "approle":
            ours, others = others, ours
        if missing := [name for name in ours if getattr(self, name) is None]:
            raise ValueError(f"auth {self.auth} needs {' and '.join(missing)}")
        if foreign := [name for name in others if getattr(self, name) is not None]:
            raise ValueError(f"auth {self.auth} takes no {' and no '.join(foreign)}")
        return self

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
