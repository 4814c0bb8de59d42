"""When a site counts as down, and for how long nobody asks it: pure rules.

It takes several accounts in a row that got no answer, so that one client's trouble stays that client's own;
an answer to anybody ends it. Of several sites of a provider, or of one for each customer, each stands alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync_orchestrator.fairness import Reading
from sync_orchestrator.records import Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """Opens after `accounts` in a row, for a time that doubles with each probe that fails."""

    accounts: int = 5
    first_s: float = 30.0
    longest_s: float = 300.0
    remembered_s: float = 600.0

    def gap(self, openings: int) -> timedelta:
        return timedelta(seconds=min(self.longest_s, self.first_s * 2.0 ** (openings - 1)))


def after_failure(
    known: Breaker | None, site_key: str, account_key: str, *, now: datetime, rules: BreakerRules
) -> Breaker:
    """The breaker once the site has not answered an account; while nobody may ask, that is no news."""
    if known is None or _is_forgotten(known, now, rules):
        revision = known.revision if known else 0
        known = Breaker(site_key=site_key, failed_at=now, revision=revision)
    if known.until is not None:
        return known if now < known.until else _opened(known, now, rules)
    failed = tuple(dict.fromkeys((*known.failed, account_key)))
    counted = known.model_copy(update={"failed": failed, "failed_at": now})
    return counted if len(failed) < rules.accounts else _opened(counted, now, rules)


@dataclass(frozen=True, slots=True)
class Sites:
    """Those that nobody may ask now, and those that one reading may try, with the accounts that failed."""

    closed: frozenset[str] = frozenset()
    on_trial: tuple[Breaker, ...] = ()

    @classmethod
    def of(cls, opened: Collection[Breaker], busy: Collection[str], now: datetime) -> "Sites":
        """While a reading is under way at a site (`busy`), no other may try it."""
        trial = tuple(
            each for each in opened if each.until and each.until <= now and each.site_key not in busy
        )
        tried = {each.site_key for each in trial}
        return cls(frozenset(each.site_key for each in opened if each.site_key not in tried), trial)

    def admit(self, readings: Sequence[Reading]) -> list[Reading]:
        """Of sites on trial one reading each, if possible of an account that has not failed; all others."""
        if not self.on_trial:
            return list(readings)
        tried = {breaker.site_key for breaker in self.on_trial}
        probes = [_probe(breaker, readings) for breaker in self.on_trial]
        others = [reading for reading in readings if reading.site_key not in tried]
        return [probe for probe in probes if probe is not None] + others


def _probe(breaker: Breaker, readings: Iterable[Reading]) -> Reading | None:
    own = [reading for reading in readings if reading.site_key == breaker.site_key]
    return min(own, key=lambda reading: _has_failed(reading, breaker.failed), default=None)


def _has_failed(reading: Reading, failed: Collection[str]) -> bool:
    return reading.account_key in failed


def _is_forgotten(known: Breaker, now: datetime, rules: BreakerRules) -> bool:
    return not known.is_open and now - known.failed_at > timedelta(seconds=rules.remembered_s)


def _opened(known: Breaker, now: datetime, rules: BreakerRules) -> Breaker:
    openings = known.openings + 1
    until = now + rules.gap(openings)
    return known.model_copy(update={"openings": openings, "until": until, "failed_at": now})
