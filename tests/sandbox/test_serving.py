from __future__ import annotations

import subprocess
import sys

import httpx
from sandbox.serving import build_server
from starlette.applications import Starlette


def test_the_imitations_run_as_a_process_of_their_own() -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        "0",
        "--seed",
        "3",
        "--clients",
        "2",
        "--documents",
        "5",
    ]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            accounts = httpx.get(f"{address}/_accounts", timeout=10).json()
        finally:
            process.terminate()
            process.wait(timeout=10)

    assert [one["account"] for one in accounts if one["provider"] == "tripletex"] == [
        "tripletex-0001",
        "tripletex-0002",
    ]


def test_an_idle_connection_is_let_go_by_the_client_first() -> None:
    server_s = build_server(Starlette()).config.timeout_keep_alive

    assert 2 * (httpx.Limits().keepalive_expiry or 0) < server_s
