"""Which message goes to which use case."""

from collections.abc import Awaitable, Callable

from service_kit.broker import Subscriptions
from sync_contracts.runs import RunFinished


def subscribe(on: Subscriptions, *, write_receipt: Callable[[RunFinished], Awaitable[None]]) -> None:
    """Bind each topic to its use case."""

    @on(RunFinished)
    async def on_run_finished(message: RunFinished) -> None:
        await write_receipt(message)
