"""The server: who may ask, how often, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth
from sandbox.faults import Fault
from sandbox.trigon import lists
from sandbox.trigon.access import Access, Caller
from sandbox.trigon.company import ENVIRONMENTS, PROVIDER, Firm, User, firms_of, open_users
from sandbox.trigon.errors import RefusedError
from sandbox.trigon.query import Query
from sandbox.world import Account, World

_COUNTS = "counts"


class Trigon:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"html", "token_expired", "not_offered", "filter_ignored"})

    def __init__(self, world: World) -> None:
        self._world = world
        users = open_users(world)
        self._of_account = {firm.account.id: (user, firm) for user, firm in firms_of(users)}
        self._access = Access(world, {user.name: user for user in users})
        self.accounts: Sequence[Account] = [firm.account for _, firm in firms_of(users)]

    def routes(self) -> Sequence[BaseRoute]:
        """The two environments, and a route of the sandbox's own."""
        return [
            Route("/{environment}/v1/auth/{action}", self._sign_in, methods=["POST"]),
            Route("/{environment}/v1/{path:path}", self._serve),
            Route("/_tokens", self._set_tokens, methods=["POST"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The pair of keys or the password of the firm's user, and the firm's registration code."""
        user, firm = self._of_account[account.id]
        entered = (
            self._access.tokens.keys(user)
            if user.has_keys
            else {"email": user.email, "password": user.password}
        )
        mode = "token" if user.has_keys else "password"
        return {
            "auth_mode": mode,
            "environment": user.environment,
            **entered,
            "firm_reg_code": firm.reg_code,
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """Both environments."""
        return {environment: f"{root}/{environment}" for environment in ENVIRONMENTS}

    def truth(self, books: Books, month: Month) -> Truth:
        """As far as the firm's lists tell."""
        _, firm = self._of_account[books.profile.account]
        return lists.truth(firm.habits, books, month)

    async def _set_tokens(self, request: Request) -> Response:
        wanted = await request.json()
        if "life_s" in wanted:
            self._access.tokens.life = timedelta(seconds=float(wanted["life_s"]))
        if wanted.get("expire"):
            self._access.tokens.expire()
        return Response(status_code=204)

    async def _sign_in(self, request: Request) -> Response:
        environment, action = request.path_params["environment"], request.path_params["action"]
        try:
            return JSONResponse(self._access.signed_in(environment, action, await _json_object(request)))
        except RefusedError as refused:
            return _no(refused)

    async def _serve(self, request: Request) -> Response:
        try:
            caller = self._access.recognised(request)
            await self._world.faults.hang(request, PROVIDER, caller.name)
            with self._access.at_once.slot(caller.api_key) as is_free:
                if not is_free:
                    raise self._access.throttled(caller, 1)
                self._access.check_limit(caller)
                if fault := self._access.hit(caller, "html"):
                    return Response(
                        "<!doctype html><p>Trigon</p>",
                        fault.options.get("status", 200),
                        media_type="text/html",
                    )
                self._access.check_outage(caller.name)
                return self._answer(caller, request)
        except RefusedError as refused:
            return _no(refused)

    def _answer(self, caller: Caller, request: Request) -> Response:
        if self._access.hit(caller, "plan_too_low"):
            raise RefusedError("plan_required")
        path, query = request.path_params["path"].split("/"), Query(request.query_params)
        if path == ["firms"]:
            return JSONResponse(query.page(self._firms(caller, query)))
        if len(path) != 3 or path[0] != "firms" or caller.firm is None:
            raise RefusedError("not_found")
        self._check_rights(caller, path[2])
        return self._listed(caller, caller.firm, path[2], query)

    def _firms(self, caller: Caller, query: Query) -> list[dict[str, Any]]:
        """The firms that the role may list: all, or the one that is asked for."""
        fault = self._access.hit(caller, "no_permission")
        if fault and fault.options.get("half") == "list":
            return []
        permissions = ["list"] if fault and "list" not in fault.options else ["list", "view"]
        firms = list(caller.user.firms.values())
        if "regCode" in query.params and not self._access.hit(caller, "filter_ignored"):
            firms = [caller.firm] if caller.firm else []
        is_wrong = caller.firm is not None and self._access.hit(caller, "wrong_company")
        return [
            _firm_row(_next(caller.user, firm) if is_wrong else firm, firm.reg_code, permissions)
            for firm in firms
        ]

    def _check_rights(self, caller: Caller, name: str) -> None:
        fault = self._access.hit(caller, "no_permission")
        if fault and name == fault.options.get("list", name):
            raise RefusedError("forbidden")

    def _listed(self, caller: Caller, firm: Firm, name: str, query: Query) -> Response:
        missing = self._access.hit(caller, "not_offered")
        if missing and name == missing.options.get("list", name):
            raise RefusedError("not_found")
        books = firm.account.live.now
        if name not in {*lists.LISTS, _COUNTS} or not firm.habits.offers(name):
            raise RefusedError("not_found")
        if name == _COUNTS:
            return JSONResponse(lists.counts_row(books, query.month()))
        first, last = query.period()
        key = (books.key, PROVIDER, name, first, last)
        rows = self._world.memo.get(key, lambda: lists.rows_between(name, firm.habits, books, first, last))
        page = query.page(rows)
        if firm.habits.no_totals:
            del page["total"]
        return self._spoiled(caller, page)

    def _spoiled(self, caller: Caller, page: dict[str, Any]) -> Response:
        """The page as it is, unless a fault makes its first row unreadable or loses its end."""
        fault = self._access.hit(caller, "unreadable")
        if fault and page["items"]:
            page = {**page, "items": [_unreadable(page["items"][0], fault), *page["items"][1:]]}
        if self._access.hit(caller, "short_page"):
            if "total" not in page:
                text = json.dumps(page)
                return Response(text[: len(text) * 2 // 3], media_type="application/json")
            page = {**page, "items": page["items"][:-1]}
        return JSONResponse(page)


def _firm_row(firm: Firm, reg_code: str, permissions: list[str]) -> dict[str, Any]:
    return {
        "id": firm.id,
        "name": firm.account.profile.name,
        "regCode": reg_code,
        "vatNumber": f"EE10{firm.reg_code[1:]}",
        "permissions": permissions,
    }


def _next(user: User, firm: Firm) -> Firm:
    """Another firm of the user."""
    firms = list(user.firms.values())
    return firms[(firms.index(firm) + 1) % len(firms)]


def _unreadable(row: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """The row with a day or an amount that is none; of an entry it is the amount of its first row."""
    if fault.options.get("field") == "date":
        return {**row, "date": "n/a"}
    if "rows" in row:
        return {**row, "rows": [{**row["rows"][0], "debit": "n/a"}, *row["rows"][1:]]}
    return {**row, "netAmount" if "netAmount" in row else "amount": "n/a"}


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        sent = await request.json()
    except json.JSONDecodeError as error:
        raise RefusedError("invalid_request", about="not JSON") from error
    if not isinstance(sent, dict):
        raise RefusedError("invalid_request", about="not an object")
    return sent


def _no(refused: RefusedError) -> Response:
    return JSONResponse(refused.body, refused.status, refused.headers)
