"""Refusals over HTTP: problem documents (RFC 9457) with a stable `code`."""

from collections.abc import Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service_kit.errors import is_outage

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_OF_BODIES = {
    400: {"description": "The body cannot be read.", "content": {"application/json": {"schema": _PROBLEM}}},
    413: {"description": "The body is too large.", "content": {"application/json": {"schema": _PROBLEM}}},
}


class Problem(BaseModel):
    """What a refused request is answered with; `application/problem+json`."""

    type: str = Field(examples=["urn:ledgerbus:problem:invalid_request"])
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What to do about it.")
    code: str = Field(examples=["INVALID_REQUEST"])
    fields: list[str] = Field(default_factory=list, description="The fields that do not fit.")


class ProblemError(Exception):
    """Raise it anywhere below a route to answer with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fields: tuple[str, ...] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.retry_after_s = retry_after_s


def install_problems(app: FastAPI) -> None:
    """Every refusal and fault of the app becomes a problem document that quotes no input."""

    @app.exception_handler(ProblemError)
    async def on_problem(_: Request, error: ProblemError) -> JSONResponse:
        return _answer(error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = tuple(".".join(str(part) for part in item["loc"]) for item in error.errors())
        return _answer(
            ProblemError(422, "INVALID_REQUEST", "Correct the named fields and send it again.", fields=fields)
        )

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name
        return _answer(ProblemError(error.status_code, code, str(error.detail)), error.headers)

    @app.exception_handler(Exception)
    async def on_fault(_: Request, error: Exception) -> JSONResponse:
        if is_outage(error):
            return _answer(
                ProblemError(503, "SERVICE_DOWN", "Something we need is out of reach.", retry_after_s=5)
            )
        return _answer(ProblemError(500, "INTERNAL", "A fault of ours; tell the operator."))

    plain = app.openapi
    app.openapi = lambda: _as_answered(plain())  # type: ignore[method-assign]  # FastAPI's own way


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the refusals it may answer, for the OpenAPI document."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def _as_answered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with problems under their media type, and what every body may be refused for."""
    for operation in (one for path in document["paths"].values() for one in path.values()):
        if "requestBody" in operation:
            for status, answer in _OF_BODIES.items():
                operation["responses"].setdefault(str(status), deepcopy(answer))
        for answer in operation["responses"].values():
            content = answer.get("content", {})
            for usual in [name for name, body in content.items() if body.get("schema") == _PROBLEM]:
                content["application/problem+json"] = content.pop(usual)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def _answer(error: ProblemError, more: Mapping[str, str] | None = None) -> JSONResponse:
    problem = Problem(
        type=f"urn:ledgerbus:problem:{error.code.lower()}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        fields=list(error.fields),
    )
    headers = dict(more or {})
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return JSONResponse(
        problem.model_dump(), error.status, headers=headers, media_type="application/problem+json"
    )
