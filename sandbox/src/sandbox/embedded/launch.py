"""Becomes the program named by its arguments, which then dies with the process that asked for it.

Run as `python -I -S launch.py PARENT_PID PROGRAM ARGUMENT...`. A `preexec_fn` would do the same, but forks a
process that may have threads; this file is a program of its own and imports nothing of the project.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and let it take turns, where the system can, then replace it."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # A whole system shares few cores: who wakes up waits for its turn instead of cutting another's short.
        with suppress(OSError):  # forbidden by some containers
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getppid() != int(parent):  # it died before the tie was made
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
