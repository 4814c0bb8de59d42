"""The firm's practice platform as the embedded stack plays it: a key that signs people's tokens."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from sync_contracts.event import Actor

ISSUER = "https://platform.ledgerbus.example"
AUDIENCE = "ledgerbus"
_KEY_ID = "platform-1"
_LIFE_S = 900


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """Signs tokens as the platform would; `jwks_url` publishes the public half."""

    private: RSAPrivateKey
    jwks: Path

    @classmethod
    def kept_in(cls, folder: Path) -> "PlatformKey":
        """Made once, then read again; the private half is of mode 0600."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file, jwks = folder / "key.pem", folder / "jwks.json"
        if not file.exists():
            private = generate_private_key(public_exponent=65537, key_size=2048)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(
                    private.private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                )
        loaded = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(loaded, RSAPrivateKey):
            raise TypeError(f"{file} holds no RSA key")
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(loaded.public_key()))
        jwks.write_text(json.dumps({"keys": [public | {"kid": _KEY_ID, "alg": "RS256", "use": "sig"}]}))
        return cls(loaded, jwks)

    @property
    def jwks_url(self) -> str:
        return self.jwks.absolute().as_uri()

    def token(self, company_id: str, actor: Actor) -> str:
        """A person's token for a quarter of an hour."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": actor.id,
            "company_id": company_id,
            "role": actor.role.value,
            "iat": now,
            "exp": now + _LIFE_S,
        }
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": _KEY_ID})
