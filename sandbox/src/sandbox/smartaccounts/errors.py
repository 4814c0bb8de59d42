"""The vendor's no."""

from __future__ import annotations

_WORDS = {
    "DATE-INVALID": ("Vigane kuupäev", "Invalid date"),
    "REQUIRED": ("Kohustuslik väärtus puudub", "Required value is missing"),
    "VALUE-INVALID": ("Vigane väärtus", "Invalid value"),
    "NOT-FOUND": ("Teenust ei leitud", "Service not found"),
    "SIGNATURE-INVALID": ("Signature is not correct", "Signature is not correct"),
    "NO-PERMISSION": ("No permission for this service", "No permission for this service"),
    "BILLING-ERROR": (
        "Service unavailable (billing error)",
        "Service unavailable (billing error)",
    ),
    "RATE-LIMIT-EXCEEDED": ("Rate limit exceeded", "Rate limit exceeded"),
    "INTERNAL-ERROR": ("Internal error", "Internal error"),
}


class RefusedError(Exception):
    """A status and a code, and what the code is about."""

    def __init__(self, status: int, code: str, about: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.about = about
        self.headers: dict[str, str] = {}

    def body(self, language: str) -> dict[str, object]:
        """The answer's JSON; only messages about values are translated."""
        message = _WORDS[self.code][language != "et"] + (f": {self.about}" if self.about else "")
        return {"errors": [{"code": self.code, "message": message}]}


def refused_signature() -> RefusedError:
    """For a missing or wrong key, signature or time."""
    return RefusedError(401, "SIGNATURE-INVALID")
