"""Refusals: one envelope from the API, another, in lower case, from the gateway before it."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


class RefusedError(Exception):
    """The vendor's no."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class QueryError(Exception):
    """A query that is refused; the code tells parsing (4000) from a wrong value (4001)."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    @property
    def fault(self) -> Body:
        """As one item of a batch, or as a whole answer has it."""
        name = "QueryParserError" if self.code == 4000 else "QueryValidationError"
        return fault(str(self.code), name, self.detail, "ValidationFault")


def fault(code: str, message: str, detail: str, kind: str) -> Body:
    """A Fault of the API's own."""
    return {"Error": [{"Message": message, "Detail": detail, "code": code}], "type": kind}


def refused(status: int, found: Body) -> RefusedError:
    """A whole answer that is a Fault."""
    return RefusedError(status, {"Fault": found})


def unauthorized(detail: str) -> RefusedError:
    """401: the gateway does not take the token."""
    return RefusedError(401, _gateway(401, "3200", "AuthenticationFailed", detail))


def not_connected() -> RefusedError:
    """403: the token is of another company, of another environment, or the app was disconnected."""
    return RefusedError(403, _gateway(403, "3100", "ApplicationAuthorizationFailed", ""))


def no_right() -> RefusedError:
    """403: the user who connected may not see this."""
    detail = "message=AuthorizationFailure; errorCode=003201; statusCode=403"
    return refused(403, fault("3201", detail, "The user lacks rights", "AUTHORIZATION"))


def permission_denied() -> RefusedError:
    """400: the same said by another part of the vendor's house."""
    return refused(400, fault("5020", "Permission Denied Error", "Permission Denied", "ValidationFault"))


def lapsed(*, newer: bool) -> RefusedError:
    """The subscription has ended."""
    code, status = ("6190", 403) if newer else ("6200", 400)
    return refused(
        status, fault(code, "Invalid Company Status", "Subscription period has ended", "ValidationFault")
    )


def throttled(status: int) -> RefusedError:
    """429, or 403 in older replies."""
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={status}"
    return refused(
        status, fault("3001", message, "The request limit was reached.  Try again later", "SERVICE")
    )


def system_fault() -> RefusedError:
    """500."""
    return refused(500, fault("10000", "An application error has occurred", "System Failure", "SystemFault"))


def not_found(name: str) -> RefusedError:
    """400 with 610: no such object."""
    return refused(400, fault("610", "Object Not Found", f"Object Not Found : {name}", "ValidationFault"))


def invalid(detail: str) -> RefusedError:
    """400 with a value that is not allowed."""
    return refused(400, fault("2020", "Required param missing or wrong", detail, "ValidationFault"))


def _gateway(status: int, code: str, name: str, detail: str) -> Body:
    message = f"message={name}; errorCode=00{code}; statusCode={status}"
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": "AUTHENTICATION" if status == 401 else "SERVICE"},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "status": None,
        "cdcresponse": [],
    }
