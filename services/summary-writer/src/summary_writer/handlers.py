"""Which message goes to which use case."""

from collections.abc import Awaitable, Callable

from service_kit.broker import Subscriptions, by_topic
from service_kit.window import Window
from sync_contracts.connections import ConnectionDeleted, ConnectionEvent, ConnectionSaved
from sync_contracts.jobs import JobCounted

# Two full batches: one is collected while the other is written.
IN_FLIGHT = 400
FENCES_AT_ONCE = 50


def subscribe(
    on: Subscriptions,
    *,
    write_summary: Callable[[JobCounted], Awaitable[None]],
    raise_fence: Callable[[ConnectionEvent], Awaitable[None]],
) -> None:
    """Bind each topic to its use case.

    Counted jobs run side by side, each in its own trace, and meet again in the store's batches.
    """

    @on.windowed(Window(slots=IN_FLIGHT), by_topic(JobCounted))
    async def on_job_counted(message: JobCounted) -> None:
        await write_summary(message)

    @on.windowed(Window(slots=FENCES_AT_ONCE), by_topic(ConnectionSaved, ConnectionDeleted))
    async def on_connection_fact(message: ConnectionSaved | ConnectionDeleted) -> None:
        await raise_fence(message)
