"""Calls of one company: who may, how often, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.books.ledger import Books
from sandbox.calls import CallKind
from sandbox.faults import gateway_page
from sandbox.quickbooks.company import PROVIDER, Company
from sandbox.quickbooks.described import company_info, pacific, preferences
from sandbox.quickbooks.entities import NAMES, rows_of
from sandbox.quickbooks.errors import (
    QueryError,
    RefusedError,
    fault,
    invalid,
    lapsed,
    no_right,
    not_connected,
    not_found,
    permission_denied,
    refused,
    system_fault,
    throttled,
    unauthorized,
)
from sandbox.quickbooks.query import parse
from sandbox.quickbooks.report import Asked, report
from sandbox.quickbooks.tokens import Tokens
from sandbox.quickbooks.wire import answer, refusal
from sandbox.world import World, neighbour

Body = dict[str, Any]

OWN_FAULTS = frozenset(
    {"disconnected", "permission_denied", "fault_in_200", "item_fault", "no_order", "other_period"}
    | {"token_500", "token_reply_lost"}
)
_MOST_ITEMS = 30
_IDENTITY = frozenset({"companyinfo", "preferences"})


class Api:
    """Everything below /v3/company/{realm}."""

    def __init__(self, world: World, tokens: Tokens, companies: Sequence[Company]) -> None:
        self._world = world
        self._tokens = tokens
        self._companies = {one.realm_id: one for one in companies}
        self._by_account = {one.account.id: one for one in companies}
        self._accounts = [one.account for one in companies]
        self._minute = world.window(PROVIDER, "company", 500, 60.0)
        self._batches = world.window(PROVIDER, "batch", 40, 60.0)
        self._reports = world.window(PROVIDER, "report", 200, 60.0)
        self._at_once = world.concurrency(PROVIDER, "at_once", 10)

    async def handle(self, request: Request) -> Response:
        """Answer one call."""
        company = self._companies.get(request.path_params["realm"])
        path = request.path_params["path"]
        kind: CallKind = "identity" if path.split("/")[0] in _IDENTITY else "read"
        if company is not None:
            self._world.note(company.account, kind)
        try:
            company = self._admitted(request, company)
            with self._at_once.slot(company.realm_id) as allowed:
                self._throttle(company, path, allowed=allowed)
                await self._world.faults.hang(request, PROVIDER, company.account.id)
                return await self._answered(request, company, path)
        except RefusedError as no:
            return refusal({**no.body, "time": self._time()}, no.status)

    def _admitted(self, request: Request, company: Company | None) -> Company:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthorized("Malformed bearer token")
        owner = self._tokens.check(token)
        if company is None or owner is not company:
            raise not_connected()
        if request.path_params["environment"] != company.habits.environment:
            raise not_connected()
        if self._world.hit(company.account, "revoke"):
            raise unauthorized("Token expired")
        if self._world.hit(company.account, "disconnected"):
            raise not_connected()
        return company

    def _throttle(self, company: Company, path: str, *, allowed: bool) -> None:
        granted = allowed and self._minute.take(company.realm_id).allowed
        if granted and path == "batch":
            granted = self._batches.take(company.realm_id).allowed
        if granted and path.startswith("reports/"):
            granted = self._reports.take(company.realm_id).allowed
        if not granted or self._world.hit(company.account, "throttle_429"):
            self._world.note_throttled(company.account)
            raise throttled(403 if company.habits.old_throttle else 429)

    async def _answered(self, request: Request, company: Company, path: str) -> Response:
        account = company.account
        if gateway := self._world.hit(account, "gateway_502"):
            return gateway_page(gateway)
        if self._world.hit(account, "error_500"):
            raise system_fault()
        if self._world.hit(account, "no_permission"):
            raise no_right()
        if self._world.hit(account, "permission_denied"):
            raise permission_denied()
        if self._world.hit(account, "plan_too_low"):
            raise lapsed(newer=not company.habits.old_throttle)
        if self._world.hit(account, "fault_in_200"):
            raise refused(200, fault("10000", "An application error has occurred", "", "SystemFault"))
        if self._world.hit(account, "wrong_company"):
            company = self._by_account[neighbour(self._accounts, account).id]
        return answer(request, await self._body(request, company, path))

    async def _body(self, request: Request, company: Company, path: str) -> Body:
        match request.method, path.split("/"):
            case "GET", ["companyinfo", realm_id]:
                if realm_id != request.path_params["realm"]:
                    raise not_found("companyinfo")
                return company_info(company)
            case "GET", ["preferences"]:
                return preferences(company)
            case "GET", ["query"]:
                return self._query(company, request.query_params.get("query", ""))
            case "POST", ["batch"]:
                return self._batch(company, await request.body())
            case "GET", ["reports", "ProfitAndLoss"]:
                return self._report(company, request.query_params)
        raise RefusedError(404, {"Fault": fault("4", "Unsupported Operation", path, "ValidationFault")})

    def _query(self, company: Company, text: str) -> Body:
        try:
            return {"QueryResponse": self._found(company, text), "time": self._time()}
        except QueryError as error:
            raise refused(400, error.fault) from error

    def _batch(self, company: Company, body: bytes) -> Body:
        """The answers' order is not the questions'; one can fail alone."""
        try:
            items = json.loads(body)["BatchItemRequest"]
        except (ValueError, KeyError, TypeError):
            raise invalid("BatchItemRequest") from None
        if not 1 <= len(items) <= _MOST_ITEMS:
            raise invalid(f"a batch has 1 to {_MOST_ITEMS} items")
        answers = [{"bId": one["bId"], **self._item(company, one.get("Query", ""))} for one in items]
        return {"BatchItemResponse": answers[::-1], "time": self._time()}

    def _item(self, company: Company, text: str) -> Body:
        failing = self._world.hit(company.account, "item_fault")
        if failing and failing.options.get("entity", "") in text:
            code = str(failing.options.get("code", "10000"))
            return {"Fault": fault(code, "It failed alone", "", "SystemFault")}
        try:
            return {"QueryResponse": self._found(company, text)}
        except QueryError as error:
            return {"Fault": error.fault}

    def _found(self, company: Company, text: str) -> Body:
        query = parse(text, NAMES)
        if query.order and self._world.hit(company.account, "no_order"):
            raise QueryError(4001, f"Property {query.order} is not sortable")
        rows = rows_of(query, self._books(company), self._world.memo, self._today())
        return (
            query.answer(rows) if query.counts else self._spoiled(company, query.entity, query.answer(rows))
        )

    def _spoiled(self, company: Company, entity: str, found: Body) -> Body:
        """The page as it is, unless a fault drops its last row or makes its first one unreadable."""
        short = self._world.hit(company.account, "short_page")
        unreadable = self._world.hit(company.account, "unreadable")
        rows = found.get(entity)
        if rows and short:
            return found | {entity: rows[:-1]}
        if rows and unreadable:
            broken = (
                {"TxnDate": "soon"} if unreadable.options.get("field") == "date" else {"TotalAmt": "about 12"}
            )
            return found | {entity: [rows[0] | broken, *rows[1:]]}
        return found

    def _report(self, company: Company, sent: Mapping[str, str]) -> Body:
        """Without both days the present month so far; without a method the company's own."""
        today = self._today()
        first, last = today.replace(day=1), today
        if {"start_date", "end_date"} <= set(sent):
            first, last = _day(sent["start_date"]), _day(sent["end_date"])
        if last < first:
            raise invalid("start_date lies after end_date")
        if self._world.hit(company.account, "other_period"):
            first, last = today.replace(day=1), today
        method = sent.get("accounting_method", "Cash" if company.habits.cash_basis else "Accrual")
        asked = Asked(first, last, method == "Cash", sent.get("summarize_column_by") == "Month")
        return report(company, self._books(company), asked, self._time())

    def _books(self, company: Company) -> Books:
        return company.account.live.now

    def _today(self) -> date:
        return self._world.clock.now().date()

    def _time(self) -> str:
        """Now, as the vendor writes it: on the west coast."""
        return pacific(self._world.clock.now())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("a day is YYYY-MM-DD") from None
