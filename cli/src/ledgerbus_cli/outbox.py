"""What the platform sends to the broker: requests, each the beginning of a trace."""

import secrets
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from service_kit.telemetry import current_traceparent
from sync_contracts.event import Event

from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.problems import UnreachableError

SOURCE = "platform"


class Outbox:
    """Sends messages and waits until they are on record."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        producer = AIOKafkaProducer(**kafka_options(self._servers), acks="all")
        try:
            await producer.start()
        except KafkaError:
            await producer.stop()
            raise UnreachableError("The broker", self._servers) from None
        self._producer = producer
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer:
            await self._producer.stop()

    async def send(self, event: Event, *, traceparent: str | None = None) -> None:
        """In the trace given, else in the current one, else in a new one."""
        trace = traceparent or current_traceparent() or new_traceparent()
        headers = [(name, value.encode()) for name, value in event.headers(SOURCE).items()]
        await self.send_raw(
            event.topic,
            event.model_dump_json().encode(),
            key=event.key,
            headers=[*headers, ("traceparent", trace.encode())],
        )

    async def send_raw(
        self, topic: str, body: bytes, *, key: str, headers: list[tuple[str, bytes]] | None = None
    ) -> None:
        """Any bytes, as a careless sender would."""
        if self._producer is None:
            raise RuntimeError("the outbox is not open")
        try:
            await self._producer.send_and_wait(topic, body, key=key.encode(), headers=headers)
        except KafkaError:
            raise UnreachableError("The broker", self._servers) from None


def new_traceparent() -> str:
    """A W3C trace that begins here, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
