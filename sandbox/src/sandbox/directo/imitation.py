"""The server: who may ask over which interface, how often, and what goes wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth
from sandbox.directo.company import PROVIDER, Company, open_company
from sandbox.directo.errors import RefusedError
from sandbox.directo.filters import conditions
from sandbox.directo.resources import RESOURCES, Question
from sandbox.directo.rows import Row
from sandbox.directo.truth import truth
from sandbox.directo.xml_direct import Asked, rendered, transaction_rows
from sandbox.faults import Fault, gateway_page
from sandbox.world import Account, World, neighbour

_PER_MINUTE = 30
_THROTTLE_S = 60
_TALLINN = ZoneInfo("Europe/Tallinn")
_SIGN_IN_PAGE = "<!doctype html><html><body>Directo<form></form></body></html>"


class Directo:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"sign_in_page", "missing_field", "foreign_body"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._companies = [open_company(world, number) for number in range(1, world.clients + 1)]
        self._by_key = {one.api_key: one for one in self._companies}
        self._of_account = {one.account.id: one for one in self._companies}
        self._minute = world.sliding_window(PROVIDER, "minute", _PER_MINUTE, 60.0)
        self.accounts: Sequence[Account] = [one.account for one in self._companies]

    def routes(self) -> Sequence[BaseRoute]:
        """Both interfaces of the one host."""
        return [
            Route("/api/apidirect/v1/{resource}", self._rest),
            Route("/api/xmlcore/cap_xml_direct/xmlcore.asp", self._xml, methods=["POST"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The key, and what its owner wants read."""
        return self._of_account[account.id].credentials()

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The one host."""
        return {"api": f"{root}/api"}

    def truth(self, books: Books, month: Month) -> Truth:
        """By the habits of the account."""
        return truth(self._of_account[books.profile.account], books, month)

    async def _rest(self, request: Request) -> Response:
        try:
            company = self._recognise(request.headers.get("x-directo-key"), is_xml=False)
            if disturbed := await self._disturb(request, company):
                return disturbed
            resource = request.path_params["resource"]
            if (fault := self._refused_right(company, resource)) and not fault.options.get("silent"):
                raise RefusedError(403, "Access denied")
            rows = [] if fault else self._asked_for(company, resource, request.url.query)
            body = json.dumps(self._spoiled(company, resource, rows), ensure_ascii=False).encode()
            return Response(self._cut(company, body), media_type="application/json")
        except RefusedError as refused:
            return refused.as_json()

    async def _xml(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        try:
            company = self._recognise(form.pop("token", None), is_xml=True)
            if disturbed := await self._disturb(request, company):
                return disturbed
            if fault := self._refused_right(company, "transactions"):
                raise RefusedError(403, "" if fault.options.get("silent") else "Access denied")
            asked = Asked.of(dict(request.query_params) if company.habits.reads_query else form)
            books = self._books(company)
            key = (books.key, company.account.id, "xml", asked)
            rows = self._world.memo.get(key, lambda: transaction_rows(company, books, asked))
            spoiled = self._spoiled(company, "transactions", rows)
            body = rendered(spoiled, has_container=not company.habits.reads_query)
            return Response(self._cut(company, body), media_type="text/xml")
        except RefusedError as refused:
            return refused.as_xml()

    def _recognise(self, api_key: str | None, *, is_xml: bool) -> Company:
        """A key is for one interface, until it is revoked or its last day has passed."""
        company = self._by_key.get(api_key or "")
        self._world.calls.note(PROVIDER, company.account.id if company else "unknown", "read")
        if not api_key:
            raise RefusedError(401, "<err>token required</err>" if is_xml else "Key required")
        if company is None or company.habits.has_xml is not is_xml:
            raise RefusedError(401, "Unauthorized")
        today = self._world.clock.now().astimezone(_TALLINN).date()
        has_ended = company.expires_on is not None and company.expires_on < today
        if has_ended or self._world.hit(company.account, "revoke"):
            raise RefusedError(401, "Unauthorized")
        return company

    async def _disturb(self, request: Request, company: Company) -> Response | None:
        """The limit, and the faults that stand before everything else."""
        account, hit = company.account, self._world.hit
        fault = hit(account, "throttle_429")
        if fault or not self._minute.take(company.api_key).allowed:
            raise self._throttled(company, fault)
        await self._world.faults.hang(request, PROVIDER, account.id)
        if hit(account, "error_500"):
            raise RefusedError(500, "Internal server error")
        if fault := hit(account, "gateway_502"):
            return gateway_page(fault)
        if hit(account, "sign_in_page"):
            return Response(_SIGN_IN_PAGE, media_type="text/html")
        if fault := hit(account, "foreign_body"):
            return Response(str(fault.options.get("body", "")), media_type="text/plain")
        if hit(account, "plan_too_low"):
            raise RefusedError(403, "Access denied")
        return None

    def _throttled(self, company: Company, fault: Fault | None) -> RefusedError:
        self._world.note_throttled(company.account)
        refused = RefusedError(429, "Too many requests")
        told = fault.options.get("retry_after_s", _THROTTLE_S) if fault else _THROTTLE_S
        if told is not None:
            refused.headers["Retry-After"] = str(told)
        return refused

    def _refused_right(self, company: Company, resource: str) -> Fault | None:
        if resource == "invoices" and not company.habits.takes_invoices:
            raise RefusedError(403, "Access denied")
        fault = self._world.hit(company.account, "no_permission")
        return fault if fault and fault.options.get("resource", resource) == resource else None

    def _asked_for(self, company: Company, resource: str, query: str) -> list[Row]:
        found = RESOURCES.get(resource)
        if found is None:
            raise RefusedError(404, "Not found")
        pairs = parse_qsl(query, keep_blank_values=True)
        asked = tuple(conditions(pairs, found.fields, one_date=company.habits.heeds_one_date))
        books = self._books(company)
        key = (books.key, company.account.id, resource, asked)
        return self._world.memo.get(key, lambda: found.rows(Question(company, books, asked)))

    def _books(self, company: Company) -> Books:
        account = company.account
        if self._world.hit(account, "wrong_company"):
            account = neighbour(self.accounts, account)
        return account.live.now

    def _spoiled(self, company: Company, resource: str, rows: list[Row]) -> list[Row]:
        """The rows as they are, unless a fault makes one unreadable or leaves a field out of all."""
        if rows and resource != "accounts" and (fault := self._world.hit(company.account, "unreadable")):
            rows = _unreadable(rows, fault)
        fault = self._world.hit(company.account, "missing_field")
        if fault and fault.options.get("resource", "transactions") == resource:
            rows = [_without(row, fault.options.get("field", "rows.account")) for row in rows]
        return rows

    def _cut(self, company: Company, body: bytes) -> bytes:
        return body[: len(body) * 2 // 3] if self._world.hit(company.account, "short_page") else body


def _unreadable(rows: list[Row], fault: Fault) -> list[Row]:
    """The middle row's day or an amount is no longer one: the ends may lie outside the months that count."""
    spoiled, middle = copy.deepcopy(rows), len(rows) // 2
    row = spoiled[middle]
    if fault.options.get("field") == "date":
        row["date" if "date" in row else "invoicedate"] = "n/a"
    elif "rows" in row:
        row["rows"][0]["debitamount"] = "n/a"
    else:
        row["confirmed"] = "n/a"
    return spoiled


def _without(row: Row, field: str) -> Row:
    name, _, inner = field.partition(".")
    if inner:
        return {**row, name: [_without(line, inner) for line in row[name]]}
    return {key: value for key, value in row.items() if key != name}
