"""What all calls of one process share: connections, limits, addresses, the installation's keys."""

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx
from sync_contracts.providers import Provider

from connectors.clock import Clock, SystemClock
from connectors.limits import Limiter
from connectors.measures import Measures, NothingMeasured
from connectors.settings import ConnectorSettings
from connectors.transport import PooledTransport

HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CONNECT_TIMEOUT_S = 10.0


class Session:
    """One per process; closes its connections on leaving."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        limiter: Limiter,
        clock: Clock,
        settings: ConnectorSettings,
        measures: Measures | None = None,
    ) -> None:
        self.transport = transport
        self.measures = measures or NothingMeasured()
        self.limiter = limiter
        self.clock = clock
        self.call_timeout_s = settings.call_timeout_s
        self._settings = settings

    def endpoint(self, provider: Provider, name: str, default: str, **places: str) -> str:
        """The address of a named endpoint, without a slash at its end.

        A place such as `{site}` in it is filled with one label of a host's name; ValueError for anything
        else, since what a user entered must not lead to another host.
        """
        overridden = self._settings.endpoints.get(provider, {}).get(name)
        address = (default if overridden is None else str(overridden)).rstrip("/")
        for place, label in places.items():
            if not HOST_LABEL.fullmatch(label):
                raise ValueError(f"{place} is not one label of a host's name")
            # Settings are URLs, in whose paths a brace is encoded.
            address = address.replace(f"{{{place}}}", label).replace(f"%7B{place}%7D", label)
        return address

    def has_address(self, provider: Provider, endpoints: Mapping[str, str]) -> bool:
        """False where each of the provider's hosts still waits for the operator to set its address."""
        return any(self.endpoint(provider, name, default) for name, default in endpoints.items())

    def operator(self, provider: Provider) -> Mapping[str, str]:
        """The installation's own keys at a provider."""
        values = self._settings.operators.get(provider, {})
        return {name: value.get_secret_value() for name, value in values.items()}

    async def aclose(self) -> None:
        await self.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def build_session(
    settings: ConnectorSettings | None = None,
    *,
    limiter: Limiter | None = None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    measures: Measures | None = None,
) -> Session:
    """A session; nothing connects before the first call."""
    time, chosen = clock or SystemClock(), settings or ConnectorSettings()
    return Session(
        transport or PooledTransport(),
        limiter=limiter or Limiter(time),
        clock=time,
        settings=chosen,
        measures=measures,
    )
