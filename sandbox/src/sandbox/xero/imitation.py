"""Xero as the sandbox plugs it in."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.books.dice import stable_uuid
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.records import Kind, State
from sandbox.books.totals import Truth, Value, document_totals, result_totals
from sandbox.world import Account, World
from sandbox.xero.api import Api
from sandbox.xero.consent_page import ConsentPage
from sandbox.xero.consents import Consent
from sandbox.xero.faults import OWN_FAULTS
from sandbox.xero.identity import Identity
from sandbox.xero.identity_http import PROVIDER, IdentityHttp
from sandbox.xero.limits import Gate, Limits
from sandbox.xero.organisation import Organisation
from sandbox.xero.parties import GRANULAR_SCOPES, App, Tenant, User
from sandbox.xero.tokens import TokenSet

_PLACES = (("EE", "EUR"), ("GB", "GBP"), ("US", "USD"))
_ORGANISATIONS_PER_USER = 3


class Xero:
    """One app, users with three organisations each, and a custom connection per organisation."""

    provider = PROVIDER
    faults = OWN_FAULTS

    def __init__(self, world: World) -> None:
        self._world = world
        self.accounts: Sequence[Account] = [_account(world, number) for number in range(1, world.clients + 1)]
        self._organisations = {one.id: Organisation.of(one) for one in self.accounts}
        by_tenant = {self._organisations[one.id].tenant_id: one for one in self.accounts}
        self.app = App(_client_id(world.seed, "app"), _secret(world.seed, "app"), "ledgerbus")
        self._custom = {one.id: self._custom_app(one) for one in self.accounts}
        self._users = self._make_users()
        users = dict.fromkeys(self._users.values())
        self.identity = Identity(world.clock.now, str(world.seed), [self.app, *self._custom.values()], users)
        self._token_sets = {user.user_id: self._consented(user) for user in users}
        self.gate = Gate(world.clock.now, Limits())
        world.limits[PROVIDER] = {"organisation": self.gate}
        self._identity_http = IdentityHttp(world, self.identity, by_tenant)
        self._page = ConsentPage(self.identity)
        self._api = Api(world, self._identity_http, self.gate, by_tenant)

    def routes(self) -> Sequence[BaseRoute]:
        """The three hosts, and what drives the tokens."""
        return [
            Route("/login/identity/connect/authorize", self._page.handle, methods=["GET", "POST"]),
            Route("/identity/connect/token", self._identity_http.token, methods=["POST"]),
            Route("/identity/connect/revocation", self._identity_http.revocation, methods=["POST"]),
            Route("/api/connections", self._identity_http.connections, methods=["GET"]),
            Route("/api/connections/{id}", self._identity_http.disconnect, methods=["DELETE"]),
            Route(
                "/api/api.xro/2.0/{resource:path}",
                self._api.handle,
                methods=["GET", "POST", "PUT", "DELETE"],
            ),
            Route("/_token_sets", self._shown_token_sets, methods=["GET"]),
            Route("/_tokens", self._drive_tokens, methods=["POST"]),
            Route("/_limits", self._set_limits, methods=["POST"]),
        ]

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """The token set of the account's user, as it is now, with this account's organisation."""
        token_set = self._token_sets[self._users[account.id].user_id]
        access_token, expires_at = self.identity.tokens.current_access(token_set)
        return {
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "refresh_token": self.identity.tokens.refresh_token(token_set),
            "access_token": access_token,
            "expires_at": expires_at.isoformat(),
            "tenant_id": self._organisations[account.id].tenant_id,
        }

    def remarks(self, account: Account) -> Mapping[str, Any]:
        """Accounts of one user share one token set; the custom connection is another way in."""
        custom = self._custom[account.id]
        return {
            "user": self._users[account.id].user_id,
            "custom_connection": {"client_id": custom.client_id, "client_secret": custom.client_secret},
        }

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:  # noqa: ARG002 (same for all)
        """Where the three hosts are."""
        return {"api": f"{root}/api", "identity": f"{root}/identity", "login": f"{root}/login"}

    def truth(self, books: Books, month: Month) -> Truth:
        """Documents by their date, accrual result, posted manual journals, bank transactions that stand."""
        currency = books.profile.currency
        journals = sum(one.state is State.BOOKED for one in books.journals(month))
        moves = sum(one.state is State.BOOKED for one in books.cash_moves(month))
        return {
            **document_totals(books.documents(month), currency),
            **result_totals(books.entries(month), currency),
            "entry_count": Value(journals, "entries"),
            "bank_transaction_count": Value(moves, "transactions"),
        }

    async def _shown_token_sets(self, _: Request) -> Response:
        return JSONResponse(
            [
                {
                    "user": one.user.user_id if one.user else None,
                    "client_id": one.app.client_id,
                    "refreshes": one.refreshes,
                    "refused": one.refused,
                    "revoked": one.revoked,
                }
                for one in self.identity.tokens.sets
            ]
        )

    async def _drive_tokens(self, request: Request) -> Response:
        wanted = await request.json()
        if "access_life_s" in wanted:
            self.identity.tokens.access_life = timedelta(seconds=float(wanted["access_life_s"]))
        if wanted.get("expire"):
            self.identity.tokens.expire()
        return Response(status_code=204)

    async def _set_limits(self, request: Request) -> Response:
        self.gate.limits = Limits(**(await request.json()))
        return Response(status_code=204)

    def _make_users(self) -> dict[str, User]:
        """The user of each account."""
        users: dict[str, User] = {}
        for first in range(0, len(self.accounts), _ORGANISATIONS_PER_USER):
            group = self.accounts[first : first + _ORGANISATIONS_PER_USER]
            number = first // _ORGANISATIONS_PER_USER + 1
            # A practice stands first: whoever takes "the first tenant" reads nothing.
            practice = Tenant(stable_uuid(self._world.seed, "practice", number), "Practice", "PRACTICE")
            organisations = [self._organisations[one.id] for one in group]
            tenants = (practice, *(Tenant(one.tenant_id, one.name) for one in organisations))
            user = User(f"xero-user-{number:04}", f"User {number}", tenants)
            users |= {one.id: user for one in group}
        return users

    def _consented(self, user: User) -> TokenSet:
        consent = Consent(self.app, user, user.tenants, GRANULAR_SCOPES, "", None)
        return self.identity.grant(consent, set_id=stable_uuid("token-set", user.user_id).replace("-", ""))

    def _custom_app(self, account: Account) -> App:
        seed, organisation = self._world.seed, self._organisations[account.id]
        return App(
            _client_id(seed, account.id), _secret(seed, account.id), organisation.name, organisation.tenant_id
        )


def _account(world: World, number: int) -> Account:
    country, currency = _PLACES[(number - 1) % len(_PLACES)]
    profile = Profile(
        seed=world.seed,
        account=world.account_id(PROVIDER, number),
        country=country,
        currency=currency,
        documents=world.documents,
        left_out=(Kind.PREPAYMENT_INVOICE,),
        rounds_totals=number % 3 == 0,
    )
    return world.open(PROVIDER, number, profile)


def _client_id(seed: int, name: str) -> str:
    return stable_uuid(seed, "xero-client", name).replace("-", "").upper()


def _secret(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}/xero-secret/{name}".encode()).hexdigest()[:48]
