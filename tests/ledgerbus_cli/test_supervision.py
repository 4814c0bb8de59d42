"""Whatever keeps a process from starting, it is tried again, and the others are watched all the same."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from ledgerbus_cli.supervision import Patience, supervise
from ledgerbus_cli.system import System
from sandbox.embedded import EmbeddedError
from support.kafka import eventually


@dataclass
class FakeProcess:
    pid: int | None = 1
    log: Path = Path("process.log")


@dataclass
class FakeSystem:
    """Implements what is asked of a system; starts fail in turn."""

    failures: list[Exception]
    processes: dict[str, FakeProcess] = field(
        default_factory=lambda: {"vault": FakeProcess(), "broker": FakeProcess()}
    )

    async def revive(self, name: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.processes[name].pid = 2


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (
            EmbeddedError("The embedded vault ended while it started."),
            "The embedded vault ended while it started.",
        ),
        (ConnectionResetError("by peer"), "vault did not start: ConnectionResetError."),
    ],
)
async def test_a_start_that_fails_is_tried_again(failure: Exception, told: str) -> None:
    system, said = FakeSystem([failure]), list[str]()
    watching = asyncio.create_task(
        supervise(cast(System, system), said.append, patience=Patience(first_s=0.01))
    )

    system.processes["vault"].pid = None
    await eventually(lambda: "vault runs again." in said)
    system.processes["broker"].pid = None
    await eventually(lambda: "broker runs again." in said)
    watching.cancel()

    assert told in said
