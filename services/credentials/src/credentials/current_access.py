"""Access that can sign a request now, renewed by at most one process at a time."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    RejectedRequestError,
    ThrottledError,
)
from connectors.protocol import Connector, SignedIn
from connectors.session import Session
from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.errors import is_outage
from service_kit.metrics import count
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider

from credentials.ports import TokenSetVault
from credentials.refusals import NotReadableError, ProviderDownError, StillRefreshingError
from credentials.token_set import Issued, Refreshing, TokenSet

logger = logging.getLogger(__name__)

EARLY = timedelta(seconds=60)
WAIT_S = 10.0
# A rotated token that never reaches the vault costs its client a new consent.
STORED_WITHIN_S = 900.0

INTERRUPTED = "A renewal was cut off and the refresh token that replaced the stored one is lost."
NO_SECRET = "The stored secret is missing."  # noqa: S105 (a sentence)


@dataclass(frozen=True, slots=True)
class TokenSetAt:
    """Where a token set stands, and the settings of the connection it is wanted for."""

    company_id: str
    provider: Provider
    token_set_id: UUID
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A renewal that is ours until the marker's end."""

    at: TokenSetAt
    token_set: TokenSet
    version: int


class CurrentAccess:
    """Hands out what Vault holds while it is good; else renews it under a check-and-set marker."""

    def __init__(
        self,
        *,
        vault: TokenSetVault,
        connectors: Mapping[Provider, Connector],
        session: Session,
        clock: Clock,
        call_s: float = 15.0,
    ) -> None:
        self._vault = vault
        self._connectors = connectors
        self._session = session
        self._clock = clock
        self._call_s = call_s
        self._renewals: set[asyncio.Task[Issued | None]] = set()
        self._stopping_since_s: float | None = None

    async def __call__(self, at: TokenSetAt, *, refused: UUID | None = None, needed_s: float = 0) -> Issued:
        """Access that lasts `needed_s` and is not the one `refused`.

        Raises NotReadableError, ProviderDownError, StillRefreshingError.
        """
        good_until = self._good_until(needed_s)
        deadline_s = time.monotonic() + WAIT_S
        while True:
            found = await self._vault.read(at.company_id, at.token_set_id)
            if found is None:
                raise NotReadableError(ProblemCode.NEEDS_AUTH, NO_SECRET)
            token_set, version = found
            if token_set.refusal is not None:
                raise NotReadableError(ProblemCode.NEEDS_AUTH, token_set.refusal.cause)
            issued = token_set.issued
            if issued is not None and issued.access_id == refused and issued.access.expires_at is None:
                raise NotReadableError(ProblemCode.NEEDS_AUTH, "")  # a static key: nothing fresher exists
            if issued is not None and issued.access_id != refused and _lasts(issued, good_until):
                return issued
            if token_set.refreshing is not None and token_set.refreshing.until > self._clock.now():
                await self._wait_for_other(deadline_s)
                continue
            claimed = token_set.claimed(self._marker())
            if await self._vault.write(at.company_id, at.token_set_id, claimed, version=version):
                renewed = await self._to_its_end(_Claim(at, claimed, version + 1))
                if renewed is not None:
                    return renewed

    async def at_hand(self, wanted: Sequence[tuple[TokenSetAt, float]]) -> list[Issued | None]:
        """Of each the access in Vault that lasts so many seconds; None where there is more to it."""
        by_company: dict[str, set[UUID]] = defaultdict(set)
        for at, _ in wanted:
            by_company[at.company_id].add(at.token_set_id)
        read = await asyncio.gather(*(self._vault.read_all(*each) for each in by_company.items()))
        found = dict(zip(by_company, read, strict=True))
        return [
            _good(found[at.company_id].get(at.token_set_id), self._good_until(needed_s))
            for at, needed_s in wanted
        ]

    def _good_until(self, needed_s: float) -> datetime:
        return self._clock.now() + EARLY + timedelta(seconds=needed_s)

    async def finish(self) -> None:
        """Wait for renewals under way, not for a vault that stays away; run before the process stops."""
        self._stopping_since_s = time.monotonic()
        await asyncio.gather(*self._renewals, return_exceptions=True)

    async def _to_its_end(self, claim: _Claim) -> Issued | None:
        # A caller that goes away must not cancel it: a rotated token has to reach the vault.
        renewal = asyncio.create_task(self._renew(claim))
        self._renewals.add(renewal)
        renewal.add_done_callback(self._ended)
        return await asyncio.shield(renewal)

    def _ended(self, renewal: "asyncio.Task[Issued | None]") -> None:
        self._renewals.discard(renewal)
        if not renewal.cancelled():
            renewal.exception()

    def _marker(self) -> Refreshing:
        # As long again as the call may take, for storing its answer.
        return Refreshing(uuid4(), self._clock.now() + timedelta(seconds=2 * self._call_s))

    async def _wait_for_other(self, deadline_s: float) -> None:
        if time.monotonic() > deadline_s:
            raise StillRefreshingError
        await asyncio.sleep(random.uniform(0.05, 0.2))  # noqa: S311 (jitter, not a secret)

    async def _renew(self, claim: _Claim) -> Issued | None:
        """None when somebody saved other credentials meanwhile: read again."""
        provider = claim.at.provider
        try:
            async with asyncio.timeout(self._call_s):
                signed_in = await self._connectors[provider].sign_in(
                    self._session, claim.token_set.grant, claim.at.settings
                )
        except (ConnectorError, TimeoutError) as error:
            count("ledgerbus.token.refreshes", provider=provider.value, outcome="failed")
            return await self._failed(claim, error)
        count("ledgerbus.token.refreshes", provider=provider.value, outcome="renewed")
        reached("grant_renewed")
        return await self._store(claim, signed_in)

    async def _store(self, claim: _Claim, signed_in: SignedIn) -> Issued | None:
        renewed = claim.token_set.renewed(signed_in.grant, signed_in.access)
        began_s, version = time.monotonic(), claim.version
        while True:
            try:
                if await self._write(claim, renewed, version):
                    return renewed.issued
                found = await self._vault.read(claim.at.company_id, claim.at.token_set_id)
            except Exception as error:
                if not is_outage(error) or self._must_give_up(began_s):
                    raise
                await asyncio.sleep(0.2)
                continue
            if found is None or not found[0].has_grant(claim.token_set.grant):
                return None
            version = found[1]  # somebody took our claim for dead; our grant is the newer one

    def _must_give_up(self, began_s: float) -> bool:
        now_s, stopping_s = time.monotonic(), self._stopping_since_s
        is_late = now_s > began_s + STORED_WITHIN_S
        return is_late or (stopping_s is not None and now_s > max(began_s, stopping_s) + self._call_s)

    async def _failed(self, claim: _Claim, error: ConnectorError | TimeoutError) -> Issued | None:
        if isinstance(error, AccessRefusedError):
            is_lost = claim.token_set.is_unanswered or error.after_silence
            cause = INTERRUPTED if is_lost else error.cause
            if await self._write(claim, claim.token_set.refused(cause), claim.version):
                raise NotReadableError(ProblemCode.NEEDS_AUTH, cause) from None
            return None
        is_answered = isinstance(error, (ForbiddenError, RejectedRequestError, ThrottledError))
        await self._write(claim, claim.token_set.unclaimed(is_unanswered=not is_answered), claim.version)
        if isinstance(error, ForbiddenError):
            raise NotReadableError(error.code, error.cause) from None
        if isinstance(error, ThrottledError):
            raise ProviderDownError(error.retry_after_s) from None
        logger.warning(
            "signing in at a provider failed",
            extra={"provider": claim.at.provider.value, "error": type(error).__name__},
        )
        raise ProviderDownError from None

    async def _write(self, claim: _Claim, token_set: TokenSet, version: int) -> bool:
        return await self._vault.write(claim.at.company_id, claim.at.token_set_id, token_set, version=version)


def _good(found: tuple[TokenSet, int] | None, good_until: datetime) -> Issued | None:
    issued = found[0].issued if found and found[0].refusal is None else None
    return issued if issued is not None and _lasts(issued, good_until) else None


def _lasts(issued: Issued, good_until: datetime) -> bool:
    expires_at = issued.access.expires_at
    return expires_at is None or expires_at > good_until
