"""Who asks, with which pair, how often, and what stands in the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from sandbox.calls import CallKind
from sandbox.faults import Fault
from sandbox.trigon.company import PROVIDER, Firm, User
from sandbox.trigon.errors import RefusedError
from sandbox.trigon.tokens import Tokens
from sandbox.world import World

_PER_MINUTE = 60
_THROTTLE_S = 30
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, with which key, and about which firm, where that is known."""

    user: User
    api_key: str
    firm: Firm | None

    @property
    def name(self) -> str:
        """Under which the call is counted."""
        return self.firm.account.id if self.firm else self.user.name


class Access:
    """Signing in, and everything that is looked at before an answer."""

    def __init__(self, world: World, users: Mapping[str, User]) -> None:
        self.tokens = Tokens(world.clock, world.seed)
        self.at_once = world.concurrency(PROVIDER, "at_once", 1)
        self._minute = world.window(PROVIDER, "minute", _PER_MINUTE, 60.0)
        self._world = world
        self._users = users

    def signed_in(self, environment: str, action: str, sent: Mapping[str, Any]) -> dict[str, str]:
        """The answer to a login by password, or to a refresh."""
        try:
            user, answer = self._opened(action, sent)
        except RefusedError:
            self._world.calls.note(PROVIDER, _UNKNOWN, "sign_in")
            raise
        self._world.calls.note(PROVIDER, user.name, "sign_in")
        if self._world.faults.hit(PROVIDER, user.name, "revoke") or user.environment != environment:
            raise RefusedError("unauthorized")
        self.check_outage(user.name)
        return answer

    def recognised(self, request: Request) -> Caller:
        """The pair must be good in this environment; every call is counted, refused or not."""
        path = request.path_params["path"].split("/")
        kind: CallKind = "identity" if len(path) == 1 else "read"
        scheme, _, id_token = request.headers.get("authorization", "").partition(" ")
        api_key = request.headers.get("x-api-key", "")
        try:
            user = self._users[self.tokens.bearer(id_token if scheme == "Bearer" else "", api_key)]
        except RefusedError:
            self._world.calls.note(PROVIDER, self._about(path, request), kind)
            raise
        caller = Caller(user, api_key, _firm(user, path, request))
        self._world.calls.note(PROVIDER, caller.name, kind)
        if user.environment != request.path_params["environment"] or self.hit(caller, "revoke"):
            raise RefusedError("unauthorized")
        if self.hit(caller, "token_expired"):
            raise RefusedError("token_expired")
        return caller

    def check_limit(self, caller: Caller) -> None:
        """All firms of a user share what is left to the key."""
        if fault := self.hit(caller, "throttle_429"):
            raise self.throttled(caller, fault.options.get("retry_after_s", _THROTTLE_S))
        grant = self._minute.take(caller.api_key)
        if not grant.allowed:
            raise self.throttled(caller, max(1, math.ceil(grant.reset_in_s)))

    def throttled(self, caller: Caller, retry_after_s: int | None) -> RefusedError:
        """The refusal, counted."""
        self._world.calls.note_throttled(PROVIDER, caller.name)
        return RefusedError("rate_limited", retry_after_s=retry_after_s)

    def check_outage(self, name: str) -> None:
        """The faults of the vendor's own."""
        if self._world.faults.hit(PROVIDER, name, "error_500"):
            raise RefusedError("internal_error")
        if fault := self._world.faults.hit(PROVIDER, name, "gateway_502"):
            raise RefusedError("bad_gateway", status=fault.status)

    def hit(self, caller: Caller, fault: str) -> Fault | None:
        """The fault of that name that this call meets, if any."""
        return self._world.faults.hit(PROVIDER, caller.name, fault)

    def _opened(self, action: str, sent: Mapping[str, Any]) -> tuple[User, dict[str, str]]:
        match action:
            case "login":
                user = self._user_of(sent.get("email"), sent.get("password"))
                return user, self.tokens.open(user)
            case "refresh":
                name, answer = self.tokens.refresh(str(sent.get("refreshToken", "")))
                return self._users[name], answer
        raise RefusedError("not_found")

    def _user_of(self, email: Any, password: Any) -> User:
        for user in self._users.values():
            if not user.has_keys and (user.email, user.password) == (email, password):
                return user
        raise RefusedError("unauthorized" if isinstance(email, str) and "@" in email else "invalid_request")

    def _about(self, path: list[str], request: Request) -> str:
        """The account that a call means whose pair is not good."""
        found = (_firm(user, path, request) for user in self._users.values())
        return next((firm.account.id for firm in found if firm), _UNKNOWN)


def _firm(user: User, path: list[str], request: Request) -> Firm | None:
    if len(path) > 1:
        return user.firms.get(path[1])
    asked = request.query_params.get("regCode")
    return next((firm for firm in user.firms.values() if firm.reg_code == asked), None)
