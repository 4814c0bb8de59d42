"""The error envelope and the codes in it."""

from __future__ import annotations

from typing import Any

Fields = dict[str, str]

_LINK = "https://tripletex.no/v2-docs/"


class RefusedError(Exception):
    """The vendor's no; `fields` names what was wrong in the request."""

    def __init__(self, status: int, code: int | None, message: str, fields: Fields | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def envelope(self, request_id: str) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "status": self.status,
            "code": self.code,
            "message": self.message or None,
            "link": _LINK,
            "developerMessage": _DEVELOPER_MESSAGES.get(self.code or 0),
            "validationMessages": [_validation(*one) for one in self.fields.items()] if self.fields else None,
            "requestId": request_id,
        }


def _validation(field: str, text: str) -> dict[str, Any]:
    return {"field": field, "message": text, "path": None, "rootId": None}


_DEVELOPER_MESSAGES = {
    3000: "Check login info in the Authorization header.",
    11000: "Illegal field in fields filter.",
    15000: "Values are missing or invalid.",
    23000: "Narrow the search.",
}


def unauthorized() -> RefusedError:
    """Session missing, wrong or expired; or wrong tokens."""
    return RefusedError(401, 3000, "Unauthorized")


def forbidden() -> RefusedError:
    """No entitlement, package or access to the company."""
    return RefusedError(403, 9000, "Du har ikke tilgang til denne ressursen.")


def not_found() -> RefusedError:
    """Unknown object or path."""
    return RefusedError(404, 6000, "Object not found")


def missing(name: str) -> RefusedError:
    """A mandatory value is not there, or empty."""
    return RefusedError(422, 15000, "Validering feilet.", {name: "Kan ikke være null."})


def unmapped(name: str) -> RefusedError:
    """A value is not of its type."""
    return RefusedError(422, 16000, "Mapping failed", {name: "Verdien er av feil type for dette feltet."})


def invalid(name: str, text: str) -> RefusedError:
    """A value contradicts a rule."""
    return RefusedError(422, 18000, "Validering feilet.", {name: text})


def too_many_rows() -> RefusedError:
    """The query matches more than the vendor is ready to sort."""
    return RefusedError(422, 23000, "Result set too large. Limit of 10000 reached.")
