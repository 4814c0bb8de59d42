"""Services that sign in by the token of a Kubernetes service account, instead of a secret-id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import hvac

from sandbox.embedded.errors import EmbeddedError

AUDIENCE = "ledgerbus-vault"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogin:
    """A login that the vault's administrator has enabled and told whose tokens to believe."""

    kind: Literal["jwt", "kubernetes"]
    mount: str
    namespace: str
    account: str  # such as ledgerbus-{service}
    audience: str = AUDIENCE

    def accessor(self, client: hvac.Client) -> str:
        """Names the login in aliases; EmbeddedError where nobody has enabled it."""
        method = client.sys.list_auth_methods()["data"].get(f"{self.mount}/")
        if method is None or method["type"] not in (self.kind, "oidc"):
            raise EmbeddedError(f"The vault has no login {self.kind} at {self.mount}: enable it first.")
        return str(method["accessor"])

    def alias(self, service: str) -> str:
        """What the vault calls whoever has signed in."""
        account = self.account.format(service=service)
        if self.kind == "kubernetes":
            return f"{self.namespace}/{account}"
        return f"system:serviceaccount:{self.namespace}:{account}"

    def add(self, client: hvac.Client, service: str, policies: Sequence[str], ttl: str, max_ttl: str) -> None:
        """Let the service's account in, with these policies."""
        lasting = {"token_policies": list(policies), "token_ttl": ttl, "token_max_ttl": max_ttl}
        client.write_data(f"auth/{self.mount}/role/{service}", data=self._bounds(service) | lasting)

    def _bounds(self, service: str) -> dict[str, object]:
        if self.kind == "kubernetes":
            return {
                "bound_service_account_names": [self.account.format(service=service)],
                "bound_service_account_namespaces": [self.namespace],
                "audience": self.audience,
                "alias_name_source": "serviceaccount_name",
            }
        return {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_subject": self.alias(service),
            "bound_audiences": [self.audience],
        }
