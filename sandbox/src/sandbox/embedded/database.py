"""The database: SecantusDB, MongoDB-compatible, on WiredTiger; run as a program and never imported."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from sandbox.embedded.ports import HOST, accepts


class Database:
    """Implements `Program`; its data survives restarts and kills."""

    name = "database"
    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder

    @property
    def url(self) -> str:
        """Where clients connect; it presents itself as a replica set of one, so transactions are allowed."""
        return f"mongodb://{HOST}:{self.port}/?directConnection=true"

    def command(self) -> Sequence[str]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = self._folder / "secantusd.toml"
        settings.touch()  # naming a file, even an empty one, keeps it from reading the user's own
        where = ["--config", str(settings), "--host", HOST, "--port", str(self.port)]
        store = ["--storage-path", str(self._folder / "storage"), "--log-level", "WARNING"]
        # Without --sync-on-commit a SIGKILL took up to 50 of 50 acknowledged writes with it.
        return [sys.executable, "-m", "secantus", *where, *store, "--sync-on-commit"]

    def is_ready(self) -> bool:
        return accepts(self.port)

    async def prepare(self) -> None:
        """It needs nothing."""

    def nudge(self) -> None:
        """Its accepting thread sees the end of its socket at the next connection, or after 2 s."""
        accepts(self.port)
