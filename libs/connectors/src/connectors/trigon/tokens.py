"""Where ID token and API key come from: entered, or opened with a password and renewed from then on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from sync_contracts.providers import Provider

from connectors.api import Api, Call, CallKind, Host
from connectors.errors import AccessRefusedError, ConnectorError, RejectedRequestError, UnreadableAnswerError
from connectors.protocol import Access, Grant, SignedIn
from connectors.rows import Row, mapping, text
from connectors.session import Session
from connectors.trigon.calls import PATIENCE, TRIES, address, refusal
from connectors.trigon.contract import Field, Path

BUDGET_S = 45.0
# *unconfirmed*: how long an ID token lives whose end is not told, as with a hosted identity service.
ASSUMED_LIFE = timedelta(hours=1)
_SIGN_IN_KEY = f"{Provider.TRIGON}/sign-in"
_WRONG_PASSWORD = "The e-mail or the password is wrong, or the Trigon user is blocked."  # noqa: S105 (a sentence)
_ENDED = "The sign-in has ended: enter e-mail and password again."


@dataclass(frozen=True, slots=True)
class TokenSource:
    """All that is assumed about signing in; what it gives never holds the password."""

    session: Session
    settings: Mapping[str, str]

    async def access(self, grant: Grant) -> SignedIn:
        """A new pair of token and key where the grant can bring one, else the pair that was entered."""
        kept = grant.values
        if "password" in kept:
            entered = {Field.EMAIL: kept["email"], Field.PASSWORD: kept["password"]}
            return await self._opened(grant, Path.LOGIN, entered, _WRONG_PASSWORD)
        if "refresh_token" in kept:
            # It works once: a second try after a lost answer tells that it is spent.
            spent = {Field.REFRESH_TOKEN: kept["refresh_token"]}
            return await self._opened(grant, Path.REFRESH, spent, _ENDED)
        if "expires_at" in kept and instant(kept["expires_at"]) <= self.session.clock.now():
            raise AccessRefusedError("the token has ended and nothing renews it", cause=_ENDED)
        return SignedIn(access_of(kept), grant)

    async def _opened(self, grant: Grant, path: Path, sent: Mapping[Field, str], cause: str) -> SignedIn:
        api = Api(self.session, self._host(cause), budget_s=BUDGET_S)
        call = Call(
            method="POST",
            path=path,
            body=json.dumps(dict(sent)).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            patience=PATIENCE,
        )
        reply = mapping(await api.json(call, CallKind.SIGN_IN), path)
        kept = {"id_token": text(reply, Field.ID_TOKEN), "api_key": text(reply, Field.API_KEY)}
        if reply.get(Field.REFRESH_TOKEN) is not None:
            kept["refresh_token"] = text(reply, Field.REFRESH_TOKEN)
        ends_at = self._end(reply, is_renewable="refresh_token" in kept)
        if ends_at is not None:
            kept["expires_at"] = ends_at.isoformat()
        email = {"email": grant.values["email"]} if "email" in grant.values else {}
        return SignedIn(access_of(kept), Grant({**email, **kept}), calls=api.calls.total())

    def _end(self, reply: Row, *, is_renewable: bool) -> datetime | None:
        told = reply.get(Field.EXPIRES_AT)
        if told is None:
            return self.session.clock.now() + ASSUMED_LIFE if is_renewable else None
        try:
            return instant(text(reply, Field.EXPIRES_AT))
        except ValueError:
            raise UnreadableAnswerError(f"{Field.EXPIRES_AT} is not an instant") from None

    def _host(self, cause: str) -> Host:
        def refused(response: httpx.Response, now: datetime) -> ConnectorError | None:
            error = refusal(response, now, _SIGN_IN_KEY)
            if isinstance(error, AccessRefusedError | RejectedRequestError) and _is_verdict(response):
                return AccessRefusedError(error.detail, cause=cause)
            return error

        return Host(
            provider=Provider.TRIGON,
            address=address(self.session, self.settings),
            account_key=_SIGN_IN_KEY,
            budgets=(),
            sign=lambda call, _now: call,
            refusal=refused,
            tries=TRIES,
        )


def access_of(kept: Mapping[str, str]) -> Access:
    """What signs a call, and its end where one is known."""
    ends_at = kept.get("expires_at")
    return Access(
        {name: kept[name] for name in ("id_token", "api_key")}, instant(ends_at) if ends_at else None
    )


def instant(told: str) -> datetime:
    """An aware instant of ISO 8601 text, UTC where it does not say; raises ValueError."""
    found = datetime.fromisoformat(told)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_verdict(response: httpx.Response) -> bool:
    """*unconfirmed*: 400 for a malformed e-mail or token, 401 for a wrong one."""
    return response.status_code in {400, 401}
