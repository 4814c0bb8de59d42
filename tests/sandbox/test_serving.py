from __future__ import annotations

import subprocess
import sys

import httpx


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
