"""What a worker has under way, and what the providers still allow it."""

from collections.abc import Sequence

from connectors.limits import Limiter
from service_kit.gauges import Read
from service_kit.metrics import GaugeName, Reading

from connector_workers.stops import Stops


def worker_gauges(stops: Stops, limiter: Limiter) -> dict[GaugeName, Read]:
    """What they are called, and how each is read."""

    async def running() -> Sequence[Reading]:
        return [(stops.running, {})]

    async def left() -> Sequence[Reading]:
        return [
            (calls, {"provider": provider, "budget": budget})
            for (provider, budget), calls in limiter.left().items()
        ]

    return {"ledgerbus.readings.running": running, "ledgerbus.provider.limit.left": left}
