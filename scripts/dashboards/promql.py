"""Sentences in PromQL that many panels share."""

_WINDOW = "[$__rate_interval]"


def per_minute(counter: str, *, by: str, where: str = "") -> str:
    """How often a minute."""
    return f"sum by ({by}) (rate({counter}{_matching(where)}{_WINDOW})) * 60"


def quantile(share: float, histogram: str, *, by: str, where: str = "") -> str:
    """The value that this share stays below."""
    buckets = f"sum by ({by}, le) (rate({histogram}_bucket{_matching(where)}{_WINDOW}))"
    return f"histogram_quantile({share}, {buckets})"


def recent(counter: str, where: str = "") -> str:
    """What came in the last quarter of an hour, a counter's first event included: rules/recorded.yml."""
    now = f"{counter}{_matching(where)}"
    return f"{now} - last_over_time({now}[1h] offset 15m) >= 0 or {now}"


def _matching(where: str) -> str:
    return f"{{{where}}}" if where else ""
