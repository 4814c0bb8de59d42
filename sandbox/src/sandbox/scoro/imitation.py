"""The server: whose site, who may ask, how often, and in which dress the answer comes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import ZERO, State
from sandbox.books.totals import Truth, Value, document_totals
from sandbox.calls import CallKind
from sandbox.faults import Fault
from sandbox.scoro.company import DOMAINS, PROVIDER, Company, open_company
from sandbox.scoro.errors import RefusedError, answered, page, refused
from sandbox.scoro.modules import MODULES, Question, is_expense, rows_of
from sandbox.scoro.request import Asked
from sandbox.world import Account, World, neighbour

_PER_MINUTE, _PER_DAY = 60, 10_000
_THROTTLE_S = 5
_METHODS = ["GET", "POST", "PUT", "DELETE"]


class Scoro:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"no_date_filter", "repeated_page", "html_200"})

    def __init__(self, world: World) -> None:
        self._world = world
        self._companies = [open_company(world, number) for number in range(1, world.clients + 1)]
        self._by_site = {(one.domain, one.site): one for one in self._companies}
        self._of_account = {one.account.id: one for one in self._companies}
        self._minute = world.window(PROVIDER, "minute", _PER_MINUTE, 60.0)
        self._day = world.window(PROVIDER, "day", _PER_DAY, 86_400.0)
        self.accounts: Sequence[Account] = [one.account for one in self._companies]

    def routes(self) -> Sequence[BaseRoute]:
        """The sites' hosts, each below its domain."""
        return [Route("/{domain}/{site}/{path:path}", self._serve, methods=_METHODS)]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """Subdomain, company account ID and key; of the older domain the whole host is told."""
        company = self._of_account[account.id]
        return {
            "site": company.site if company.domain == "com" else f"{company.site}.scoro.{company.domain}",
            "company_account_id": company.company_account_id,
            "api_key": company.api_key,
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """Every site has a host of its own: `{site}` stands for its name."""
        return {domain: f"{root}/{domain}/{{site}}/api/v2" for domain in DOMAINS}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by their own date; income is the invoices' net, expenses that of bills and expenses."""
        currency = books.profile.currency
        truth = document_totals(books.documents(month), currency)
        spent = [one for one in books.cash_moves(month) if is_expense(one) and one.state is State.BOOKED]
        for metric, side, more in (
            ("income_total", "sales_net", ZERO),
            ("expense_total", "purchase_net", sum((one.amount for one in spent), ZERO)),
        ):
            if side in truth:
                truth[metric] = Value(truth[side].value + more, currency)
        return truth

    async def _serve(self, request: Request) -> Response:
        domain, site = request.path_params["domain"], request.path_params["site"]
        company = self._by_site.get((domain, site))
        found = re.fullmatch(r"api/v2/(\w+)/list", request.path_params["path"])
        if company is None or found is None or request.method != "POST":
            # Nobody's site shows a page, sometimes as if all were well.
            return page(200 if company is None and len(site) % 2 else 404, "Page not found")
        try:
            return await self._answer(request, company, found[1])
        except RefusedError as error:
            return refused(error, company.habits)

    async def _answer(self, request: Request, company: Company, module: str) -> Response:
        hit, account = self._world.hit, company.account
        kind: CallKind = "identity" if module == "companyAccount" else "read"
        asked = Asked.read(await request.body())
        is_known = asked.text("apiKey") == company.api_key
        self._world.calls.note(PROVIDER, account.id if is_known else "unknown", kind)
        if not is_known or hit(account, "revoke"):
            raise RefusedError(401, "Invalid API key")
        self._limit(company)
        await self._world.faults.hang(request, PROVIDER, account.id)
        if disturbed := self._disturbed(company):
            return disturbed
        _check_entity(company, asked)
        if module not in MODULES:
            raise RefusedError(404, f"Module not found: {module}")
        self._check_module(company, module)
        return self._page(company, module, asked)

    def _limit(self, company: Company) -> None:
        if fault := self._world.hit(company.account, "throttle_429"):
            raise self._throttled(company, fault.options.get("retry_after_s", _THROTTLE_S))
        for window, words in ((self._day, "Daily API limit exceeded"), (self._minute, "Too many requests")):
            grant = window.take(company.api_key)
            if not grant.allowed:
                told = None if company.habits.silent_limits else max(1, math.ceil(grant.reset_in_s))
                raise self._throttled(company, told, words)

    def _throttled(
        self, company: Company, retry_after_s: int | None, words: str = "Too many requests"
    ) -> RefusedError:
        self._world.note_throttled(company.account)
        return RefusedError(429, words, retry_after_s=retry_after_s)

    def _disturbed(self, company: Company) -> Response | None:
        """Faults that stand before everything else."""
        hit, account = self._world.hit, company.account
        if hit(account, "error_500"):
            raise RefusedError(500, "Internal error")
        if fault := hit(account, "gateway_502"):
            return page(fault.status, fault.words)
        return page(200, "We will be back soon") if hit(account, "html_200") else None

    def _check_module(self, company: Company, module: str) -> None:
        """The finance modules need a plan that has them, and the right to them."""
        if module == "companyAccount":
            return
        if self._world.hit(company.account, "plan_too_low"):
            raise RefusedError(403, "Your plan does not include this module")
        fault = self._world.hit(company.account, "no_permission")
        if fault and module.startswith(fault.options.get("module", "")):
            raise RefusedError(403, "You do not have permission to view this module")

    def _page(self, company: Company, module: str, asked: Asked) -> Response:
        hit, account = self._world.hit, company.account
        fields = dict(asked.fields)
        if hit(account, "no_date_filter"):
            fields.pop("filter", None)
        if hit(account, "repeated_page"):
            fields["page"] = 1
        whose = company
        if hit(account, "wrong_company"):
            whose = self._of_account[neighbour(self.accounts, account).id]
        question = Question(whose, Asked(fields), self._world.clock.now().date())
        body = answered(company.habits, rows_of(module, question, company.habits.largest_page))
        return Response(self._spoiled(company, body), media_type="application/json")

    def _spoiled(self, company: Company, body: bytes) -> bytes:
        """The answer as it is, unless a fault makes a row unreadable or cuts it off in the middle."""
        if fault := self._world.hit(company.account, "unreadable"):
            body = _unreadable(body, fault)
        return body[: len(body) * 2 // 3] if self._world.hit(company.account, "short_page") else body


def _check_entity(company: Company, asked: Asked) -> None:
    """Without its id, and with a wrong one, no entity is chosen."""
    told = asked.text("company_account_id")
    if not told:
        raise RefusedError(401, "company_account_id is missing")
    if told.casefold() != company.company_account_id.casefold():
        if company.habits.errors_as_200:
            raise RefusedError(401, "Unknown company_account_id")
        raise RefusedError(403, "Access denied")


def _unreadable(body: bytes, fault: Fault) -> bytes:
    """The first row's day or sum is no longer one."""
    name = b"date" if fault.options.get("field") == "date" else b"sum"
    return re.sub(rb'"%s":[^,]+' % name, rb'"%s":"n/a"' % name, body, count=1)
