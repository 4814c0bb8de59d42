"""The vendor's no."""

from __future__ import annotations

_STATUS = {
    "invalid_request": (400, "The request is not valid"),
    "unauthorized": (401, "Unknown token or key"),
    "token_expired": (401, "The token has expired"),
    "forbidden": (403, "The role does not allow it"),
    "plan_required": (403, "The plan does not include the API"),
    "not_found": (404, "There is no such thing"),
    "rate_limited": (429, "Too many requests"),
    "internal_error": (500, "Something went wrong"),
    "bad_gateway": (502, "No answer from behind"),
}


class RefusedError(Exception):
    """A code, whose words are always the same, and its status."""

    def __init__(
        self, code: str, *, about: str = "", retry_after_s: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(code)
        usual, words = _STATUS[code]
        self.status = status or usual
        self.body = {"error": {"code": code, "message": f"{words}: {about}" if about else words}}
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
