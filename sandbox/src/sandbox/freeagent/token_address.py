"""The token address: codes and refresh tokens for access tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.freeagent.company import PROVIDER, Company
from sandbox.freeagent.consent import PRACTICE, Codes
from sandbox.freeagent.errors import server_error, throttled, token_error
from sandbox.freeagent.tokens import REFRESH_LIFE_S, App, TokenRefusedError, Tokens, TokenSet
from sandbox.world import World

_REFRESHES, _WINDOW_S = 15, 60


class TokenAddress:
    """POST /token_endpoint."""

    def __init__(
        self,
        world: World,
        apps: Mapping[str, App],
        tokens: Tokens,
        codes: Codes,
        companies: Mapping[str, Company],
    ) -> None:
        self._world = world
        self._apps = apps
        self._tokens = tokens
        self._codes = codes
        self._companies = companies
        self._budget = world.window(PROVIDER, "refreshes", _REFRESHES, _WINDOW_S, aligned=True)

    async def handle(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        app = self._app(request)
        if app is None:
            return token_error("invalid_client", 401)
        owner = self._owner(form)
        self._world.calls.note(PROVIDER, owner, "sign_in")
        if (
            form.get("grant_type") == "refresh_token"
            and not self._budget.take(f"{app.environment}/{owner}").allowed
        ):
            self._world.calls.note_throttled(PROVIDER, owner)
            return throttled(_REFRESHES, _WINDOW_S, 60)
        if self._hit(owner, "token_500"):
            return server_error(500)
        return self._granted(app, owner, form)

    def _granted(self, app: App, owner: str, form: Mapping[str, str]) -> Response:
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    token_set = self._exchanged(app, form)
                case "refresh_token" if not self._hit(owner, "revoke"):
                    token_set = self._tokens.refresh(app, form.get("refresh_token", ""))
                case "refresh_token":
                    raise TokenRefusedError
                case None:
                    return token_error("invalid_request")
                case _:
                    return token_error("unsupported_grant_type")
        except TokenRefusedError:
            return token_error("invalid_grant", 401 if self._hit(owner, "token_401") else 400)
        if self._hit(owner, "token_reply_lost"):
            return server_error(502)
        return self._reply(token_set)

    def _exchanged(self, app: App, form: Mapping[str, str]) -> TokenSet:
        consent = self._codes.take(app, form.get("code", ""), form.get("redirect_uri", ""))
        rotates = consent.owner == PRACTICE or self._companies[consent.owner].rotates
        token_set = self._tokens.open(app, consent.owner, rotates=rotates)
        self._tokens.renew(token_set)
        return token_set

    def _reply(self, token_set: TokenSet) -> Response:
        access_token, _ = self._tokens.access(token_set)
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "bearer",
                "expires_in": int(self._tokens.access_life.total_seconds()),
                "refresh_token": self._tokens.refresh_token(token_set),
                "refresh_token_expires_in": REFRESH_LIFE_S,
            },
            headers={"Cache-Control": "no-store"},
        )

    def _app(self, request: Request) -> App | None:
        client_id, secret = _basic(request.headers.get("authorization", ""))
        app = self._apps.get(client_id)
        if app is None or app.environment != request.path_params["environment"]:
            return None
        return app if hmac.compare_digest(app.client_secret.encode(), secret.encode()) else None

    def _owner(self, form: Mapping[str, str]) -> str:
        token_set = self._tokens.owner(form.get("refresh_token", ""))
        return token_set.owner if token_set else self._codes.owner(form.get("code", "")) or "unknown"

    def _hit(self, owner: str, fault: str) -> bool:
        return self._world.faults.hit(PROVIDER, owner, fault) is not None


def _basic(header: str) -> tuple[str, str]:
    kind, _, coded = header.partition(" ")
    try:
        user, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, secret) if kind.lower() == "basic" else ("", "")
