"""Where the parts of a system are: told by options and environment, else by the running system's folder."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sandbox.embedded import BrokerKind
from service_kit.settings import MongoSettings

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.problems import BadUsageError, LedgerbusError
from ledgerbus_cli.system import SERVICES

MONGO_URL, CA_FILE = "LEDGERBUS_MONGO_URL", "LEDGERBUS_CA_FILE"
_TIMEOUT_S = 5.0


class NothingRunsError(LedgerbusError):
    """Neither a running system nor the address of any part."""

    code = "NOTHING_RUNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """None or empty: not told, so not looked at."""

    kafka: str | None
    vault: str | None
    secret_ids: Path | None
    mongo_url: str | None
    services: Mapping[str, Sequence[str]]
    is_embedded: bool

    def mongo(self, database: str) -> MongoSettings | None:
        if self.mongo_url is None:
            return None
        return MongoSettings(
            url=SecretStr(self.mongo_url), database=database, timeout_s=_TIMEOUT_S, ca_file=ca_file()
        )


def ca_file() -> Path | None:
    """Whose certificates are believed besides the system's, at the vault, the database and the services."""
    named = os.environ.get(CA_FILE)
    if named and not Path(named).is_file():
        raise BadUsageError(f"{CA_FILE} names no file: {named}.")
    return Path(named) if named else None


def find_places(
    *,
    data: Path,
    kafka: str | None,
    vault: str | None,
    secret_ids: Path | None,
    services: Sequence[tuple[str, str]],
) -> Places:
    """What is told wins over what the folder says; NothingRunsError when neither says anything."""
    running = _running(data)
    mongo_url = os.environ.get(MONGO_URL)
    if running is None and not (kafka or vault or mongo_url or services):
        raise NothingRunsError(
            f"No system runs on {data}. Start one with `ledgerbus up`, name its folder with --data, or name "
            f"the parts of your own: --kafka, --vault, --service, {MONGO_URL}."
        )
    known = _services(running) | _grouped(services)
    own = data / "vault" / "secret-ids"
    return Places(
        kafka=kafka or (running.kafka if running else None),
        vault=vault or (running.vault if running else None),
        secret_ids=secret_ids or (own if running and own.is_dir() else None),
        mongo_url=mongo_url or (running.database if running else None),
        services=known,
        is_embedded=running is not None and running.broker == BrokerKind.TANSU and kafka is None,
    )


def service_of(text: str) -> tuple[str, str]:
    """NAME=URL of one instance of a service."""
    name, equals, url = text.partition("=")
    if name not in SERVICES or not equals or not url.startswith(("http://", "https://")):
        raise BadUsageError(f"A service is NAME=URL, and NAME one of {', '.join(SERVICES)}; not {text!r}.")
    return name, url.rstrip("/")


def _running(data: Path) -> Addresses | None:
    try:
        return Addresses.read(data)
    except FileNotFoundError:
        return None


def _services(running: Addresses | None) -> dict[str, list[str]]:
    if running is None:
        return {}
    urls = running.credentials, running.orchestrator, running.workers, running.summaries, running.notifier
    return {name: [url] for name, url in zip(SERVICES, urls, strict=True)}


def _grouped(services: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, url in services:
        found.setdefault(name, []).append(url)
    return found
