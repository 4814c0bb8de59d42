"""The vendor's no, over either interface."""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

from starlette.responses import Response

_XML = {
    401: '<result type="5" desc="Unauthorized"/>',
    403: '<error desc="Access denied"/>',
    404: '<result type="404" desc="Invalid url given"/>',
}


class RefusedError(Exception):
    """A status, and the words that go with it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers: dict[str, str] = {}

    def as_json(self) -> Response:
        """The answer of the newer interface."""
        return Response(
            json.dumps({"message": self.words}), self.status, self.headers, media_type="application/json"
        )

    def as_xml(self) -> Response:
        """The answer of XML Direct: most refusals have status 200."""
        if self.status == 429 or self.status >= 500:
            return Response(self.words, self.status, self.headers, media_type="text/plain")
        is_worded = not self.words or self.words.startswith("<")
        body = self.words if is_worded else _XML.get(self.status, f"<error desc={quoteattr(self.words)}/>")
        return Response(body, media_type="text/xml")
