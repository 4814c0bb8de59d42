"""The server: the limit, the faults, and the envelope around every answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth, Value, document_totals, entry_totals, result_totals
from sandbox.calls import CallKind
from sandbox.faults import gateway_page
from sandbox.limits import Grant
from sandbox.tripletex.access import Access, Caller
from sandbox.tripletex.company import ENVIRONMENTS, PROVIDER, Company, consumer_token, open_companies
from sandbox.tripletex.errors import RefusedError, forbidden, not_found
from sandbox.tripletex.query import Query
from sandbox.tripletex.resources import RESOURCES, Reading, company_by_id, company_row, who_am_i
from sandbox.tripletex.rows import named
from sandbox.tripletex.sessions import Session, Sessions
from sandbox.tripletex.shapes import Row
from sandbox.world import Account, World, neighbour

_JSON = "application/json; charset=utf-8"
_SIGN_IN = "token/session/:create"
_WHO_AM_I = "token/session/>whoAmI"
_CLIENTS = "company/>withLoginAccess"
_LIMIT, _WINDOW_S = 100, 10.0  # not published: callers learn them from the headers


class Tripletex:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"session_expired"})

    def __init__(self, world: World) -> None:
        self._world = world
        opened = open_companies(world)
        self._opened = {company.account.id: (company, employee) for company, employee in opened}
        self._consumer_tokens = {name: consumer_token(world, name) for name in ENVIRONMENTS}
        employees = {employee.name: employee for _, employee in opened}.values()
        self._sessions = Sessions(world.clock, employees, self._consumer_tokens)
        self._access = Access(world, self._sessions)
        self._budget = world.window(PROVIDER, "employee", _LIMIT, _WINDOW_S)
        self.accounts: Sequence[Account] = [company.account for company, _ in opened]

    def routes(self) -> Sequence[BaseRoute]:
        """One address for everything below a host."""
        return [Route("/{environment}/v2/{path:path}", self._serve, methods=["GET", "POST", "PUT", "DELETE"])]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The two tokens, and for an accountant's client which company it is."""
        company, employee = self._opened[account.id]
        return {
            "consumer_token": self._consumer_tokens[employee.environment],
            "employee_token": employee.token,
            "environment": employee.environment,
            "company_id": str(0 if employee.own else company.id),
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The two hosts."""
        return {environment: f"{root}/{environment}/v2" for environment in ENVIRONMENTS}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by invoice date, all else by posting date; rows of bank accounts as transactions."""
        entries, currency = books.entries(month), books.profile.currency
        bank_rows = sum(one.role is Role.BANK for entry in entries for one in entry.postings)
        return (
            document_totals(books.documents(month), currency, converted=True)
            | result_totals(entries, currency)
            | entry_totals(entries)
            | {"bank_transaction_count": Value(bank_rows, "transactions")}
        )

    async def _serve(self, request: Request) -> Response:
        try:
            response = await self._respond(request)
        except RefusedError as refused:
            response = _refusal(refused)
        response.headers.setdefault("x-tlx-request-id", str(uuid4()))
        if grant := getattr(request.state, "grant", None):
            response.headers.update(_limit_headers(grant))
        return response

    async def _respond(self, request: Request) -> Response:
        environment, path = request.path_params["environment"], request.path_params["path"]
        if environment not in ENVIRONMENTS:
            raise not_found()
        if path == _SIGN_IN and request.method in {"POST", "PUT"}:
            caller, expires_on = await self._access.sign_in(request, environment)
            refused = await self._disturb(request, caller)
            return refused or self._signed_in(request, self._sessions.create(caller.employee, expires_on))
        caller = self._access.recognise(request, environment)
        is_identity = path == _WHO_AM_I or path.startswith("company/")
        kind: CallKind = "identity" if is_identity else "read"
        self._world.calls.note(PROVIDER, caller.name, "sign_in" if request.method == "DELETE" else kind)
        return await self._disturb(request, caller) or self._answer(request, caller, path)

    async def _disturb(self, request: Request, caller: Caller) -> Response | None:
        """The limit and the faults that stand before everything else."""
        grant = request.state.grant = self._budget.take(caller.employee.name)
        if not grant.allowed or self._access.hit(caller, "throttle_429"):
            self._world.calls.note_throttled(PROVIDER, caller.name)
            if caller.employee.environment == "test":  # the body may be empty
                return Response(status_code=429)
            raise RefusedError(429, None, "Too many requests")
        await self._world.faults.hang(request, PROVIDER, caller.name)
        if self._access.hit(caller, "error_500"):
            raise RefusedError(500, 1000, "")
        if fault := self._access.hit(caller, "gateway_502"):
            return gateway_page(fault)
        return None

    def _signed_in(self, request: Request, session: Session) -> Response:
        owner = session.employee
        value = named(
            "token/session",
            session.id,
            consumerToken=named("token/consumer", 77),
            employeeToken=named("token/employee", owner.token_id),
            expirationDate=session.expires_on.isoformat(),
            token=session.token,
            encryptionKey=None,
        )
        return _reply({"value": value}, 200 if request.method == "PUT" else 201)

    def _answer(self, request: Request, caller: Caller, path: str) -> Response:
        query = Query(request.query_params)
        if request.method == "DELETE" and path.startswith("token/session/"):
            self._sessions.forget(path.removeprefix("token/session/"))
            return Response(status_code=204)
        if request.method != "GET":
            raise not_found()
        if path == _WHO_AM_I:
            return _reply(who_am_i(caller.employee, self._company_row(caller), query))
        if path == _CLIENTS:
            clients = (company_row(one, one.account.live.now) for one in caller.employee.clients.values())
            return _reply(query.page("Company", clients, None))
        if caller.company is None:
            raise forbidden()
        if path.startswith("company/"):
            row = self._company_row(caller)
            return _reply(company_by_id(path.removeprefix("company/"), {row["id"]: row}, query))
        return self._read(request, caller, caller.company, path)

    def _read(self, request: Request, caller: Caller, company: Company, path: str) -> Response:
        resource = RESOURCES.get(path)
        if resource is None:
            raise not_found()
        if self._is_withheld(caller, path):
            return _reply({"fullResultSize": 0, "from": 0, "count": 0, "versionDigest": None, "values": []})
        books = self._books(caller, company)
        reading = Reading(self._world.memo, company, books, Query(request.query_params))
        key = (books.key, company.id, path, request.url.query)
        text = self._world.memo.get(key, lambda: _json(resource(reading)))
        return Response(self._spoiled(caller, text), media_type=_JSON)

    def _is_withheld(self, caller: Caller, path: str) -> bool:
        """Whether a missing right leaves the list empty; mostly it refuses the call."""
        fault = self._access.hit(caller, "no_permission") or self._access.hit(caller, "plan_too_low")
        if fault is None or fault.options.get("resource", path) != path:
            return False
        if not fault.options.get("silent"):
            raise forbidden()
        return True

    def _company_row(self, caller: Caller) -> Row:
        if caller.company:
            answering = self._answering(caller, caller.company)
            return company_row(answering, answering.account.live.now)
        firm = caller.employee
        return named("company", firm.home_id, name=firm.home_name, organizationNumber=firm.home_number)

    def _books(self, caller: Caller, company: Company) -> Books:
        return self._answering(caller, company).account.live.now

    def _answering(self, caller: Caller, company: Company) -> Company:
        """The company that was asked, or its neighbour."""
        if not self._access.hit(caller, "wrong_company"):
            return company
        return self._opened[neighbour(self.accounts, company.account).id][0]

    def _spoiled(self, caller: Caller, text: bytes) -> bytes:
        """The page as it is, unless a fault drops its second half or makes its first row unreadable."""
        short, unreadable = self._access.hit(caller, "short_page"), self._access.hit(caller, "unreadable")
        if not short and not unreadable:
            return text
        page = json.loads(text)
        if short and page["values"]:
            page["values"] = page["values"][: len(page["values"]) // 2]
            page["count"] = len(page["values"])
            page["fullResultSize"] = page["from"] + page["count"] + 1
        if unreadable and page["values"]:
            names = ("invoiceDate", "date") if unreadable.options.get("field") == "date" else _AMOUNTS
            page["values"][0] |= {name: "n/a" for name in names if name in page["values"][0]}
        return _json(page)


_AMOUNTS = ("amount", "amountExcludingVat", "balanceChange")


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _reply(content: Any, status: int = 200) -> Response:
    return Response(_json(content), status, media_type=_JSON)


def _refusal(refused: RefusedError) -> Response:
    request_id = str(uuid4())
    response = _reply(refused.envelope(request_id), refused.status)
    response.headers["x-tlx-request-id"] = request_id
    return response


def _limit_headers(grant: Grant) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(grant.limit),
        "X-Rate-Limit-Remaining": str(grant.remaining),
        "X-Rate-Limit-Reset": str(math.ceil(grant.reset_in_s)),
    }
