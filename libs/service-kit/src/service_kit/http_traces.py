"""A span for each request that a service answers: method, route and status, never a query or header.

The ready-made instrumentation records whole addresses, and a consent's callback has its code in the query.
"""

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.telemetry import CurrentSpan

_UNTRACED = {"/live", "/ready"}


class HttpTraces:
    """Continues the caller's trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        context = extract(dict(Headers(scope=scope)))
        with CurrentSpan(scope["method"], context=context, kind=SpanKind.SERVER) as span:
            await self._app(scope, receive, _noting(span, send))
            route = getattr(scope.get("route"), "path", "")
            span.update_name(f"{scope['method']} {route}".rstrip())
            span.set_attributes({"http.request.method": scope["method"], "http.route": route})


def _noting(span: trace.Span, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            span.set_attribute("http.response.status_code", message["status"])
            if message["status"] >= 500:
                span.set_status(Status(StatusCode.ERROR))
        await send(message)

    return noting
