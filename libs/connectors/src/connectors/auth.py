"""Ways to sign a call."""

import base64
import hashlib
import hmac


def hmac_sha256(key: str, text: bytes) -> str:
    """Base64 of the HMAC-SHA256 under the key's own bytes."""
    return base64.b64encode(hmac.digest(key.encode(), text, "sha256")).decode()


def hmac_sha256_hex(key: str, text: bytes) -> str:
    """Lower-case hex of the HMAC-SHA256 under the key's own bytes."""
    return hmac.digest(key.encode(), text, "sha256").hex()


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """The value of an Authorization header."""
    return f"Bearer {token}"


def key_of(provider: str, *parts: str) -> str:
    """A name for what the parts identify, which does not tell them."""
    return f"{provider}/{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"
