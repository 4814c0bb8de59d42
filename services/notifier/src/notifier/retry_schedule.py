"""When a delivery that failed is tried again."""

from dataclasses import dataclass
from datetime import timedelta

MAX_ATTEMPTS = 10

# Ten attempts in 72 hours: a deployment is over in minutes, a weekend's outage in days.
_GAPS = (
    timedelta(seconds=5),
    timedelta(minutes=4, seconds=55),
    timedelta(minutes=25),
    timedelta(minutes=90),
    timedelta(hours=4),
    timedelta(hours=9),
    timedelta(hours=14),
    timedelta(hours=18),
    timedelta(hours=25),
)
_JITTER = 0.05
_LONGEST_ASKED = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Growing gaps; what failed together does not come back together."""

    gaps: tuple[timedelta, ...] = _GAPS
    jitter: float = _JITTER

    def wait(self, attempts: int, *, chance: float, asked_s: float | None = None) -> timedelta | None:
        """The wait after so many attempts; None when they are used up.

        `chance` from 0 to 1 moves a gap by up to 5 % either way. What the receiver asked for (`Retry-After`)
        may lengthen a gap, up to a day and an hour, never shorten it.
        """
        if attempts > len(self.gaps):
            return None
        gap = self.gaps[attempts - 1] * (1 + self.jitter * (2 * chance - 1))
        asked = min(timedelta(seconds=min(asked_s or 0.0, 1e9)), _LONGEST_ASKED)
        return max(gap, asked)
