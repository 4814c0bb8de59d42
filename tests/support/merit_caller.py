"""Calls of Merit's API, signed by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx


class MeritCaller:
    """One company's key pair, with the parts of a call open to spoiling."""

    def __init__(self, account: dict[str, Any], http: httpx.Client, now: datetime | None = None) -> None:
        credentials = account["credentials"]
        self.api_id: str = credentials["api_id"]
        self.api_key: str = credentials["api_key"]
        self.address: str = account["endpoints"][credentials["country"].lower()]
        self.timestamp = (now or datetime.now(UTC)).strftime("%Y%m%d%H%M%S")
        self._http = http

    def signature(self, body: bytes) -> str:
        """What the vendor's rules ask for."""
        data = (self.api_id + self.timestamp).encode() + body
        return base64.b64encode(hmac.new(self.api_key.encode(), data, hashlib.sha256).digest()).decode()

    def call(self, method: str, body: bytes = b"{}", *, verb: str = "POST", **query: str) -> httpx.Response:
        """One call with exactly these bytes."""
        named = {"ApiId": self.api_id, "timestamp": self.timestamp, "signature": self.signature(body)}
        return self._http.request(verb, f"{self.address}/{method}", params=named | query, content=body)

    def ask(self, method: str, **params: object) -> httpx.Response:
        """One call with these parameters."""
        return self.call(method, json.dumps(params, separators=(",", ":")).encode())

    def rows(self, method: str, **params: object) -> Any:
        """The answer in whatever dress it comes; nothing at all reads as no rows."""
        response = self.ask(method, **params).raise_for_status()
        answer = response.json() if response.content else []
        return json.loads(answer) if isinstance(answer, str) else answer
