"""`python -m sandbox.embedded --data DIR`: the stack in the foreground until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sandbox.embedded.brokers import BrokerKind, chosen_broker
from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.stack import EmbeddedStack, Ports


def main() -> int:
    """Run until asked to stop; 1 when the stack could not start."""
    options = _options()
    ports = Ports(broker=options.broker_port, vault=options.vault_port, database=options.database_port)
    try:
        broker = BrokerKind.KAFKA if options.kafka else chosen_broker()
        asyncio.run(_serve(EmbeddedStack(options.data, ports, broker)))
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".ledgerbus"), help="where everything is kept")
    parser.add_argument("--kafka", action="store_true", help="Apache Kafka as the broker")
    for name in ("broker", "vault", "database"):
        parser.add_argument(f"--{name}-port", type=int, help="a free one if not given")
    return parser.parse_args()


async def _serve(stack: EmbeddedStack) -> None:
    asked = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, asked.set)
    async with stack:
        _tell(stack)
        await asked.wait()


def _tell(stack: EmbeddedStack) -> None:
    told = stack.settings
    secret_ids = next(iter(told.vault.roles.values())).secret_id_file.parent
    addresses = {
        "broker": (stack.broker, told.bootstrap_servers),
        "vault": (stack.vault, f"{told.vault.address} (secret-ids in {secret_ids})"),
        "database": (stack.database, told.mongo_url),
    }
    for name, (server, address) in addresses.items():
        sys.stdout.write(f"{name:<9} {address}  pid {server.pid}, ready after {server.start_s:.2f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
