"""QuickBooks Online as the sandbox plugs it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import CashMove, State
from sandbox.books.totals import Truth, Value, document_totals, result_totals
from sandbox.quickbooks.api import OWN_FAULTS, Api
from sandbox.quickbooks.company import ENVIRONMENTS, PROVIDER, make_app, open_companies
from sandbox.quickbooks.identity import Identity
from sandbox.quickbooks.movements import RECEIPT, entity_of_move
from sandbox.quickbooks.tokens import Tokens
from sandbox.world import Account, World


class QuickBooks:
    """Fulfils `world.Imitation`: one app, and a consent for each company."""

    provider = PROVIDER
    faults = OWN_FAULTS

    def __init__(self, world: World) -> None:
        companies = open_companies(world)
        self._companies = {one.account.id: one for one in companies}
        self._app = make_app(world)
        self.accounts: Sequence[Account] = [one.account for one in companies]
        self.tokens = Tokens(world.clock, world.seed, companies)
        self._identity = Identity(world, self._app, self.tokens, companies)
        self._api = Api(world, self.tokens, companies)

    def routes(self) -> Sequence[BaseRoute]:
        """The hosts, and what drives the tokens."""
        return [
            Route("/login/connect/oauth2", self._identity.authorize, methods=["GET"]),
            Route("/identity/oauth2/v1/tokens/bearer", self._identity.token, methods=["POST"]),
            Route("/revocation/v2/oauth2/tokens/revoke", self._identity.revocation, methods=["POST"]),
            Route("/_consents", self._shown_consents, methods=["GET"]),
            Route("/_tokens", self._drive_tokens, methods=["POST"]),
            Route(
                "/{environment}/v3/company/{realm}/{path:path}",
                self._api.handle,
                methods=["GET", "POST", "PUT"],
            ),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The app's keys and the company's tokens, as they are now."""
        company = self._companies[account.id]
        consent = self.tokens.latest(company.realm_id)
        access_token, expires_at = self.tokens.access(consent)
        return {
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
            "refresh_token": self.tokens.refresh_token(consent),
            "access_token": access_token,
            "expires_at": expires_at.isoformat(),
            "realm_id": company.realm_id,
            "environment": company.habits.environment,
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (the same for all)
        """Where the hosts are."""
        return {name: f"{root}/{name}" for name in (*ENVIRONMENTS, "login", "identity", "revocation")}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by their date, accrual result, journal entries, movements of money but for receipts.

        Movements are known by their count alone, so those that were voided are among them.
        """
        currency = books.profile.currency
        entries = sum(one.state is State.BOOKED for one in books.journals(month))
        payments = sum(not _is_receipt(one.record) for one in books.payments(month))
        voided = sum(one.state is State.VOIDED and not _is_receipt(one) for one in books.cash_moves(month))
        return {
            **document_totals(books.documents(month), currency),
            **result_totals(books.entries(month), currency),
            "entry_count": Value(entries, "entries"),
            "bank_transaction_count": Value(payments + voided, "transactions"),
        }

    async def _shown_consents(self, _: Request) -> Response:
        return JSONResponse(
            [
                {
                    "realm_id": one.company.realm_id,
                    "number": one.number,
                    "refreshes": one.refreshes,
                    "refused": one.refused,
                    "revoked": one.revoked,
                }
                for one in self.tokens.consents
            ]
        )

    async def _drive_tokens(self, request: Request) -> Response:
        wanted = await request.json()
        if "access_life_s" in wanted:
            self.tokens.access_life = timedelta(seconds=float(wanted["access_life_s"]))
        if "old_value_life_s" in wanted:
            self.tokens.old_value_life = timedelta(seconds=float(wanted["old_value_life_s"]))
        if wanted.get("change"):
            self.tokens.change_all()
        if wanted.get("expire"):
            self.tokens.expire()
        return Response(status_code=204)


def _is_receipt(record: object) -> bool:
    return isinstance(record, CashMove) and entity_of_move(record) == RECEIPT
