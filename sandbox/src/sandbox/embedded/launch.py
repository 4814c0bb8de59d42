"""Becomes the program named by its arguments, which then dies with the process that asked for it.

Run as `python -I -S launch.py PARENT_PID PROGRAM ARGUMENT...`. A `preexec_fn` would do the same, but forks a
process that may have threads; this file is a program of its own and imports nothing of the project.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent where the system can, then replace it."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before the tie was made
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
