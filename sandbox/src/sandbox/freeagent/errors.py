"""Refusals, in the several shapes that were seen."""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

NOT_RECOGNISED = "Access token not recognised"
NOT_ALLOWED = "You are not allowed to access this action."
DISABLED = "API access is disabled for this company"


class RefusedError(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self, *, as_list: bool = False) -> Response:
        """The envelope; some replies hold a list where others hold an object."""
        one = {"message": self.message}
        return JSONResponse({"errors": [one] if as_list else {"error": one}}, self.status)


def not_recognised() -> RefusedError:
    return RefusedError(401, NOT_RECOGNISED)


def not_allowed() -> RefusedError:
    return RefusedError(403, NOT_ALLOWED)


def not_found() -> RefusedError:
    return RefusedError(404, "Resource not found")


def invalid(message: str) -> RefusedError:
    return RefusedError(400, message)


def throttled(limit: int, window_s: int, retry_after_s: int) -> Response:
    text = f"You must not exceed {limit} requests per {window_s} seconds"
    return PlainTextResponse(text, 429, {"Retry-After": str(retry_after_s)})


def server_error(status: int) -> Response:
    return HTMLResponse(f"<html><body><h1>{status}</h1>Sorry, something went wrong</body></html>", status)


def token_error(code: str, status: int = 400) -> Response:
    return JSONResponse({"error": code}, status)
