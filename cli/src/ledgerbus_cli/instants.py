"""Points in time on the command line."""

import re
from datetime import UTC, datetime, timedelta

import typer

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant_of(text: str) -> datetime:
    """2026-04-01T10:00, with or without an offset (UTC without one), or so long ago: 90s, 30m, 2h, 7d."""
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "a time is 2026-04-01T10:00Z, 2026-04-01, or so long ago: 90s, 30m, 2h, 7d"
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
