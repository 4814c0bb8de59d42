"""The imitations, one line each."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.world import Imitation, World

BUILDERS: tuple[Callable[[World], Imitation], ...] = ()
