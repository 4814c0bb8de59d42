"""Who calls: the tokens of a sign-in, the session of everything else, and the company it is about."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.faults import Fault
from sandbox.tripletex.company import PROVIDER, Company, Employee
from sandbox.tripletex.errors import RefusedError, forbidden, unauthorized
from sandbox.tripletex.sessions import Session, Sessions
from sandbox.world import World

_SKEW_S = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is; no company where an accountant asks about itself."""

    employee: Employee
    company: Company | None
    session: Session | None = None

    @property
    def name(self) -> str:
        """Under which the call is counted and its faults are looked up."""
        return self.company.account.id if self.company else self.employee.name


class Access:
    """Knows callers by what they present."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions

    async def sign_in(self, request: Request, environment: str) -> tuple[Caller, str | None]:
        """Whose tokens these are, and the last date asked for; the legacy form has them in the query."""
        sent = dict(request.query_params) if request.method == "PUT" else await _json_object(request)
        try:
            employee = self._sessions.employee(
                environment, sent.get("consumerToken"), sent.get("employeeToken")
            )
        except RefusedError:
            self._world.calls.note(PROVIDER, "unknown", "sign_in")
            raise
        self._world.calls.note(PROVIDER, employee.name, "sign_in")
        caller = Caller(employee, employee.own)
        if employee.own and self.hit(caller, "revoke"):
            raise unauthorized()
        return caller, sent.get("expirationDate")

    def recognise(self, request: Request, environment: str) -> Caller:
        """Whose session it is, and the company that the user name means."""
        user, token = _basic(request.headers.get("authorization", ""))
        session = self._sessions.find(environment, token)
        employee = session.employee
        company = employee.company(user)
        if company is None and user not in {0, employee.home_id}:
            raise forbidden()
        caller = Caller(employee, company, session)
        if skew := self.hit(caller, "clock_skew"):
            self._sessions.find(environment, token, float(skew.options.get("skew_s", _SKEW_S)))
        if self.hit(caller, "session_expired"):
            self._sessions.forget(token)
            raise unauthorized()
        # A token of one's own is gone; an accountant's lives on, but not for this client.
        if self.hit(caller, "revoke"):
            raise unauthorized() if employee.own else forbidden()
        return caller

    def hit(self, caller: Caller, fault: str) -> Fault | None:
        """The fault of that name that this caller meets, if any."""
        return self._world.faults.hit(PROVIDER, caller.name, fault)


def _basic(header: str) -> tuple[int, str]:
    """User name, a number or nothing, and password."""
    scheme, _, coded = header.partition(" ")
    try:
        user, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
        return int(user or 0) if scheme.lower() == "basic" else 0, token
    except (binascii.Error, ValueError) as error:
        raise unauthorized() from error


async def _json_object(request: Request) -> dict[str, str]:
    try:
        sent = await request.json()
    except json.JSONDecodeError as error:
        raise RefusedError(422, 22000, "Invalid JSON") from error
    if not isinstance(sent, dict):
        raise RefusedError(422, 16000, "Mapping failed")
    return sent
