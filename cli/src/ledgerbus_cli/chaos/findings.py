"""What an oracle finds: nothing, or what was lost, doubled, wrong or stuck."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The four ways in which a system of this kind can fail its users."""

    LOST = "lost"
    DOUBLED = "doubled"
    WRONG = "wrong"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise that was not kept, in a sentence that names the rule, the thing and the difference."""

    fault: Fault
    rule: str
    told: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.rule}: {self.told}"
