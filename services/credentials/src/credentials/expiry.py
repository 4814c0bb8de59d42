"""When people are warned that credentials end on a known day; days are counted in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WARN_DAYS = (30, 7, 1)
# A day begins this long before UTC's in the easternmost places.
_EARLIEST = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told now, if anything, and when to look again."""

    days_left: int
    threshold: int | None
    next_at: datetime | None


def notice(expires_on: date, now: datetime) -> Notice:
    """The tightest of the thresholds that have been reached; none once the day itself is over."""
    days_left = (expires_on - now.date()).days
    reached = [days for days in WARN_DAYS if days >= days_left >= 0]
    ahead = [days for days in WARN_DAYS if days < days_left]
    next_on = expires_on - timedelta(days=max(ahead)) if ahead else None
    return Notice(
        days_left=days_left,
        threshold=min(reached, default=None),
        next_at=None if next_on is None else datetime.combine(next_on, time(), UTC),
    )


def has_ended(expires_on: date | None, now: datetime) -> bool:
    """Whether the day has come anywhere on earth: providers end it in their own time zone."""
    return expires_on is not None and expires_on <= (now + _EARLIEST).date()
