"""Which message goes to which use case."""

from collections.abc import Awaitable, Callable

from service_kit.broker import Subscriptions, by_topic
from service_kit.window import Window
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import RunFinished

RUNS_AT_ONCE = 10
CONNECTIONS_AT_ONCE = 10


def subscribe(
    on: Subscriptions,
    *,
    write_receipt: Callable[[RunFinished], Awaitable[None]],
    tell_connection: Callable[[ConnectionEvent], Awaitable[None]],
) -> None:
    """Bind each topic to its use case."""

    @on.windowed(Window(slots=RUNS_AT_ONCE), by_topic(RunFinished))
    async def on_run_finished(message: RunFinished) -> None:
        await write_receipt(message)

    connections = by_topic(
        ConnectionSaved, ConnectionDeleted, ConnectionNeedsAuth, ConnectionRecovered, ConnectionExpiring
    )

    @on.windowed(Window(slots=CONNECTIONS_AT_ONCE), connections)
    async def on_connection_event(message: ConnectionEvent) -> None:
        await tell_connection(message)
