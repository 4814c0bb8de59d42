"""Rendered answers, kept until there are too many of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


class Memo:
    """The most recent results of slow functions; a key names everything that the result depends on."""

    def __init__(self, size: int = 2048) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """The result kept under the key, built now if there is none."""
        if key not in self._kept:
            self._kept[key] = build()
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return cast(T, self._kept[key])
