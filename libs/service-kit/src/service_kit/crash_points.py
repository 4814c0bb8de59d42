"""Named instants at which a test kills the process, to show that nothing is lost there."""

import os
import signal
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


def arm(name: str) -> None:
    """From now on this process dies on reaching the point; for fault tests only."""
    if name not in CRASH_POINTS:
        raise ValueError(f"no crash point is called {name}")
    _armed.add(name)


def reached(name: CrashPoint) -> None:
    """Marks an instant between two durable steps; does nothing unless the point is armed."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
