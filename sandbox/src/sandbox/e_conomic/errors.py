"""The error body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse

OTHER_APPS = "E02250"


class RefusedError(Exception):
    """The vendor's no."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.more = more or {}
        self.headers = headers

    def response(self, now: datetime) -> JSONResponse:
        """The answer."""
        code = {"errorCode": self.code} if self.code else {}
        body = {
            "message": self.message,
            **code,
            "developerHint": "See https://restdocs.e-conomic.com/",
            "logId": str(uuid4()),
            "httpStatusCode": self.status,
            "logTime": f"{now:%Y-%m-%dT%H:%M:%S}",
            **self.more,
        }
        return JSONResponse(body, self.status, dict(self.headers or {}))


def unauthorized(code: str = "E02251") -> RefusedError:
    """Tokens that are missing, wrong, revoked, or of different apps."""
    return RefusedError(401, "The tokens do not open an agreement.", code=code)


def forbidden() -> RefusedError:
    """Neither role nor plan reaches the resource."""
    return RefusedError(403, "The app does not have the role that is required.", code="E00403")


def not_found() -> RefusedError:
    """Unknown path or id."""
    return RefusedError(404, "The resource was not found.", code="E00404")


def bad_filter(name: str, allowed: frozenset[str]) -> RefusedError:
    """A property that nobody may filter or sort by, or a value that it cannot have."""
    return RefusedError(
        400,
        "The filter or sorting is not valid.",
        code="E00400",
        more={
            "errors": [f"{name} is not valid here."],
            "errorCount": 1,
            "allowedFilteringFields": sorted(allowed),
        },
    )


def throttled(retry_after_s: int) -> RefusedError:
    """Too many calls."""
    return RefusedError(429, "Too many requests.", headers={"Retry-After": str(retry_after_s)})
