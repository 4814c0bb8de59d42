"""Chance that is the same on every machine and in every run."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


def digest(*parts: object) -> int:
    """A 128-bit number that depends on the parts and on nothing else."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())


def stable_uuid(*parts: object) -> str:
    """A UUID in the usual form, the same for the same parts."""
    return str(UUID(int=digest(*parts), version=4))


class Dice:
    """Draws that repeat for the same parts; only `random()`, whose sequence Python guarantees, is used."""

    def __init__(self, *parts: object) -> None:
        self._random = random.Random(digest(*parts)).random  # noqa: S311 (made-up books, not a secret)

    def chance(self, share: float) -> bool:
        """True in that share of the draws."""
        return self._random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self._random() * len(choices))]

    def money(self, low: int, high: int) -> Decimal:
        """An amount with two decimals between two whole amounts."""
        return Decimal(self.between(low * 100, high * 100)).scaleb(-2)
