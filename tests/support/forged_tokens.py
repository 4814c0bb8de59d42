"""Tokens that nobody may believe, made from what an attacker can know: the public keys."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Claims = Mapping[str, Any]


class Forger:
    """Has a key of its own, and the issuer's public one."""

    def __init__(self, published: Mapping[str, Any], usual: Claims) -> None:
        self._kid = str(published["kid"])
        self._public = jwt.PyJWK.from_dict(dict(published)).key
        self._own: RSAPrivateKey = generate_private_key(65537, 2048)
        self._usual = usual

    def all(self) -> dict[str, str]:
        """By what is wrong with each."""
        head = {"alg": "RS256", "typ": "JWT", "kid": self._kid}
        return {
            "no token at all": "",
            "not a token": "x.y.z",
            "signed by another key": self._signed(),
            "an unknown key": jwt.encode(self._claims(), self._own, "RS256", headers={"kid": "made-up"}),
            "no key named": jwt.encode(self._claims(), self._own, "RS256"),
            "its own key inside": jwt.encode(
                self._claims(), self._own, "RS256", headers={"kid": self._kid, "jwk": self._own_jwk()}
            ),
            "unsigned": _joined({**head, "alg": "none"}, self._claims(), b""),
            "unsigned, in capitals": _joined({**head, "alg": "NONE"}, self._claims(), b""),
            "the public key as a secret": self._by_the_public_key({**head, "alg": "HS256"}),
            "no signature": _joined(head, self._claims(), b""),
        }

    def _claims(self) -> dict[str, Any]:
        now = int(time.time())
        return {"iat": now, "exp": now + 600, **self._usual}

    def _signed(self) -> str:
        return jwt.encode(self._claims(), self._own, "RS256", headers={"kid": self._kid})

    def _own_jwk(self) -> dict[str, Any]:
        return dict(jwt.algorithms.RSAAlgorithm.to_jwk(self._own.public_key(), as_dict=True))

    def _by_the_public_key(self, head: Claims) -> str:
        secret = self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signed = f"{_part(head)}.{_part(self._claims())}"
        return _joined(head, self._claims(), hmac.digest(secret, signed.encode(), "sha256"))


def _joined(head: Claims, claims: Claims, signature: bytes) -> str:
    return f"{_part(head)}.{_part(claims)}.{_text(signature)}"


def _part(content: Claims) -> str:
    return _text(json.dumps(content).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
