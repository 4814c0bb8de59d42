"""Who may see and change a company's webhooks."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from service_kit.problems import ProblemError
from service_kit.tokens import User
from sync_contracts.codes import RefusalCode, sentence

# Only for the OpenAPI document; `current_user` reads the header itself.
_BEARER = HTTPBearer(auto_error=False, scheme_name="person", description="A JWT of the platform.")
_Shown = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]

CurrentUser = Callable[[Request], Awaitable[User]]


def administrator(current_user: CurrentUser) -> Callable[..., Awaitable[User]]:
    """A dependency that answers 403 unless the caller is an owner or admin."""

    async def asking(request: Request, _shown: _Shown = None) -> User:
        user = await current_user(request)
        if not user.may_change:
            raise ProblemError(403, RefusalCode.FORBIDDEN.value, sentence(RefusalCode.FORBIDDEN))
        return user

    return asking
