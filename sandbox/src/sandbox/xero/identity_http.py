"""The addresses of the identity side: token, revocation, connections."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.world import Account, World
from sandbox.xero.errors import refusal
from sandbox.xero.faults import server_error
from sandbox.xero.identity import Identity
from sandbox.xero.parties import App, Connection
from sandbox.xero.tokens import Bearer, BearerError, InvalidGrantError, TokenSet

PROVIDER = "xero"


@dataclass(frozen=True)
class _Caller:
    name: str
    accounts: Sequence[Account]


class IdentityHttp:
    """Token, revocation and connections as the vendor answers them."""

    def __init__(self, world: World, identity: Identity, accounts: Mapping[str, Account]) -> None:
        self._world = world
        self._identity = identity
        self._accounts = accounts  # by tenant id

    async def token(self, request: Request) -> Response:
        """POST /connect/token."""
        app = self._app(request)
        if isinstance(app, Response):
            return app
        form = await request.form()
        caller = self._caller(app, form)
        self._world.calls.note(PROVIDER, caller.name, "sign_in")
        if self._hit(caller, "token_500"):
            return server_error(500)
        try:
            token_set = self._granted(app, form, caller)
        except InvalidGrantError:
            return _error("invalid_grant")
        if isinstance(token_set, str):
            return _error(token_set)
        if self._hit(caller, "token_reply_lost"):
            return server_error(502)
        return JSONResponse(self._reply(token_set), headers={"Cache-Control": "no-store"})

    async def revocation(self, request: Request) -> Response:
        """POST /connect/revocation: 200 also for a token that nobody knows."""
        app = self._app(request)
        if isinstance(app, Response):
            return app
        form = await request.form()
        if "token" not in form:
            return _error("invalid_request")
        self._identity.revoke(app, _text(form, "token"))
        return Response(status_code=200)

    async def connections(self, request: Request) -> Response:
        """GET /connections."""
        bearer = self.bearer(request)
        if isinstance(bearer, Response):
            return bearer
        if bearer.token_set.user is not None:
            self._world.calls.note(PROVIDER, bearer.token_set.user.user_id, "identity")
        event = request.query_params.get("authEventId")
        held = self._held(bearer)
        return JSONResponse([_connection(one) for one in held if event in {None, one.auth_event_id}])

    async def disconnect(self, request: Request) -> Response:
        """DELETE /connections/{id}."""
        bearer = self.bearer(request)
        if isinstance(bearer, Response):
            return bearer
        user, app = bearer.token_set.user, bearer.token_set.app
        known = user is not None and self._identity.connections.drop(app, user, request.path_params["id"])
        return Response(status_code=204 if known else 404)

    def bearer(self, request: Request) -> "Bearer | Response":
        """Who calls, or the vendor's 401."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return refusal(401, "AuthenticationUnsuccessful")
        try:
            return self._identity.tokens.check(token)
        except BearerError as error:
            return refusal(401, str(error))

    def may_read(self, bearer: Bearer, tenant_id: str) -> bool:
        """Whether a tenant is open to the caller."""
        return self._identity.may_read(bearer.token_set, tenant_id)

    def _held(self, bearer: Bearer) -> list[Connection]:
        user = bearer.token_set.user
        return [] if user is None else self._identity.connections.of(bearer.token_set.app, user)

    def _app(self, request: Request) -> "App | Response":
        pair = _basic(request.headers.get("authorization", ""))
        if pair is None:
            return _error("invalid_client", 401)
        return self._identity.app_with(*pair) or _error("invalid_client")

    def _caller(self, app: App, form: FormData) -> _Caller:
        """Who stands behind a question for tokens: a user with organisations, or one organisation."""
        token_set = self._identity.tokens.owner(_text(form, "refresh_token"))
        user = token_set.user if token_set else self._identity.codes.waiting_for(_text(form, "code"))
        tenants = [tenant.tenant_id for tenant in user.tenants] if user else [app.organisation_id or ""]
        accounts = [self._accounts[one] for one in tenants if one in self._accounts]
        if user is not None:
            return _Caller(user.user_id, accounts)
        return _Caller(accounts[0].id if accounts else app.client_id, accounts)

    def _hit(self, caller: _Caller, fault: str) -> bool:
        return any(self._world.hit(account, fault) for account in caller.accounts)

    def _granted(self, app: App, form: FormData, caller: _Caller) -> TokenSet | str:
        match _text(form, "grant_type"):
            case "authorization_code":
                verifier = _text(form, "code_verifier") or None
                consent = self._identity.codes.take(
                    app, _text(form, "code"), _text(form, "redirect_uri"), verifier
                )
                return self._identity.grant(consent)
            case "refresh_token":
                if self._hit(caller, "revoke"):
                    raise InvalidGrantError
                single_use = self._hit(caller, "single_use_refresh")
                return self._identity.tokens.refresh(app, _text(form, "refresh_token"), single_use=single_use)
            case "client_credentials" if app.organisation_id is not None:
                return self._identity.custom_connection(app, tuple(_text(form, "scope").split()))
            case "client_credentials":
                return "unauthorized_client"
            case "":
                return "invalid_request"
            case _:
                return "unsupported_grant_type"

    def _reply(self, token_set: TokenSet) -> dict[str, object]:
        tokens = self._identity.tokens
        access_token, _ = tokens.access(token_set)
        reply: dict[str, object] = {
            "access_token": access_token,
            "expires_in": int(tokens.access_life.total_seconds()),
            "token_type": "Bearer",
            "scope": " ".join(token_set.scopes),
        }
        refresh_token = tokens.refresh_token(token_set)
        if refresh_token is not None:
            reply["refresh_token"] = refresh_token
        if "openid" in token_set.scopes:
            reply["id_token"] = access_token
        return reply


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (client_id, secret) if colon else None


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _error(code: str, status: int = 400) -> JSONResponse:
    return JSONResponse({"error": code}, status)


def _connection(one: Connection) -> dict[str, str]:
    return {
        "id": one.connection_id,
        "authEventId": one.auth_event_id,
        "tenantId": one.tenant.tenant_id,
        "tenantType": one.tenant.kind,
        "tenantName": one.tenant.name,
        "createdDateUtc": _instant(one.created_at),
        "updatedDateUtc": _instant(one.updated_at),
    }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0"
