"""What a company has switched on: integrations as a whole, and each provider."""

from dataclasses import dataclass

from sync_contracts.providers import Provider


@dataclass(frozen=True, slots=True)
class Switches:
    """A fresh company has integrations on and no provider enabled."""

    integrations_on: bool = True
    enabled: frozenset[Provider] = frozenset()
