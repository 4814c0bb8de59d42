"""Calls of the accounting side: who may, how often, and what goes wrong."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from sandbox.world import Account, World, neighbour
from sandbox.xero.accounting import LISTS, REPORT, RESOURCES, Accounting
from sandbox.xero.errors import not_found, query_refused, refusal, throttled, validation_refused
from sandbox.xero.faults import SPOILING, cut_short, make_unreadable, server_error
from sandbox.xero.identity_http import IdentityHttp
from sandbox.xero.limits import Gate
from sandbox.xero.listing import ParameterError, Row
from sandbox.xero.organisation import Organisation
from sandbox.xero.scopes import opens
from sandbox.xero.tokens import Bearer
from sandbox.xero.where import QueryParseError
from sandbox.xero.wire import answer


class Api:
    """Everything below /api.xro/2.0."""

    def __init__(
        self, world: World, identity: IdentityHttp, gate: Gate, accounts: Mapping[str, Account]
    ) -> None:
        self._world = world
        self._identity = identity
        self._gate = gate
        self._accounts = accounts  # by tenant id
        self._accounting = Accounting(world.clock.now)

    async def handle(self, request: Request) -> Response:
        """Answer one call."""
        tenant_id = request.headers.get("xero-tenant-id", "").lower()
        bearer = self._identity.bearer(request)
        if not isinstance(bearer, Response) and bearer.token_set.app.organisation_id:
            tenant_id = tenant_id or bearer.token_set.app.organisation_id
        account = self._accounts.get(tenant_id)
        name = request.path_params["resource"]
        if account is not None:
            self._world.note(account, "identity" if name == "Organisation" else "read")
        if isinstance(bearer, Response):
            return bearer
        if account is None or not self._connected(bearer, tenant_id):
            return refusal(403, "AuthenticationUnsuccessful")
        return await self._admitted(request, bearer, account, tenant_id)

    def _connected(self, bearer: Bearer, tenant_id: str) -> bool:
        account = self._accounts[tenant_id]
        if self._world.hit(account, "disconnected"):
            return False
        return self._identity.may_read(bearer, tenant_id)

    async def _admitted(self, request: Request, bearer: Bearer, account: Account, tenant_id: str) -> Response:
        client_id = bearer.token_set.app.client_id
        problem = self._gate.enter(client_id, tenant_id)
        if problem is not None:
            self._world.note_throttled(account)
            response = throttled(problem.name, problem.retry_after_s)
        else:
            try:
                await self._world.faults.hang(request, account.provider, account.id)
                response = self._spoilt(account) or self._answered(request, bearer, account)
            finally:
                self._gate.leave(client_id, tenant_id)
        response.headers.update(self._gate.headers(client_id, tenant_id))
        return response

    def _spoilt(self, account: Account) -> Response | None:
        """The answer of a fault that strikes every call alike."""
        for name, spoil in SPOILING.items():
            if self._world.hit(account, name):
                return spoil()
        if fault := self._world.hit(account, "gateway_502"):
            return server_error(fault.status)
        if fault := self._world.hit(account, "throttle_429"):
            self._world.note_throttled(account)
            return throttled(fault.options.get("problem", "minute"), fault.options.get("retry_after_s", 1))
        return None

    def _answered(self, request: Request, bearer: Bearer, account: Account) -> Response:
        name = request.path_params["resource"]
        if name not in RESOURCES | {"Journals"}:
            return not_found()
        if request.method != "GET":
            return Response(status_code=501)
        if not self._is_permitted(name, bearer, account):
            return refusal(401, "AuthorizationUnsuccessful")
        if self._world.hit(account, "wrong_company"):
            account = neighbour(list(self._accounts.values()), account)
        try:
            return answer(request, self._body(name, request, account))
        except QueryParseError as error:
            return query_refused(str(error))
        except ParameterError as error:
            return validation_refused(str(error))

    def _is_permitted(self, name: str, bearer: Bearer, account: Account) -> bool:
        if name == "ManualJournals" and self._world.hit(account, "no_reporting_permission"):
            return False
        return opens(bearer.scopes, name.removeprefix("Reports/"), self._world.clock.now())

    def _body(self, name: str, request: Request, account: Account) -> Row:
        organisation, sent = Organisation.of(account), request.query_params
        if name == "Organisation":
            return self._accounting.organisation(organisation)
        if name == "Accounts":
            return self._accounting.accounts(organisation)
        if name == REPORT:
            odd = self._world.hit(account, "odd_title") is not None
            return self._accounting.profit_and_loss(organisation, sent, odd_title=odd)
        if "summaryOnly" in sent and self._world.hit(account, "no_summary_only"):
            raise ParameterError("summaryOnly is not supported here")
        large = self._world.hit(account, "large_organisation") is not None
        body = self._accounting.listed(name, organisation, sent, large=large)
        return self._damaged(body, LISTS[name][0].name, account)

    def _damaged(self, body: Row, name: str, account: Account) -> Row:
        if self._world.hit(account, "short_page"):
            cut_short(body, name)
        if fault := self._world.hit(account, "unreadable"):
            make_unreadable(body, name, fault.options)
        return body
