"""Whether a request was signed with the company's key, and just now."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(minutes=10)


def signature_of(api_id: str, api_key: str, timestamp: str, body: bytes) -> str:
    """The one right signature of these bytes; the key's text is used as it stands."""
    data = f"{api_id}{timestamp}".encode() + body
    return base64.b64encode(hmac.digest(api_key.encode(), data, hashlib.sha256)).decode()


def is_signed(api_id: str, api_key: str, timestamp: str, signature: str, body: bytes) -> bool:
    """Whether the signature covers exactly these bytes."""
    expected = signature_of(api_id, api_key, timestamp, body)
    return hmac.compare_digest(expected.encode(), signature.encode())


def is_current(timestamp: str, now: datetime) -> bool:
    """Whether fourteen digits of UTC lie within ten minutes of now."""
    if len(timestamp) != 14 or not timestamp.isdigit():
        return False
    try:
        signed_at = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - signed_at) <= WINDOW
