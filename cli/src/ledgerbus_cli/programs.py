"""The processes of our own that make up a running system, as the embedded stack runs its servers."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProgram:
    """Implements `sandbox.embedded.Program`: a module run by this Python, ready once an address answers."""

    name: str
    port: int
    module: str
    ready_path: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", self.module, *self.arguments]

    def is_ready(self) -> bool:
        try:
            return httpx.get(self.url + self.ready_path, timeout=2.0, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    async def prepare(self) -> None:
        """Nothing beyond being ready."""

    def nudge(self) -> None:
        """It stops at once by itself."""
