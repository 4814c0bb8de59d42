"""connector-workers with a bug: the broker is told that a message is done before its work has begun."""

from collections.abc import Callable, Mapping
from typing import Any

from connector_workers.app import NAME, build_app
from connector_workers.settings import Settings
from faststream import AckPolicy
from faststream.kafka.schemas import Topic
from service_kit.broker import Subscriptions
from service_kit.service import serve
from service_kit.telemetry import setup_telemetry
from service_kit.window import Window


def acknowledged_first(
    self: Subscriptions, _: Window, parsers: Mapping[str, Callable[..., Any]], *, every_process: bool = False
) -> Any:
    group = None if every_process else f"{self._group}.{next(iter(parsers))}"
    return self._broker.subscriber(
        *(Topic(topic, declare=False) for topic in parsers),
        auto_commit_interval_ms=100,
        **self.options(group) | {"ack_policy": AckPolicy.ACK_FIRST},
    )


if __name__ == "__main__":
    Subscriptions.windowed = acknowledged_first  # type: ignore[assignment, method-assign]  # the planted bug
    settings = Settings()
    serve(build_app(settings, setup_telemetry(NAME)), settings.http)
