"""Who calls: people see their own company, owners and admins change it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from service_kit.problems import ProblemError
from service_kit.telemetry import current_traceparent
from service_kit.tokens import User
from sync_contracts.codes import RefusalCode, sentence
from sync_contracts.event import Actor

from credentials.terms import Click

# Only for the OpenAPI document; `current_user` reads the header itself.
_BEARER = HTTPBearer(auto_error=False, scheme_name="person", description="A JWT of the platform.")
Shown = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]

CurrentUser = Callable[[Request], Awaitable[User]]

_CORRELATION = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class People:
    """The dependencies of a route: who may look, who may change."""

    current_user: CurrentUser

    async def looks(self, request: Request, _shown: Shown = None) -> User:
        """Anybody of the company."""
        return await self.current_user(request)

    async def changes(self, request: Request, _shown: Shown = None) -> User:
        """An owner or admin."""
        user = await self.looks(request)
        if not user.may_change:
            raise ProblemError(403, RefusalCode.FORBIDDEN.value, sentence(RefusalCode.FORBIDDEN))
        return user


def click_of(user: User, request: Request) -> Click:
    """Who asked; `X-Correlation-Id` names the user's click where the platform sends it."""
    told = request.headers.get("X-Correlation-Id", "")
    return Click(
        actor=Actor(id=user.id, role=user.role),
        correlation_id=told if _CORRELATION.fullmatch(told) else str(uuid4()),
        traceparent=current_traceparent(),
    )
