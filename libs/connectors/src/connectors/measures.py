"""What a service may count of the calls; by itself nothing is counted."""

from typing import Protocol

from sync_contracts.providers import Provider


class Measures(Protocol):
    """Told of every call; never of an address, a query or an account."""

    def answered(self, provider: Provider, status: int | None, seconds: float) -> None:
        """One try; `status` is None where no answer came."""

    def throttled(self, provider: Provider) -> None:
        """The answer told us to slow down."""


class NothingMeasured:
    """Implements `Measures`."""

    def answered(self, provider: Provider, status: int | None, seconds: float) -> None:
        """Not noted."""

    def throttled(self, provider: Provider) -> None:
        """Not noted."""
