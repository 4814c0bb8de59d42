"""The server: tokens, limit, faults, and what each path answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.profile import FOUNDED
from sandbox.books.totals import Truth, Value, document_totals, result_totals
from sandbox.e_conomic.agreement import DEMO, PROVIDER, Agreement, App, open_agreements
from sandbox.e_conomic.chart import account_rows, vat_rows
from sandbox.e_conomic.collection import SHAPES, Query, Row, tidy
from sandbox.e_conomic.consent import ConsentPage
from sandbox.e_conomic.errors import (
    OTHER_APPS,
    RefusedError,
    forbidden,
    not_found,
    throttled,
    unauthorized,
)
from sandbox.e_conomic.rows import (
    Dated,
    carried_rows,
    entry_rows,
    invoice_rows,
    is_opening,
    is_reversed,
)
from sandbox.e_conomic.years import Year
from sandbox.faults import Fault, gateway_page
from sandbox.world import Account, World, neighbour

MonthRows = Callable[[Agreement, Books, Month, str], Iterator[Dated]]

_CALLS_A_DAY = 50_000
_DAY_S = 86_400.0
_ENTRIES = re.compile(r"accounting-years/([^/]+)/entries")
_AMOUNTS = ("netAmountInBaseCurrency", "amountInBaseCurrency")
_ELSEWHERE = "https://restapi.e-conomic.example/accounting-years/2026/entries"


@dataclass(frozen=True, slots=True)
class _Reading:
    """One request for a collection of an agreement's."""

    agreement: Agreement
    query: Query
    root: str


class Economic:
    """Fulfils `world.Imitation`."""

    provider = PROVIDER
    faults = frozenset({"filter_ignored", "foreign_links", "other_app"})

    def __init__(self, world: World) -> None:
        self._world = world
        self.app = App.of(world.seed)
        self._agreements = {one.account.id: one for one in open_agreements(world)}
        self.accounts: Sequence[Account] = [one.account for one in self._agreements.values()]
        self._by_grant = {one.grant: one for one in self._agreements.values()}
        self._page = ConsentPage(self.app, list(self._agreements.values()))
        self._budget = world.window(PROVIDER, "agreement", _CALLS_A_DAY, _DAY_S)

    def routes(self) -> Sequence[BaseRoute]:
        """The API, and the page where an app is added."""
        return [
            Route("/api/{path:path}", self._serve, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/secure/secure/api1/requestaccess.aspx", self._page.handle, methods=["GET", "POST"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The grant, and the tokens of the app that it was given to."""
        return {
            "agreement_grant_token": self._agreements[account.id].grant,
            "app_secret_token": self.app.secret,
            "app_public_token": self.app.public_token,
        }

    def remarks(self, account: Account) -> Mapping[str, Any]:
        """Who to be on the page where the app is added."""
        return {"agreement": self._agreements[account.id].number}

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """The two hosts."""
        return {"api": f"{root}/api", "secure": f"{root}/secure"}

    def truth(self, books: Books, month: Month) -> Truth:
        """Sales by date; bills, result and rows by the ledger, without opening balances."""
        agreement = self._agreements[books.profile.account]
        entries, currency = books.entries(month), books.profile.currency
        counted = [one for one in entries if not is_opening(one)]
        rows = sum(len(one.postings) + 2 * is_reversed(agreement, one) for one in counted)
        return (
            document_totals(books.documents(month), currency, converted=True)
            | result_totals(entries, currency)
            | {"entry_count": Value(len(counted), "entries"), "entry_line_count": Value(rows, "lines")}
        )

    async def _serve(self, request: Request) -> Response:
        try:
            return await self._respond(request)
        except RefusedError as refused:
            return refused.response(self._world.clock.now())

    async def _respond(self, request: Request) -> Response:
        agreement, path = self._recognise(request), request.path_params["path"].strip("/")
        account = agreement.account
        self._world.note(account, "identity" if path == "self" else "read")
        grant = self._budget.take(account.id)
        fault = self._world.hit(account, "throttle_429")
        if fault or not grant.allowed:
            self._world.note_throttled(account)
            raise throttled(
                int(fault.options.get("retry_after_s", 60)) if fault else int(grant.reset_in_s) + 1
            )
        await self._world.faults.hang(request, PROVIDER, account.id)
        if self._world.hit(account, "error_500"):
            raise RefusedError(500, "Something went wrong.", code="E00500")
        if fault := self._world.hit(account, "gateway_502"):
            return gateway_page(fault)
        if request.method != "GET":
            raise RefusedError(405, "The method is not allowed.", code="E00405")
        return self._answer(request, self._answering(agreement), account, path)

    def _recognise(self, request: Request) -> Agreement:
        """Whose grant it is; the word demo opens the first agreement, with the same word as secret."""
        secret = request.headers.get("x-appsecrettoken", "")
        grant = request.headers.get("x-agreementgranttoken", "")
        agreement = self._by_grant.get(grant)
        if grant == DEMO and secret == DEMO:
            agreement = self._by_grant[next(iter(self._by_grant))]
        elif agreement is None or secret not in {self.app.secret, DEMO}:
            self._world.calls.note(PROVIDER, "unknown", "read")
            raise unauthorized()
        elif secret == DEMO or self._world.hit(agreement.account, "other_app"):
            raise unauthorized(OTHER_APPS)
        if self._world.hit(agreement.account, "revoke"):
            self._world.note(agreement.account, "read")
            raise unauthorized()
        if request.headers.get("content-type", "application/json") != "application/json":
            raise RefusedError(415, "The content type is not supported.", code="E00415")
        return agreement

    def _answering(self, agreement: Agreement) -> Agreement:
        """The agreement that was asked, or its neighbour."""
        if not self._world.hit(agreement.account, "wrong_company"):
            return agreement
        return self._agreements[neighbour(self.accounts, agreement.account).id]

    def _answer(self, request: Request, agreement: Agreement, asked: Account, path: str) -> Response:
        root = f"{str(request.base_url).rstrip('/')}/{PROVIDER}/api"
        if path == "self":
            return _reply(_self(agreement, self.app, root))
        self._check_rights(asked, path)
        years = _ENTRIES.fullmatch(path)
        shape = SHAPES.get("entries" if years else path)
        if shape is None:
            raise not_found()
        query = Query(request, shape, f"{root}/{path}")
        if self._world.hit(asked, "filter_ignored"):
            query.filter = None
        rows = self._rows(_Reading(agreement, query, root), path, years[1] if years else None)
        page = query.page(rows, lambda found: max(found, agreement.account.profile.documents * 12))
        return _reply(self._spoiled(asked, page), {"x-callcost": "3" if years else "1"})

    def _check_rights(self, asked: Account, path: str) -> None:
        half = "sales" if path.startswith("invoices/") else "bookkeeping"
        missing = self._world.hit(asked, "no_permission") or self._world.hit(asked, "plan_too_low")
        if missing and missing.options.get("half", half) == half:
            raise forbidden()

    def _rows(self, reading: _Reading, path: str, code: str | None) -> Iterable[Row]:
        agreement, root = reading.agreement, reading.root
        last = Month.of(self._world.clock.now().date())
        years = agreement.years(last)
        if code is not None:
            year = next((one for one in years if one.code == code), None)
            if year is None:
                raise not_found()
            carried = [row for _, row in carried_rows(agreement, year, root)]
            return [*carried, *self._dated(reading, year, entry_rows)]
        match path:
            case "invoices/booked":
                return self._dated(reading, Year(FOUNDED, last), invoice_rows)
            case "accounting-years":
                return [_year(one, last, root) for one in years]
            case "accounts":
                return account_rows(root)
        return vat_rows(root)

    def _dated(self, reading: _Reading, span: Year, build: MonthRows) -> Iterator[Row]:
        """Rows of the days that the filter lets through; a month is rendered once."""
        agreement, root = reading.agreement, reading.root
        books = agreement.account.live.now
        first, last = reading.query.days(span.first.first, span.last.last)
        for month in books.months(first, last) if first <= last else ():
            rendered = self._world.memo.get(
                (books.key, build, month, root),
                lambda month=month: list(build(agreement, books, month, root)),  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            )
            yield from (row for day, row in rendered if first <= day <= last)

    def _spoiled(self, asked: Account, page: Row) -> Row:
        """The page as it is, unless a fault drops its last row or makes its first unreadable."""
        rows = page["collection"]
        short, unreadable = self._world.hit(asked, "short_page"), self._world.hit(asked, "unreadable")
        if short and rows:
            page["collection"] = rows = rows[:-1]
        if rows and "entries" in rows[0] and self._world.hit(asked, "foreign_links"):
            page["collection"] = [row | {"entries": _ELSEWHERE} for row in rows]
        if unreadable and rows and "date" in rows[0]:
            page["collection"] = [_unreadable(rows[0], unreadable), *rows[1:]]
        return page


def _unreadable(row: Row, fault: Fault) -> Row:
    names = ("date",) if fault.options.get("field") == "date" else _AMOUNTS
    return row | {name: "n/a" for name in names if name in row}


def _year(year: Year, last: Month, root: str) -> Row:
    path = f"{root}/accounting-years/{year.code}"
    return {
        "year": year.name,
        "fromDate": year.first.first.isoformat(),
        "toDate": year.last.last.isoformat(),
        "closed": year.last < last.shift(-12),
        "periods": f"{path}/periods",
        "entries": f"{path}/entries",
        "totals": f"{path}/totals",
        "vouchers": f"{path}/vouchers",
        "self": path,
    }


def _self(agreement: Agreement, app: App, root: str) -> Row:
    number, kind, country = agreement.type
    profile = agreement.account.profile
    return {
        "agreementNumber": agreement.number,
        "agreementType": {"agreementTypeNumber": number, "name": kind},
        "userName": "API",
        "signupDate": "2019-05-02",
        "company": {
            "name": profile.name,
            "companyIdentificationNumber": agreement.cvr,
            "city": "Odense",
            "zip": "5000",
            "country": country,
            "vatNumber": None,
        },
        "application": {
            "appNumber": 4411,
            "name": "ledgerbus",
            "appPublicToken": app.public_token,
            "created": "2026-01-10",
            "requiredRoles": [{"roleNumber": 1, "name": "SuperUser", "self": f"{root}/app-roles/1"}],
        },
        "settings": {"baseCurrency": profile.currency, "internationalLedger": None},
        "companyAffiliation": "E-conomic",
        "canSendElectronicInvoice": False,
        "self": f"{root}/self",
    }


def _reply(content: Row, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(tidy(content), ensure_ascii=False, separators=(",", ":")).encode()
    return Response(text, headers=dict(headers or {}), media_type="application/json")
