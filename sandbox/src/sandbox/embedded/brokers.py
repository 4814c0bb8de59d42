"""Which broker the stack runs: the one that comes along, or Apache Kafka."""

import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sandbox.embedded.apache_kafka import ApacheKafka
from sandbox.embedded.broker import Broker
from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.server import Program

VARIABLE = "LEDGERBUS_BROKER"


class BrokerKind(StrEnum):
    """`TANSU` needs nothing but Python, `KAFKA` needs Java and Maven."""

    TANSU = "tansu"
    KAFKA = "kafka"


class BrokerProgram(Program, Protocol):
    """A broker as a program; may raise EmbeddedError."""

    @property
    def bootstrap_servers(self) -> str: ...

    @property
    def forgets(self) -> bool:
        """Whether a restart leaves it without topics, messages and offsets."""
        ...

    @property
    def client_settings(self) -> Mapping[str, str]:
        """Where its clients' settings differ from those for production, named as in `KafkaSettings`."""
        ...

    async def create_topics(self, names: Iterable[str], partitions: int) -> None: ...


def chosen_broker() -> BrokerKind:
    """The kind that LEDGERBUS_BROKER names; Tansu if it names none."""
    named = os.environ.get(VARIABLE) or BrokerKind.TANSU
    try:
        return BrokerKind(named)
    except ValueError:
        raise EmbeddedError(f"{VARIABLE} is {' or '.join(BrokerKind)}, not {named}.") from None


def broker_program(kind: BrokerKind, data_dir: Path, port: int) -> BrokerProgram:
    """The program of that kind, on that port."""
    if kind is BrokerKind.KAFKA:
        return ApacheKafka(data_dir / "kafka", port)
    return Broker(port)
