"""An issuer of tokens whose published keys stand in a file."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from service_kit.settings import UserTokenSettings


class Issuer:
    """Signs what a test wants believed, or nearly so."""

    def __init__(
        self, folder: Path, *, address: str = "https://platform.example", audience: str = "ledgerbus"
    ) -> None:
        self._key = generate_private_key(65537, 2048)
        self._address = address
        self._audience = audience
        published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        self._jwks = folder / f"{audience}.json"
        self._jwks.write_text(json.dumps({"keys": [published | {"kid": "k1", "alg": "RS256"}]}))

    @property
    def settings(self) -> UserTokenSettings:
        return UserTokenSettings(issuer=self._address, audience=self._audience, jwks_url=self._jwks.as_uri())

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        usual = {"iss": self._address, "aud": self._audience, "sub": "user-1", "iat": now, "exp": now + 600}
        return jwt.encode(usual | claims, self._key, algorithm="RS256", headers={"kid": "k1"})

    def person(self, *, company_id: str = "firm-1", role: str = "owner") -> dict[str, str]:
        """Headers of a person of a company."""
        return bearer(self.token(company_id=company_id, role=role))

    def service(self, name: str) -> dict[str, str]:
        """Headers of a sister service."""
        return bearer(self.token(service=name))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
