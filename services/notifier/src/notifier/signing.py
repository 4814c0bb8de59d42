"""Signatures as Standard Webhooks 1.0 describes them."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)


def shown_secret(secret: bytes) -> str:
    """The secret as a receiver enters it into a verifying library."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(
    webhook_id: str, body: bytes, secrets: Sequence[bytes], *, now: datetime
) -> dict[str, str]:
    """The three headers of a delivery; each secret signs, so that a rotation interrupts nothing."""
    timestamp = str(int(now.timestamp()))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
