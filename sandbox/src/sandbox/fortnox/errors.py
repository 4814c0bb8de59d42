"""Refusals in the vendor's words, by its codes."""

from __future__ import annotations

import json

from starlette.responses import JSONResponse, Response

_MESSAGES = {
    1000003: "Ett oväntat fel uppstod.",
    1000030: "Ogiltig accept-header.",
    2000106: "Värdet måste vara ett giltigt värde.",
    2000434: "Kan inte hitta resursen.",
    2000587: "Ogiltigt filter.",
    2000588: "Ogiltig parameter i anropet.",
    2000663: "Har inte behörighet för scope.",
    2001103: "Api-licens saknas.",
}


class RefusedError(Exception):
    """The API's no."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__(_MESSAGES[code])
        self.status = status
        self.code = code

    def response(self, *, small_letters: bool) -> Response:
        """The body; its keys come in both cases."""
        told = {"Error": 1, "Message": _MESSAGES[self.code], "Code": self.code}
        if small_letters:
            told = {name.lower(): value for name, value in told.items()}
        return JSONResponse({"ErrorInformation": told}, self.status)


def unauthorized() -> Response:
    """From the gateway, before the API."""
    return JSONResponse({"message": "unauthorized"}, 401)


def throttled() -> Response:
    """Neither a wait nor what is left."""
    return JSONResponse({"message": "Too Many Requests"}, 429)


def oauth_refused(error: str, description: str, status: int = 400) -> Response:
    """JSON that calls itself a page."""
    body = json.dumps({"error": error, "error_description": description})
    return Response(body, status, headers={"content-type": "text/html; charset=UTF-8"})
