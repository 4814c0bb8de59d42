"""What a PromQL expression asks for, as far as names go; whether it is one is promtool's to say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?")
_WORDS = {"and", "or", "unless", "offset", "by", "on", "bool", "group_left", "group_right"}


@dataclass(frozen=True)
class Asked:
    """One selector: a series' name, and the labels it is chosen by."""

    series: str
    labels: frozenset[str]


def asked_in(expr: str) -> Iterator[Asked]:
    """Every selector of the expression."""
    bare = _GROUPING.sub(" ", _RANGE.sub(" ", _TEXT.sub('""', expr)))
    for found in _SELECTOR.finditer(bare):
        is_function = bare[found.end() :].lstrip().startswith("(") and not found[2]
        is_duration = bare[: found.start()].rstrip()[-1:].isdigit()
        if not (is_function or is_duration or found[1] in _WORDS):
            yield Asked(found[1], frozenset(re.findall(r"(\w+)\s*[=!]", found[2] or "")))


def grouped_by(expr: str) -> set[str]:
    """The labels that its aggregations keep."""
    return {label.strip() for group in _GROUPING.findall(expr) for label in group.split(",") if label.strip()}
