"""Which message goes to which use case."""

from collections.abc import Awaitable, Callable

from service_kit.broker import Subscriptions
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import RunFinished


def subscribe(
    on: Subscriptions,
    *,
    write_receipt: Callable[[RunFinished], Awaitable[None]],
    tell_connection: Callable[[ConnectionEvent], Awaitable[None]],
) -> None:
    """Bind each topic to its use case."""

    @on(RunFinished)
    async def on_run_finished(message: RunFinished) -> None:
        await write_receipt(message)

    @on(ConnectionSaved)
    async def on_connection_saved(message: ConnectionSaved) -> None:
        await tell_connection(message)

    @on(ConnectionDeleted)
    async def on_connection_deleted(message: ConnectionDeleted) -> None:
        await tell_connection(message)

    @on(ConnectionNeedsAuth)
    async def on_connection_needs_auth(message: ConnectionNeedsAuth) -> None:
        await tell_connection(message)

    @on(ConnectionRecovered)
    async def on_connection_recovered(message: ConnectionRecovered) -> None:
        await tell_connection(message)

    @on(ConnectionExpiring)
    async def on_connection_expiring(message: ConnectionExpiring) -> None:
        await tell_connection(message)
