"""The envelope of all answers, and the vendor's no."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from sandbox.scoro.company import Habits

_PAGE = "<!DOCTYPE html>\n<html><head><title>Scoro</title></head><body>{}</body></html>"


class RefusedError(Exception):
    """A status and a sentence."""

    def __init__(self, status: int, sentence: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}


def answered(habits: Habits, data: list[dict[str, Any]]) -> bytes:
    """The body of a good answer."""
    envelope: dict[str, Any] = {"status": habits.status, "statusCode": 200, "messages": None, "data": data}
    if habits.status == "missing":
        del envelope["status"]
    if habits.status == "ok":
        envelope["statusCode"] = "200"
    return _json(envelope)


def refused(error: RefusedError, habits: Habits) -> Response:
    """A refusal; some accounts' come with a good status, though never a throttle's."""
    sentence = error.sentence
    worded: dict[str, dict[str, Any]] = {
        "object": {"messages": {"error": [sentence]}},
        "list": {"messages": [{"type": "error", "text": sentence}]},
        "text": {"messages": sentence},
        "errors": {"messages": None, "errors": [sentence]},
    }
    code = str(error.status) if habits.status == "ok" else error.status
    body = _json({"status": "ERROR", "statusCode": code, **worded[habits.messages], "data": None})
    is_good = habits.errors_as_200 and error.status != 429
    return Response(body, 200 if is_good else error.status, error.headers, "application/json")


def page(status: int, words: str) -> Response:
    """What a browser would be shown."""
    return Response(_PAGE.format(words), status, media_type="text/html; charset=utf-8")


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
