"""A service as a process of its own, as in production."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from support.kafka import kafka_variables
from support.service_app import NO_ISSUER

_STOP_S = 30.0


def service_variables(prefix: str, *, bootstrap: str, mongo_url: str, database: str) -> dict[str, str]:
    """The environment of a service that needs Kafka and MongoDB, for the embedded servers."""
    return {
        **kafka_variables(prefix, bootstrap),
        f"{prefix}__MONGO": json.dumps({"url": mongo_url, "database": database}),
        f"{prefix}__HTTP__PORT": "0",
        f"{prefix}__USERS__ISSUER": NO_ISSUER.issuer,
        f"{prefix}__USERS__JWKS_URL": NO_ISSUER.jwks_url,
    }


@asynccontextmanager
async def service_process(
    module: str, variables: Mapping[str, str], log: Path, *, crash_at: str | None = None
) -> AsyncIterator[Process]:
    """`python -m module`; asked to stop in order at the end unless it has ended by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    crash = {"LEDGERBUS_CRASH_AT": crash_at} if crash_at else {}
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            env={**inherited, **variables, **crash},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
