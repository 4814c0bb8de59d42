"""The server: who may ask, how often, and in which dress the answer comes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth, Value, document_totals, entry_totals, result_totals
from sandbox.faults import Fault, gateway_page
from sandbox.smartaccounts.company import PROVIDER, Company, open_company
from sandbox.smartaccounts.errors import RefusedError, refused_signature
from sandbox.smartaccounts.query import Query
from sandbox.smartaccounts.services import SERVICES, Listed, Question
from sandbox.smartaccounts.signing import is_current, is_signed
from sandbox.world import Account, World, neighbour

_JSON = "application/json;charset=UTF-8"
_PER_MINUTE, _PER_DAY = 60, 1000
_THROTTLE_S = 30


class SmartAccounts:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"repeated_page", "plain_503"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._companies = [open_company(world, number) for number in range(1, world.clients + 1)]
        self._by_key = {one.api_key: one for one in self._companies}
        self._of_account = {one.account.id: one for one in self._companies}
        self._minute = world.window(PROVIDER, "minute", _PER_MINUTE, 60.0)
        self._day = world.window(PROVIDER, "day", _PER_DAY, 86_400.0)
        self.accounts: Sequence[Account] = [one.account for one in self._companies]

    def routes(self) -> Sequence[BaseRoute]:
        """The same services at three addresses; the language is that of messages about values."""
        methods = ["GET", "POST"]
        return [
            Route("/api/{service:path}", self._serve, methods=methods),
            Route("/{language}/api/{service:path}", self._serve, methods=methods),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The key pair."""
        company = self._of_account[account.id]
        return {"api_key": company.api_key, "api_secret": company.api_secret}

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The one host."""
        return {"api": f"{root}/en/api"}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by their date, all else by posting date; payments through the bank as transactions."""
        entries, currency = books.entries(month), books.profile.currency
        through_bank = sum(one.through is Role.BANK for one in books.payments(month))
        return (
            document_totals(books.documents(month), currency)
            | result_totals(entries, currency)
            | entry_totals(entries)
            | {"bank_transaction_count": Value(through_bank, "transactions")}
        )

    async def _serve(self, request: Request) -> Response:
        language = request.path_params.get("language", "en")
        try:
            if language not in {"en", "et"}:
                raise RefusedError(404, "NOT-FOUND")
            company = self._recognise(request.query_params.get("apikey", ""))
            if disturbed := await self._disturb(request, company):
                return disturbed
            await self._authenticate(request, company)
            return self._answer(request, company)
        except RefusedError as refused:
            return Response(_json(refused.body(language)), refused.status, refused.headers, _JSON)

    def _recognise(self, api_key: str) -> Company:
        company = self._by_key.get(api_key)
        self._world.calls.note(PROVIDER, company.account.id if company else "unknown", "read")
        if company is None or self._world.hit(company.account, "revoke"):
            raise refused_signature()
        return company

    async def _disturb(self, request: Request, company: Company) -> Response | None:
        """The limits and the faults that stand before everything else."""
        account, hit = company.account, self._world.hit
        self._limit(company)
        await self._world.faults.hang(request, PROVIDER, account.id)
        if hit(account, "error_500"):
            raise RefusedError(500, "INTERNAL-ERROR")
        if hit(account, "plain_503"):
            return _page_of_gateway(503, "Service Temporarily Unavailable")
        if fault := hit(account, "gateway_502"):
            return gateway_page(fault)
        return None

    def _limit(self, company: Company) -> None:
        if fault := self._world.hit(company.account, "throttle_429"):
            told = fault.options.get("retry_after_s", _THROTTLE_S)
            raise self._throttled(company, told, fault.options.get("status", 503))
        for window in (self._day, self._minute):
            grant = window.take(company.api_key)
            if not grant.allowed:
                told = None if company.habits.silent_limits else max(1, math.ceil(grant.reset_in_s))
                raise self._throttled(company, told)

    def _throttled(self, company: Company, retry_after_s: int | None, status: int = 503) -> RefusedError:
        self._world.note_throttled(company.account)
        refused = RefusedError(status, "RATE-LIMIT-EXCEEDED")
        if retry_after_s is not None:
            refused.headers["Retry-After"] = str(retry_after_s)
        return refused

    async def _authenticate(self, request: Request, company: Company) -> None:
        """Signature, time, the bill, and the rights of the user group."""
        hit, account = self._world.hit, company.account
        query, body = request.url.query, (await request.body()).decode(errors="replace")
        skew = hit(account, "clock_skew")
        now = self._world.clock.now() + timedelta(seconds=skew.options.get("skew_s", 3600) if skew else 0)
        timestamp = request.query_params.get("timestamp", "")
        if not is_signed(company.api_secret, query, body) or not is_current(timestamp, now):
            raise refused_signature()
        if hit(account, "plan_too_low"):
            raise RefusedError(503, "BILLING-ERROR")
        service = request.path_params["service"]
        fault = hit(account, "no_permission")
        if fault and service.startswith(fault.options.get("service", "")):
            raise RefusedError(fault.options.get("status", 403), "NO-PERMISSION")

    def _answer(self, request: Request, company: Company) -> Response:
        service = request.path_params["service"]
        answer = SERVICES.get(service)
        if answer is None:
            raise RefusedError(404, "NOT-FOUND")
        params = {
            key: value
            for key, value in request.query_params.items()
            if key not in {"timestamp", "apikey", "signature"}
        }
        if self._world.hit(company.account, "repeated_page"):
            params["pageNumber"] = "1"
        books = self._books(company)
        question = Question(company, books, Query(params))
        asked = tuple(sorted((key, value) for key, value in params.items() if key != "pageNumber"))
        key = (books.key, company.account.id, service, asked)
        listed = self._world.memo.get(key, lambda: answer(question))
        return Response(self._spoiled(company, _worded(company, question.query, listed)), media_type=_JSON)

    def _books(self, company: Company) -> Books:
        account = company.account
        if self._world.hit(account, "wrong_company"):
            account = neighbour(self.accounts, account)
        return account.live.now

    def _spoiled(self, company: Company, text: bytes) -> bytes:
        """The answer as it is, unless a fault makes a row unreadable or cuts it off in the middle."""
        if fault := self._world.hit(company.account, "unreadable"):
            text = _unreadable(text, fault)
        return text[: len(text) * 2 // 3] if self._world.hit(company.account, "short_page") else text


def _worded(company: Company, query: Query, listed: Listed) -> bytes:
    key = "templates" if company.habits.odd_keys else listed.key
    if not listed.is_paged:
        return _json(listed.rows if company.habits.bare_chart else {key: listed.rows})
    rows, is_more, number = query.page(listed.rows, company.page_size)
    deleted = {"deleted": listed.deleted} if number == 1 else {}
    return _json({"hasMoreEntries": is_more, **deleted, key: rows})


def _unreadable(text: bytes, fault: Fault) -> bytes:
    """The first row's day or amount is no longer one; of an entry it is a row's amount."""
    names = "date" if fault.options.get("field") == "date" else "debitAmount|vatAmount"
    return re.sub(rf'"({names})":[^,]+'.encode(), rb'"\1":"n/a"', text, count=1)


def _page_of_gateway(status: int, words: str) -> Response:
    return Response(f"<html><body>{status} {words}</body></html>", status, media_type="text/html")


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
