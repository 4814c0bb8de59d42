"""HTTP calls to the services as a person of the firm; refusals become errors with their code."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ledgerbus_cli.problems import ProblemAnswerError, UnreachableError

Json = dict[str, Any]
Query = Mapping[str, object | None]
TIMEOUT_S = 60.0
PAGE = 500


class ServiceCalls:
    """Calls one person may make; `token` makes a fresh token for each."""

    def __init__(self, http: httpx.AsyncClient, token: Callable[[], str]) -> None:
        self._http = http
        self._token = token

    async def __call__(
        self, method: str, url: str, *, body: object | None = None, query: Query | None = None
    ) -> httpx.Response:
        """A good answer; ProblemAnswerError or UnreachableError otherwise."""
        try:
            response = await self._http.request(
                method,
                url,
                json=body,
                params=[pair for name, value in (query or {}).items() for pair in _pairs(name, value)],
                headers={"Authorization": f"Bearer {self._token()}"},
            )
        except httpx.TransportError:
            raise UnreachableError("The service", url.partition("/v1")[0]) from None
        if response.is_error:
            raise _problem(response)
        return response

    async def json(
        self, method: str, url: str, *, body: object | None = None, query: Query | None = None
    ) -> Any:
        """What a good answer holds."""
        return (await self(method, url, body=body, query=query)).json()

    async def pages(self, url: str, items: str, query: Query) -> list[Json]:
        """All items of a list that goes on with `after` while it names a `next`."""
        found: list[Json] = []
        after: str | None = None
        while True:
            page = await self.json("GET", url, query={**query, "limit": PAGE, "after": after})
            found += page[items]
            after = page["next"]
            if after is None:
                return found

    async def numbered_pages(self, url: str, items: Callable[[Any], list[Json]]) -> list[Json]:
        """All items of a list with numbered pages."""
        found: list[Json] = []
        while True:
            page = await self.json("GET", url, query={"page": len(found) // PAGE + 1, "size": PAGE})
            found += items(page)
            if len(items(page)) < PAGE:
                return found


def _pairs(name: str, value: object | None) -> list[tuple[str, str]]:
    if value is None:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    return [(name, str(one).lower() if isinstance(one, bool) else str(one)) for one in values]


def _problem(response: httpx.Response) -> ProblemAnswerError:
    try:
        told: Json = response.json()
        return ProblemAnswerError(
            response.status_code, told["code"], told["detail"], tuple(told.get("fields", ()))
        )
    except (ValueError, KeyError, TypeError):
        return ProblemAnswerError(
            response.status_code, "UNEXPECTED_ANSWER", f"The service answered {response.status_code}."
        )
