"""What calls at accounting systems tell: the connectors know no metric."""

from sync_contracts.providers import Provider

from service_kit.metrics import count, record


class ProviderCalls:
    """Given to the connectors' session."""

    def answered(self, provider: Provider, status: int | None, seconds: float) -> None:
        """One try; None where no answer came."""
        record("ledgerbus.provider.call.duration", seconds, provider=provider, status=_status(status))

    def throttled(self, provider: Provider) -> None:
        """The answer told us to slow down."""
        count("ledgerbus.provider.throttles", provider=provider)


def _status(status: int | None) -> str:
    """A class of answers; too many calls are one of their own."""
    if status is None:
        return "none"
    return "429" if status == 429 else f"{status // 100}xx"
