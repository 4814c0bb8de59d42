"""What the doctor found out about one thing, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`look` is nothing that keeps the system from working."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, and where something is wrong the way out."""

    part: str
    state: State
    told: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return {"part": self.part, "state": self.state, "told": self.told, "advice": self.advice}


def good(part: str, told: str) -> Finding:
    return Finding(part, State.GOOD, told)


def look(part: str, told: str, advice: str) -> Finding:
    return Finding(part, State.LOOK, told, advice)


def bad(part: str, told: str, advice: str) -> Finding:
    return Finding(part, State.BAD, told, advice)


def some(names: list[str], most: int = 5) -> str:
    """The first few by name, the rest by number."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
