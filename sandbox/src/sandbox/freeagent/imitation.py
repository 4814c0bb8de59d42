"""FreeAgent as the sandbox plugs it in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.totals import Truth, Value, document_totals, entry_totals, result_totals
from sandbox.freeagent.api import Api
from sandbox.freeagent.company import (
    PROVIDER,
    is_bank_transaction,
    is_journal_set,
    open_companies,
    revaluations,
)
from sandbox.freeagent.consent import PRACTICE, Codes, ConsentPage
from sandbox.freeagent.report import in_units
from sandbox.freeagent.token_address import TokenAddress
from sandbox.freeagent.tokens import App, Tokens, TokenSet
from sandbox.world import Account, World

_WAYS = (("production", False), ("production", True), ("sandbox", False))


class FreeAgent:
    """Fulfils `world.Imitation`: an app for companies, one for a practice, one of the vendor's sandbox."""

    provider = PROVIDER
    faults = frozenset({"api_disabled", "no_totals", "token_500", "token_reply_lost", "token_401"})

    def __init__(self, world: World) -> None:
        self._companies = open_companies(world)
        self._by_id = {one.account.id: one for one in self._companies}
        self.accounts: Sequence[Account] = [one.account for one in self._companies]
        self._apps = {way: _app(world.seed, *way) for way in _WAYS}
        self.tokens = Tokens(world.clock, world.seed)
        self._sets = {
            (way, owner): self._open(way, owner)
            for way in _WAYS
            for owner in ([PRACTICE] if way[1] else list(self._by_id))
        }
        by_client_id = {app.client_id: app for app in self._apps.values()}
        codes = Codes(world.clock)
        self._page = ConsentPage(by_client_id, codes, self._companies)
        self._token_address = TokenAddress(world, by_client_id, self.tokens, codes, self._by_id)
        self._api = Api(world, self.tokens, self._companies)

    def routes(self) -> Sequence[BaseRoute]:
        """The two hosts, and what drives the tokens."""
        return [
            Route("/{environment}/v2/approve_app", self._page.handle, methods=["GET", "POST"]),
            Route("/{environment}/v2/token_endpoint", self._token_address.handle, methods=["POST"]),
            Route(
                "/{environment}/v2/{path:path}", self._api.handle, methods=["GET", "POST", "PUT", "DELETE"]
            ),
            Route("/_token_sets", self._shown_token_sets, methods=["GET"]),
            Route("/_tokens", self._drive_tokens, methods=["POST"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The token set of the company's user."""
        return self._held(("production", False), account.id)

    def remarks(self, account: Account) -> Mapping[str, Any]:
        """Who logs in, and the other ways to the same books."""
        subdomain = self._by_id[account.id].subdomain
        practice = {**self._held(("production", True), PRACTICE), "mode": "practice", "subdomain": subdomain}
        other = self._held(("sandbox", False), account.id)
        return {"user": account.id, "practice": practice, "sandbox_environment": other}

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        return {environment: f"{root}/{environment}/v2" for environment in ("production", "sandbox")}

    def truth(self, books: Books, month: Month) -> Truth:
        """Issued documents, the report as it is printed, journal sets, ledger rows, bank transactions."""
        company, currency = self._by_id[books.profile.account], books.profile.currency
        is_kept = month >= company.starts_in
        documents = books.documents(month) if is_kept else ()
        entries = books.entries(month) if is_kept else ()
        journals = [one for one in books.journals(month) if is_kept and is_journal_set(one)]
        payments = [one for one in books.payments(month) if is_kept and is_bank_transaction(one)]
        revalued = len(revaluations(company, month)) if is_kept else 0
        result = result_totals(entries, currency).items()
        return {
            **document_totals(documents, currency),
            **{name: Value(in_units(company, Decimal(one.value)), currency) for name, one in result},
            **entry_totals(entries),
            "entry_count": Value(len(journals), "entries"),
            "entry_line_count": Value(sum(len(one.postings) for one in entries) + 2 * revalued, "lines"),
            "bank_transaction_count": Value(len(payments), "transactions"),
        }

    def _open(self, way: tuple[str, bool], owner: str) -> TokenSet:
        rotates = owner == PRACTICE or self._by_id[owner].rotates
        return self.tokens.open(self._apps[way], owner, rotates=rotates)

    def _held(self, way: tuple[str, bool], owner: str) -> dict[str, Any]:
        app, token_set = self._apps[way], self._sets[way, owner]
        access_token, ends_at = self.tokens.current_access(token_set)
        return {
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "environment": app.environment,
            "refresh_token": self.tokens.refresh_token(token_set),
            "access_token": access_token,
            "expires_at": ends_at.isoformat(),
        }

    async def _shown_token_sets(self, _: Request) -> Response:
        return JSONResponse(
            [
                {
                    "owner": one.owner,
                    "client_id": one.app.client_id,
                    "refreshes": one.refreshes,
                    "refused": one.refused,
                }
                for one in self.tokens.sets
            ]
        )

    async def _drive_tokens(self, request: Request) -> Response:
        wanted = await request.json()
        if "access_life_s" in wanted:
            self.tokens.access_life = timedelta(seconds=float(wanted["access_life_s"]))
        if wanted.get("expire"):
            self.tokens.expire()
        return Response(status_code=204)


def _app(seed: int, environment: str, is_practice: bool) -> App:
    digest = hashlib.sha256(f"{seed}/freeagent-app/{environment}/{is_practice}".encode()).hexdigest()
    return App(digest[:22], digest[22:56], environment, is_practice)
