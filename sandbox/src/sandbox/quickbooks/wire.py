"""How the vendor writes a body: JSON where it was asked for, XML otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def answer(request: Request, body: Mapping[str, Any]) -> Response:
    """The body in the form that the Accept header asks for."""
    if "application/json" in request.headers.get("accept", ""):
        return refusal(body, 200)
    text = f"{_XML}<IntuitResponse>{_elements(body)}</IntuitResponse>"
    return Response(text, 200, _traced(), "application/xml;charset=utf-8")


def refusal(body: Mapping[str, Any], status: int) -> Response:
    """JSON, whatever was asked for."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, _traced(), "application/json;charset=utf-8")


def _traced() -> dict[str, str]:
    """The id under which the vendor finds this exchange again."""
    return {"intuit_tid": f"1-{uuid4().hex[:8]}-{uuid4().hex[:24]}"}


def _elements(body: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in body.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    content = _elements(value) if isinstance(value, Mapping) else escape(str(value))
    return f"<{name}>{content}</{name}>"
