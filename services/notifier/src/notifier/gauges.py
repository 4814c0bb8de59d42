"""How many webhooks wait to be delivered, by all instances."""

from collections.abc import Sequence

from service_kit.gauges import Read, seldom
from service_kit.metrics import GaugeName, Reading

from notifier.ports import DeliveryStore


def webhook_gauges(deliveries: DeliveryStore, *, least_s: float) -> dict[GaugeName, Read]:
    """What it is called, and how it is read: at most once in `least_s`."""

    async def waiting() -> Sequence[Reading]:
        return [(await deliveries.waiting(), {})]

    return {"ledgerbus.webhooks.waiting": seldom(least_s, waiting)}
