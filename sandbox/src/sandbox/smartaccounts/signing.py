"""Whether a request was signed with the company's secret, and just now."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

TALLINN = ZoneInfo("Europe/Tallinn")
WINDOW = timedelta(minutes=15)


def signature_of(api_secret: str, text: str) -> str:
    """The one right signature of this text; the secret's own characters are the key."""
    return hmac.digest(api_secret.encode(), text.encode(), hashlib.sha256).hex()


def is_signed(api_secret: str, query: str, body: str) -> bool:
    """Whether the query ends with the signature of everything before it and the body."""
    text, separator, signature = query.rpartition("&signature=")
    return bool(separator) and hmac.compare_digest(
        signature_of(api_secret, text + body).encode(), signature.encode()
    )


def is_current(timestamp: str, now: datetime) -> bool:
    """Whether fourteen digits of Estonian time lie within fifteen minutes of now."""
    if len(timestamp) != 14 or not timestamp.isdigit():
        return False
    try:
        local = datetime.strptime(timestamp, "%d%m%Y%H%M%S").replace(tzinfo=TALLINN)
    except ValueError:
        return False
    # In the hour that comes twice in autumn, either meaning will do.
    return any(abs(now - local.replace(fold=fold)) <= WINDOW for fold in (0, 1))
