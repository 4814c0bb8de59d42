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

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth, Value, document_totals, entry_totals, result_totals
from sandbox.calls import CallKind
from sandbox.faults import gateway_page
from sandbox.limits import Grant
from sandbox.merit_aktiva.company import COUNTRIES, PROVIDER, Company, open_company
from sandbox.merit_aktiva.methods import METHODS, Answer, Question, RefusedError, is_read_by_get
from sandbox.merit_aktiva.signing import is_current, is_signed
from sandbox.world import Account, World, neighbour

_LICENCE_SENTENCE = "API kasutamiseks peab ettevõtte loojal olema PRO või PREMIUM litsents"
_STACK_TRACE = (
    "System.NullReferenceException: Object reference not set to an instance of an object.\r\n"
    "   at Merit.Api.Controllers.GetController.Run(String body)\r\n"
)
_JSON = "application/json; charset=utf-8"


class MeritAktiva:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"stack_trace_200", "no_v2"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._companies = [open_company(world, number) for number in range(1, world.clients + 1)]
        self._by_key = {(one.country, one.api_id): one for one in self._companies}
        self._of_account = {one.account.id: one for one in self._companies}
        self._minute = world.window(PROVIDER, "minute", 60, 60.0)
        self.accounts: Sequence[Account] = [one.account for one in self._companies]

    def routes(self) -> Sequence[BaseRoute]:
        """One address for every country, version and method."""
        return [Route("/{country}/api/{version}/{method}", self._serve, methods=["GET", "POST"])]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """Country and key pair."""
        company = self._of_account[account.id]
        return {"country": company.country, "api_id": company.api_id, "api_key": company.api_key}

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The three countries' hosts."""
        return {country.lower(): f"{root}/{country.lower()}/api" for country in COUNTRIES}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by their date, the ledger by posting date, payments by payment date."""
        entries, currency = books.entries(month), books.profile.currency
        return (
            document_totals(books.documents(month), currency)
            | result_totals(entries, currency)
            | entry_totals(entries)
            | {"bank_transaction_count": Value(len(books.payments(month)), "transactions")}
        )

    async def _serve(self, request: Request) -> Response:
        country = request.path_params["country"].upper()
        method = request.path_params["method"].lower()
        query = {key.lower(): value for key, value in request.query_params.items()}
        try:
            if country not in COUNTRIES or not {"apiid", "timestamp", "signature"} <= query.keys():
                raise RefusedError(404)
            company = self._recognise(country, query["apiid"], method)
        except RefusedError as refused:
            return _refusal(country, refused)
        grant = self._minute.take(company.api_id)
        response = await self._disturb(request, company, grant)
        if response is None:
            try:
                body = await self._authenticated_body(request, company, query)
                response = self._answer(request, company, method, body)
            except RefusedError as refused:
                response = _refusal(country, refused)
        response.headers.update(_limit_headers(grant))
        return response

    def _recognise(self, country: str, api_id: str, method: str) -> Company:
        """Whose id it is; a stray blank and an unknown id are refused without a word."""
        if api_id != api_id.strip():
            raise RefusedError(400)
        company = self._by_key.get((country, api_id))
        kind: CallKind = "identity" if method == "gettaxes" else "read"
        self._world.calls.note(PROVIDER, company.account.id if company else "unknown", kind)
        if company is None or self._world.hit(company.account, "revoke"):
            raise RefusedError(401)
        return company

    async def _disturb(self, request: Request, company: Company, grant: Grant) -> Response | None:
        """The limit and the faults that stand before everything else."""
        account, hit = company.account, self._world.hit
        if not grant.allowed or hit(account, "throttle_429"):
            self._world.note_throttled(account)
            return Response(status_code=429, media_type=_JSON, headers={"Retry-After": "2"})
        await self._world.faults.hang(request, PROVIDER, account.id)
        if hit(account, "error_500"):
            return Response(_STACK_TRACE, 500, media_type="text/plain")
        if fault := hit(account, "gateway_502"):
            return gateway_page(fault)
        if hit(account, "stack_trace_200"):
            return Response(_STACK_TRACE, 200, media_type=_JSON)
        return None

    async def _authenticated_body(
        self, request: Request, company: Company, query: Mapping[str, str]
    ) -> bytes:
        """The JSON of the request, once its signature, its time and the licence are in order."""
        body = await request.body() or query.get("param4net", "").encode()
        skew = self._world.hit(company.account, "clock_skew")
        now = self._world.clock.now() + timedelta(seconds=skew.options.get("skew_s", 3600) if skew else 0)
        signed = is_signed(company.api_id, company.api_key, query["timestamp"], query["signature"], body)
        if not signed or not is_current(query["timestamp"], now):
            raise RefusedError(401, "api-wrongsignature")
        if plan := self._world.hit(company.account, "plan_too_low"):
            raise RefusedError(401, _LICENCE_SENTENCE if plan.options.get("older") else "api-wronglicense")
        if self._world.hit(company.account, "no_permission"):
            raise RefusedError(401, "api-wronglicense")
        return body

    def _answer(self, request: Request, company: Company, method: str, body: bytes) -> Response:
        version = request.path_params["version"].lower()
        countries, answer = METHODS.get((version, method), (frozenset(), None))
        if answer is None or company.country not in countries:
            raise RefusedError(404)
        if version == "v2" and self._world.hit(company.account, "no_v2"):
            raise RefusedError(404)
        if (request.method == "GET") is not is_read_by_get(company.country, method):
            raise RefusedError(405)
        try:
            params = {str(key).lower(): value for key, value in json.loads(body or b"{}").items()}
        except (ValueError, AttributeError):
            return Response(_STACK_TRACE, 500, media_type="text/plain")
        question = Question(company, self._books(company), version, params)
        key = (question.books.key, company.account.id, version, method, body)
        text = self._world.memo.get(key, lambda: _worded(company, answer(question)))
        return Response(self._spoiled(company, text), media_type=_JSON)

    def _books(self, company: Company) -> Books:
        account = company.account
        if self._world.hit(account, "wrong_company"):
            account = neighbour(self.accounts, account)
        return account.live.now

    def _spoiled(self, company: Company, text: bytes) -> bytes:
        """The answer as it is, unless a fault makes a row unreadable or cuts it off in the middle."""
        if fault := self._world.hit(company.account, "unreadable"):
            key = "DocumentDate" if fault.options.get("field") == "date" else "TotalAmount"
            text = re.sub(rf'"{key}(\\*)":[^,]+'.encode(), rf'"{key}\1":\1"n/a\1"'.encode(), text, count=1)
        return text[: len(text) * 2 // 3] if self._world.hit(company.account, "short_page") else text


def _worded(company: Company, answer: Answer) -> bytes:
    if answer == [] and company.habits.empty_body:
        return b""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return (json.dumps(text) if company.habits.double_encoded else text).encode()


def _refusal(country: str, refused: RefusedError) -> Response:
    """Each country has its own dress for an error text."""
    if not refused.text:
        return Response(status_code=refused.status)
    if country == "FI":
        text = json.dumps({"Message": refused.text}, ensure_ascii=False)
    elif country == "PL":
        text = json.dumps(refused.text, ensure_ascii=False)
    else:
        return Response(refused.text, refused.status, media_type="text/plain")
    return Response(text, refused.status, media_type=_JSON)


def _limit_headers(grant: Grant) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(grant.limit),
        "X-RateLimit-Remaining": str(grant.remaining),
        "X-RateLimit-Reset": str(math.ceil(grant.reset_at)),
    }
