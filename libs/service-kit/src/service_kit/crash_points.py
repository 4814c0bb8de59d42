"""Named instants at which a test kills the process, to show that nothing is lost there."""

import os
import signal
from pathlib import Path
from typing import Literal, get_args

CrashPoint = Literal[
    "request_stored",
    "run_planned",
    "jobs_stored",
    "run_opened",
    "job_released",
    "job_published",
    "limit_stored",
    "run_cancelling",
    "run_expiring",
    "job_started",
    "job_counted",
    "history_written",
    "summary_written",
    "answer_published",
    "run_finished",
    "receipt_stored",
    "webhook_answered",
    "grant_renewed",
]
CRASH_POINTS: tuple[CrashPoint, ...] = get_args(CrashPoint)

_armed: set[str] = set()
_orders: list[Path] = []


def arm(name: str) -> None:
    """From now on this process dies on reaching the point; for fault tests only."""
    if name not in CRASH_POINTS:
        raise ValueError(f"no crash point is called {name}")
    _armed.add(name)


def obey(file: Path) -> None:
    """From now on this process dies once, on reaching the point that the file names; for fault tests only."""
    _orders.append(file)


def reached(name: CrashPoint) -> None:
    """Marks an instant between two durable steps; does nothing unless the point is armed."""
    if name in _armed or any(_is_ordered(name, file) for file in _orders):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_ordered(name: CrashPoint, file: Path) -> bool:
    """An order is carried out once: whoever follows it takes it away."""
    if not file.exists() or file.read_text() != name:
        return False
    file.unlink()
    return True
