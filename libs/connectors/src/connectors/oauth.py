"""What consents in the browser have in common (RFC 6749, RFC 7636)."""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode


def new_code_verifier() -> str:
    """A secret of 256 bits that only who asked for the consent knows."""
    return secrets.token_urlsafe(32)


def code_challenge(verifier: str) -> str:
    """The S256 challenge that goes into the consent link."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def link(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(parameters, quote_via=quote, safe='')}"


def unverified_claims(token: str) -> Mapping[str, Any]:
    """What a JWT says of itself; empty when it is none. For hints only: nobody checked its signature."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
