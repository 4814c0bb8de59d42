"""What consents in the browser have in common (RFC 6749, RFC 7636)."""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from sync_contracts.providers import Provider

from connectors.api import retry_after_s
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
)

THROTTLE_WAIT_S = 10.0
Refusal = Callable[[httpx.Response, datetime], ConnectorError | None]


def new_code_verifier() -> str:
    """A secret of 256 bits that only who asked for the consent knows."""
    return secrets.token_urlsafe(32)


def code_challenge(verifier: str) -> str:
    """The S256 challenge that goes into the consent link."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def link(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(parameters, quote_via=quote, safe='')}"


def token_refusal(provider: Provider, causes: Mapping[str, str], otherwise: str) -> Refusal:
    """What the answers of a token address mean; `causes` by the names that RFC 6749 gives to errors."""

    def refusal(response: httpx.Response, now: datetime) -> ConnectorError | None:
        status = response.status_code
        if status in {200, 204}:
            return None
        if status == 429:
            wait_s = retry_after_s(response, now, THROTTLE_WAIT_S)
            return ThrottledError("429", retry_after_s=wait_s, budget_key=f"{provider}/identity")
        if status >= 500:
            return ProviderDownError(f"{status} at {response.request.url.path}")
        told = next((name for name in causes if name in response.text), "")
        if told or status in {401, 403}:
            return AccessRefusedError(told or f"{status}", cause=causes.get(told, otherwise))
        return RejectedRequestError(f"{status} at {response.request.url.path}", status=status)

    return refusal


def unverified_claims(token: str) -> Mapping[str, Any]:
    """What a JWT says of itself; empty when it is none. For hints only: nobody checked its signature."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
