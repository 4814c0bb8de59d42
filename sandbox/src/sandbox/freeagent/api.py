"""Calls of the API itself: who may ask what, how often, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.calls import CallKind
from sandbox.faults import Fault
from sandbox.freeagent.company import PROVIDER, VENDOR, Company, Row
from sandbox.freeagent.consent import PRACTICE
from sandbox.freeagent.errors import (
    DISABLED,
    RefusedError,
    invalid,
    not_allowed,
    not_found,
    not_recognised,
    server_error,
    throttled,
)
from sandbox.freeagent.listing import page_of
from sandbox.freeagent.report import profit_and_loss
from sandbox.freeagent.resources import (
    FULL_LEVEL,
    LEVELS,
    LISTS,
    OPENING_BALANCES,
    REPORT,
    Asking,
    opening_balances,
)
from sandbox.freeagent.tokens import TokenRefusedError, Tokens
from sandbox.world import World, neighbour

_MINUTE, _HOUR, _TEST = 120, 3600, 5
_IDENTITY = frozenset({"company", "users/me", "clients", "account_managers/me"})
_AMOUNTS = ("net_value", "total_value", "debit_value", "amount", "gross_value")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is: a company's user, a practice for a client, or a practice for itself."""

    environment: str
    company: Company | None

    @property
    def name(self) -> str:
        """Under which calls are counted, limited and disturbed."""
        return self.company.account.id if self.company else PRACTICE


class Api:
    """Everything below /v2 but consent and tokens."""

    def __init__(self, world: World, tokens: Tokens, companies: Sequence[Company]) -> None:
        self._world = world
        self._tokens = tokens
        self._companies = companies
        self._by_id = {one.account.id: one for one in companies}
        self._by_subdomain = {one.subdomain: one for one in companies}
        self._minute = world.window(PROVIDER, "minute", _MINUTE, 60, aligned=True)
        self._hour = world.window(PROVIDER, "hour", _HOUR, 3600, aligned=True)
        self._test = world.window(PROVIDER, "test", _TEST, 60, aligned=True)

    async def handle(self, request: Request) -> Response:
        path = request.path_params["path"]
        caller = None
        try:
            caller = self._recognised(request)
            kind: CallKind = "identity" if path in _IDENTITY else "read"
            self._world.calls.note(PROVIDER, caller.name, kind)
            return await self._disturbed(request, caller) or self._answer(request, caller, path)
        except RefusedError as refused:
            as_list = bool(caller and caller.company and caller.company.number % 2 == 0)
            return refused.answer(as_list=as_list)

    def _recognised(self, request: Request) -> Caller:
        if not request.headers.get("user-agent"):
            raise invalid("A User-Agent header is required")
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            token_set = self._tokens.bearer(token if kind.lower() == "bearer" else "")
        except TokenRefusedError as error:
            raise not_recognised() from error
        environment, subdomain = request.path_params["environment"], request.headers.get("x-subdomain")
        if token_set.app.environment != environment:
            raise not_recognised()
        if not token_set.app.is_practice:
            return Caller(environment, self._by_id[token_set.owner])
        if subdomain is None:
            return Caller(environment, None)
        if subdomain not in self._by_subdomain:
            raise not_found()
        return Caller(environment, self._by_subdomain[subdomain])

    async def _disturbed(self, request: Request, caller: Caller) -> Response | None:
        """The limits, and the faults that stand before everything else."""
        refused = self._limited(request, caller)
        if refused is None and (fault := self._hit(caller, "throttle_429")):
            refused = throttled(_MINUTE, 60, fault.options.get("retry_after_s", 60))
        if refused is not None:
            self._world.calls.note_throttled(PROVIDER, caller.name)
            return refused
        await self._world.faults.hang(request, PROVIDER, caller.name)
        if self._hit(caller, "error_500"):
            return server_error(500)
        if fault := self._hit(caller, "gateway_502"):
            return server_error(fault.status)
        if self._hit(caller, "revoke"):
            raise not_recognised()
        if fault := self._hit(caller, "api_disabled"):
            raise RefusedError(int(fault.options.get("status", 403)), DISABLED)
        return None

    def _limited(self, request: Request, caller: Caller) -> Response | None:
        key = f"{caller.environment}/{caller.name}"
        is_test = request.headers.get("x-ratelimit-test", "").lower() in {"true", "1"}
        if caller.environment == "sandbox" and is_test and not self._test.take(key).allowed:
            return throttled(_TEST, 60, 60)
        if not self._minute.take(key).allowed:
            return throttled(_MINUTE, 60, 60)
        hour = self._hour.take(key)
        return None if hour.allowed else throttled(_HOUR, 3600, max(1, int(hour.reset_in_s)))

    def _answer(self, request: Request, caller: Caller, path: str) -> Response:
        if request.method != "GET":
            raise not_found()
        if caller.company is None:
            return self._of_practice(request, path)
        if path in {"clients", "account_managers/me"}:
            raise not_allowed()
        level = self._level(caller)
        if path not in LEVELS:
            raise not_found()
        if level < LEVELS[path]:
            raise not_allowed()
        company = self._answering(caller, caller.company)
        if path in LISTS:
            return self._list(request, caller, company, path)
        return JSONResponse(self._one(request, company, path, level))

    def _level(self, caller: Caller) -> int:
        """Of the user; a fault takes it all away, or leaves the level that it names."""
        fault = self._hit(caller, "no_permission") or self._hit(caller, "plan_too_low")
        return FULL_LEVEL if fault is None else int(fault.options.get("level", 0))

    def _one(self, request: Request, company: Company, path: str, level: int) -> Row:
        if path == "company":
            return {"company": company.described()}
        if path == "users/me":
            user = {"url": f"{VENDOR}/users/{company.number}", "role": "Director", "permission_level": level}
            return {"user": user}
        if path == OPENING_BALANCES:
            return opening_balances(company)
        assert path == REPORT  # noqa: S101 (the levels name no other)
        return profit_and_loss(company, request.query_params, self._world.clock.now().date())

    def _of_practice(self, request: Request, path: str) -> Response:
        if path == "account_managers/me":
            manager = {"url": f"{VENDOR}/account_managers/1", "name": "Jo Ledger", "email": "jo@example.org"}
            return JSONResponse({"account_manager": manager})
        if path != "clients":
            raise not_allowed()
        clients = [
            {
                "url": f"{VENDOR}/clients/{one.number}",
                "name": one.profile.name,
                "subdomain": one.subdomain,
                "status": "active",
            }
            for one in self._companies
        ]
        return self._page(request, clients, "clients", with_total=True)

    def _list(self, request: Request, caller: Caller, company: Company, path: str) -> Response:
        resource, today = LISTS[path], self._world.clock.now().date()
        sent = {
            name: value for name, value in request.query_params.items() if name not in {"page", "per_page"}
        }
        key = (company.books.key, path, tuple(sorted(sent.items())), today)
        asking = Asking(company, sent, today)
        rows = self._world.memo.get(key, lambda: sorted(resource.rows(asking), key=_by_creation))
        # Nobody has documented a total for the ledger and its journals.
        with_total = resource.always_tells_total or not self._hit(caller, "no_totals")
        unreadable = self._hit(caller, "unreadable")
        short = self._hit(caller, "short_page") is not None
        return self._page(
            request, rows, path.rpartition("/")[2], with_total=with_total, short=short, unreadable=unreadable
        )

    def _page(
        self,
        request: Request,
        rows: list[Row],
        name: str,
        *,
        with_total: bool,
        short: bool = False,
        unreadable: Fault | None = None,
    ) -> Response:
        address = str(request.url.replace(query=""))
        page, headers = page_of(rows, dict(request.query_params), address, with_total=with_total)
        if unreadable and page:
            page[0] = _spoiled(page[0], unreadable.options.get("field"))
        return JSONResponse({name: page[:-1] if short else page}, headers=headers)

    def _answering(self, caller: Caller, company: Company) -> Company:
        """The company that was asked, or its neighbour."""
        if not self._hit(caller, "wrong_company"):
            return company
        return self._by_id[neighbour([one.account for one in self._companies], company.account).id]

    def _hit(self, caller: Caller, fault: str) -> Fault | None:
        return self._world.faults.hit(PROVIDER, caller.name, fault)


def _by_creation(row: Row) -> tuple[str, str]:
    return row["created_at"], row["url"]


def _spoiled(row: Row, field: Any) -> Row:
    """A row with an amount (or, with `field: date`, a day) that nobody can read."""
    names = ("dated_on",) if field == "date" else _AMOUNTS
    return row | {name: "n/a" for name in names if name in row}
