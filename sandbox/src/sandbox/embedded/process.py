"""One child process: its log, its record on disk, its end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sandbox.embedded.errors import EmbeddedError

POLL_S = 0.02
STOP_S = 15.0
ASK_AGAIN_S = 1.0
TOLD_LINES = 15
TOLD_CHARACTERS = 400

# All else would leak in: the broker reads OTEL_* and LISTENER_URL, the vault BAO_* and VAULT_*.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_LAUNCH = Path(__file__).with_name("launch.py")


def launched(command: Sequence[str]) -> Sequence[str]:
    """The command of a child that is killed with us when we die (on Linux)."""
    return [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), *command]


class ChildProcess:
    """A program that runs until it is stopped; killed with us when we die (on Linux)."""

    def __init__(self, name: str, data_dir: Path, stop_s: float = STOP_S) -> None:
        self.name = name
        self._stop_s = stop_s
        self.log = data_dir / "logs" / f"{name}.log"
        self._record = data_dir / "run" / f"{name}.json"
        self._cwd = data_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it; only from a thread that lives as long as it shall, since Linux ties it to the thread."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 (our own command)
                launched(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                env={**inherited, **environment},
                start_new_session=True,  # a Ctrl-C in the terminal reaches us only; we stop it in order
            )
        self._record.write_text(json.dumps({"pid": self._process.pid, "command": list(command)}))

    async def stop(self, nudge: Callable[[], object] | None = None) -> None:
        """Ask it to end, calling `nudge` while it has not, and insist after `stop_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._stop_s):
                while self._process is not None and self._process.poll() is None:
                    self._process.terminate()
                    await self._try_gone(nudge)
        await self.kill()

    async def _try_gone(self, nudge: Callable[[], object] | None) -> None:
        # The database now and then misses what it is asked right after its start; the second time it listens.
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_AGAIN_S):
                await self._gone(nudge)

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
            await self._gone()
        self._process = None
        self._record.unlink(missing_ok=True)

    async def _gone(self, nudge: Callable[[], object] | None = None) -> None:
        while self.pid is not None:
            if nudge:
                nudge()
            await asyncio.sleep(POLL_S)

    def failure(self, what: str) -> EmbeddedError:
        """An error that shows the end of the log since the last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        told = "\n".join(_shortened(line) for line in lines[-TOLD_LINES:]) or "(it wrote nothing)"
        return EmbeddedError(f"The embedded {self.name} {what}. Its last lines in {self.log}:\n{told}")

    async def end_leftover(self) -> None:
        """End the process that an earlier run left behind, if it is still the one we recorded."""
        try:
            record = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(TimeoutError, ProcessLookupError):
                async with asyncio.timeout(STOP_S):
                    await _end(record["pid"], record["command"], sign)
        self._record.unlink(missing_ok=True)


def _shortened(line: str) -> str:
    """Beginning and end of a long line: a traceback's last words say most."""
    half = TOLD_CHARACTERS // 2
    return line if len(line) <= TOLD_CHARACTERS else f"{line[:half]} … {line[-half:]}"


async def _end(pid: int, command: list[str], sign: signal.Signals) -> None:
    signalled = False
    while _command_of(pid) == command:
        if not signalled:
            os.kill(pid, sign)
            signalled = True
        await asyncio.sleep(POLL_S)


def _command_of(pid: int) -> list[str]:
    """The arguments of a running process, empty if there is none or the system does not tell."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    return []
