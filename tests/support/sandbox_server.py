"""A sandbox on a free port, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sandbox.app import build_app
from sandbox.clock import Clock
from sandbox.serving import build_server, listen
from sandbox.world import World


@dataclass(frozen=True)
class RunningSandbox:
    """Where it is and what it knows; `http` talks to its own routes."""

    base_url: str
    world: World
    http: httpx.Client

    def accounts(self, provider: str) -> list[dict[str, Any]]:
        """The accounts of one provider, as `/_accounts` lists them."""
        listed: list[dict[str, Any]] = (
            self.http.get("/_accounts", params={"provider": provider}).raise_for_status().json()
        )
        return listed

    def truth(self, account: dict[str, Any], month: str, at: str | None = None) -> dict[str, dict[str, str]]:
        """What a summary of the month has to say."""
        path = f"/_truth/{account['provider']}/{account['account']}/{month}"
        values: dict[str, dict[str, str]] = (
            self.http.get(path, params={"at": at} if at else None).raise_for_status().json()["values"]
        )
        return values

    def fault(self, account: dict[str, Any], fault: str, **options: object) -> None:
        """Switch a fault on for one account."""
        wanted = {"provider": account["provider"], "account": account["account"], "fault": fault, **options}
        self.http.post("/_control", json=wanted).raise_for_status()

    def mutate(self, account: dict[str, Any], action: str, kind: str, month: str, **more: object) -> Any:
        """Change the books; answers when, and which record."""
        named = {"provider": account["provider"], "account": account["account"]}
        change = {**named, "action": action, "kind": kind, "month": month, **more}
        return self.http.post("/_control/mutate", json=change).raise_for_status().json()


@contextmanager
def running_sandbox(
    *, seed: int = 1, clients: int = 3, documents: int = 20, clock: Clock | None = None
) -> Iterator[RunningSandbox]:
    """A sandbox that answers while the block runs."""
    app = build_app(seed, clients, documents, clock)
    server, bound = build_server(app), listen(0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        base_url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with httpx.Client(base_url=base_url, timeout=30) as http:
            yield RunningSandbox(base_url, app.state.world, http)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        bound.close()


def _wait_until_started(server: Any, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.005)
