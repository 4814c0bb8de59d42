"""Fortnox as the sandbox plugs it in: who may ask, how often, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth
from sandbox.calls import CallKind
from sandbox.faults import gateway_page
from sandbox.fortnox import lists
from sandbox.fortnox.company import PROVIDER, Company, open_company
from sandbox.fortnox.errors import RefusedError, throttled, unauthorized
from sandbox.fortnox.identity import Consent, Identity
from sandbox.fortnox.identity_http import IdentityHttp
from sandbox.fortnox.rows import Json
from sandbox.fortnox.sie import cut_off, sie_file, with_rubbish
from sandbox.fortnox.truth import truth_of
from sandbox.world import Account, World, neighbour

_LIMIT, _WINDOW_S = 25, 5.0
_SCOPES = {
    "companyinformation": "companyinformation",
    "financialyears": "bookkeeping",
    "sie": "bookkeeping",
    "invoices": "invoice",
    "supplierinvoices": "supplierinvoice",
}
_RESOURCES = {"invoices": lists.INVOICES, "supplierinvoices": lists.SUPPLIER_INVOICES}
_JSON = "application/json"


class Fortnox:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"token_500", "token_reply_lost", "no_service_account"})

    def __init__(self, world: World) -> None:
        self._world = world
        companies = [open_company(world, number) for number in range(1, world.clients + 1)]
        self._by_tenant = {one.tenant_id: one for one in companies}
        self._of_account = {one.account.id: one for one in companies}
        self._identity = Identity(world.clock, world.seed, self._by_tenant)
        self._identity_http = IdentityHttp(world, self._identity, self._by_tenant)
        self._window = world.sliding_window(PROVIDER, "five seconds", _LIMIT, _WINDOW_S)
        self.accounts: Sequence[Account] = [one.account for one in companies]

    def routes(self) -> Sequence[BaseRoute]:
        """The two hosts."""
        return [
            Route("/apps/oauth-v1/auth", self._identity_http.authorize, methods=["GET", "POST"]),
            Route("/apps/oauth-v1/token", self._identity_http.token, methods=["POST"]),
            Route("/apps/oauth-v1/revoke", self._identity_http.revoke, methods=["POST"]),
            Route("/api/3/{path:path}", self._serve, methods=["GET"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The integration's own keys, and the company that has consented to its service account."""
        return {
            "client_id": self._identity.client_id,
            "client_secret": self._identity.client_secret,
            "tenant_id": str(self._of_account[account.id].tenant_id),
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The two hosts."""
        return {"api": f"{root}/api", "apps": f"{root}/apps"}

    def truth(self, books: Books, month: Month) -> Truth:
        """What a summary says of these books."""
        return truth_of(self._of_account[books.profile.account], books, month)

    async def _serve(self, request: Request) -> Response:
        consent = self._bearer(request)
        path = request.path_params["path"]
        if consent is None:
            self._world.calls.note(PROVIDER, "unknown", "read")
            return unauthorized()
        company = self._by_tenant[consent.tenant_id]
        kind: CallKind = "identity" if path == "companyinformation" else "read"
        self._world.note(company.account, kind)
        disturbed = await self._disturb(request, company)
        if disturbed is not None:
            return disturbed
        try:
            return self._answer(request, company, consent, path)
        except RefusedError as refused:
            return refused.response(small_letters=company.habits.small_letters)

    def _bearer(self, request: Request) -> Consent | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return self._identity.check(token) if kind.lower() == "bearer" else None

    async def _disturb(self, request: Request, company: Company) -> Response | None:
        """The limit and the faults that stand before everything else."""
        account, hit = company.account, self._world.hit
        if not self._window.take(account.id).allowed or hit(account, "throttle_429"):
            self._world.note_throttled(account)
            return throttled()
        await self._world.faults.hang(request, PROVIDER, account.id)
        if hit(account, "revoke"):
            return unauthorized()
        if fault := hit(account, "gateway_502"):
            return gateway_page(fault)
        if hit(account, "error_500"):
            return RefusedError(500, 1000003).response(small_letters=company.habits.small_letters)
        return None

    def _answer(self, request: Request, company: Company, consent: Consent, path: str) -> Response:
        name, _, tail = path.partition("/")
        if name not in _SCOPES or (bool(tail) is not (name == "sie") and name not in _RESOURCES):
            raise RefusedError(404, 2000434)
        self._permit(company, consent, name)
        if self._world.hit(company.account, "wrong_company"):
            company = self._of_account[neighbour(self.accounts, company.account).id]
        if name == "sie":
            return self._sie(request, company, tail)
        _accept(request, _JSON)
        return Response(self._body(request, company, name, tail), media_type=_JSON)

    def _permit(self, company: Company, consent: Consent, name: str) -> None:
        """Both refusals were seen with 400 and with 403."""
        status = 400 if company.habits.small_letters else 403
        if self._world.hit(company.account, "plan_too_low"):
            raise RefusedError(status, 2001103)
        fault = self._world.hit(company.account, "no_permission")
        if _SCOPES[name] not in consent.scopes or (fault and fault.options.get("resource", name) == name):
            raise RefusedError(status, 2000663)

    def _body(self, request: Request, company: Company, name: str, tail: str) -> bytes:
        books, today = company.account.live.now, self._world.clock.now().date()
        address = _address(request)

        def build() -> bytes:
            return _worded(self._told(request, company, name, tail))

        text = self._world.memo.get((books.key, today, name, tail, address, request.url.query), build)
        return self._spoiled(company, text) if name in _RESOURCES and not tail else text

    def _told(self, request: Request, company: Company, name: str, tail: str) -> Json:
        books, today = company.account.live.now, self._world.clock.now().date()
        asked = lists.Question(company, books, request.query_params, today, _address(request))
        if name == "companyinformation":
            return _company_information(company)
        if name == "financialyears":
            return lists.financial_years(asked)
        resource = _RESOURCES[name]
        return lists.document(resource, asked, tail) if tail else lists.documents(resource, asked)

    def _sie(self, request: Request, company: Company, kind: str) -> Response:
        """The file itself; the year is a running id, and its parameter has small letters."""
        _accept(request, "application/octet-stream")
        lists.check_names(request.query_params, {"financialyear"})
        today = self._world.clock.now().date()
        years = {str(one.id): one for one in company.years(today)}
        year = years.get(request.query_params.get("financialyear", str(len(years))))
        if kind != "4" or year is None:
            raise RefusedError(404, 2000434)
        books = company.account.live.now
        key = (books.key, today, "sie", year.id)
        content = self._world.memo.get(key, lambda: sie_file(company, books, year, today))
        if self._world.hit(company.account, "short_page"):
            content = cut_off(content)
        if fault := self._world.hit(company.account, "unreadable"):
            content = with_rubbish(content, fault.options.get("field", "amount"))
        return Response(content, headers={"content-type": "application/octet-stream"})

    def _spoiled(self, company: Company, text: bytes) -> bytes:
        """The page as it is, unless a fault drops its last row or makes its first one unreadable."""
        short, rubbish = (self._world.hit(company.account, one) for one in ("short_page", "unreadable"))
        if not short and not rubbish:
            return text
        page = json.loads(text)
        found = page[next(name for name in page if name != "MetaInformation")]
        if short and found:
            found.pop()
        if rubbish and found:
            found[0]["InvoiceDate" if rubbish.options.get("field") == "date" else "Total"] = "n/a"
        return _worded(page)


def _company_information(company: Company) -> Json:
    told = {
        "Address": "Storgatan 4",
        "City": "Lund",
        "CompanyName": company.account.profile.name,
        "CountryCode": "SE",
        "DatabaseNumber": company.tenant_id,
        "OrganizationNumber": company.organisation_number,
        "VisitAddress": None,
        "VisitCity": None,
        "VisitCountryCode": None,
        "VisitZipCode": None,
        "ZipCode": "22221",
    }
    return {"CompanyInformation": told}


def _address(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/api"


def _accept(request: Request, wanted: str) -> None:
    accepted = request.headers.get("accept", "*/*")
    if not any(one in accepted for one in ("*/*", wanted)):
        raise RefusedError(406, 1000030)


def _worded(content: Json) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
