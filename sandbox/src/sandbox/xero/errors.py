"""Error bodies of the accounting side."""

from uuid import uuid4

from starlette.responses import JSONResponse, Response

_TITLES = {401: "Unauthorized", 403: "Forbidden"}


def refusal(status: int, detail: str) -> Response:
    """401 and 403: the detail tells one cause from the other."""
    body: dict[str, object] = {
        "Type": None,
        "Title": _TITLES[status],
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid4()),
        "Extensions": {},
    }
    return JSONResponse(body, status)


def query_refused(message: str) -> Response:
    """400: a `where` that cannot be understood."""
    return JSONResponse({"ErrorNumber": 16, "Type": "QueryParseException", "Message": message}, 400)


def validation_refused(message: str) -> Response:
    """400: a parameter with a value that is not allowed."""
    body: dict[str, object] = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": message,
        "Elements": [{"ValidationErrors": [{"Message": message}]}],
    }
    return JSONResponse(body, 400)


def not_found() -> Response:
    """404: no such address."""
    return Response("The resource you're looking for cannot be found", 404, media_type="text/html")


def offline() -> Response:
    """503: the organisation is being worked on."""
    return Response("The organisation is offline", 503, media_type="text/html")


def throttled(problem: str, retry_after_s: int | None) -> Response:
    """429 with an empty body; the concurrent case does not say when to come again."""
    headers = {"X-Rate-Limit-Problem": problem}
    if retry_after_s is not None and problem != "concurrent":
        headers["Retry-After"] = str(retry_after_s)
    return Response(status_code=429, headers=headers)
