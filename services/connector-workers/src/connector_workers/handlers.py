"""Which message goes to which use case."""

from collections.abc import Awaitable, Callable

from service_kit.broker import Subscriptions, by_topic
from service_kit.window import Window
from sync_contracts.connections import ConnectionDeleted
from sync_contracts.jobs import JobRequested
from sync_contracts.runs import RunCancelling

from connector_workers.stops import Stops

STOPS_AT_ONCE = 50


def subscribe(
    on: Subscriptions,
    window: Window,
    *,
    count_months: Callable[[JobRequested], Awaitable[None]],
    stops: Stops,
) -> None:
    """Bind each topic to its use case; what stops work is heard by every process."""

    @on.windowed(window, by_topic(JobRequested))
    async def on_job_requested(message: JobRequested) -> None:
        await count_months(message)

    @on.windowed(Window(slots=STOPS_AT_ONCE), by_topic(RunCancelling, ConnectionDeleted), every_process=True)
    async def on_stop(message: RunCancelling | ConnectionDeleted) -> None:
        match message:
            case RunCancelling():
                stops.cancel_run(message.run_id)
            case ConnectionDeleted():
                stops.delete_connection(message.connection_id, message.generation)
