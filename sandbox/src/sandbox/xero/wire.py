"""How the vendor writes a body: JSON with its own dates, or XML when JSON was not asked for."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

_EPOCH = date(1970, 1, 1)


def answer(request: Request, body: Mapping[str, Any]) -> Response:
    """The body in the form that the Accept header asks for; XML when it asks for nothing known."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(to_json(body), media_type="application/json; charset=utf-8")
    return Response(to_xml(body), media_type="text/xml; charset=utf-8")


def to_json(value: Any) -> str:
    """JSON: amounts with the digits they have, days as `/Date(ms+0000)/`, slashes escaped."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quoted(key)}:{to_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else _scalar(value)


def to_xml(body: Mapping[str, Any]) -> str:
    """XML: an element for each key, and for each member of a list the key without its last letter."""
    return f'<?xml version="1.0" encoding="utf-8"?><Response>{_elements(body)}</Response>'


def _elements(body: Mapping[str, Any]) -> str:
    return "".join(f"<{key}>{_content(key, value)}</{key}>" for key, value in body.items())


def _content(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, list | tuple):
        name = key.removesuffix("s")
        return "".join(f"<{name}>{_content(name, one)}</{name}>" for one in value)
    return "" if value is None else escape(_plain(value))


def _plain(value: Any) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        case date():
            return f"{value.isoformat()}T00:00:00"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _scalar(value: Any) -> str:
    match value:
        case datetime():
            return _quoted(f"/Date({int(value.timestamp() * 1000)})/")
        case date():
            return _quoted(f"/Date({(value - _EPOCH).days * 86_400_000}+0000)/")
        case str():
            return _quoted(value)
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    return encode_basestring(text).replace("/", "\\/")
