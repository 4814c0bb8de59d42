"""`ledgerbus doctor`: looks at everything at once and tells it in sentences."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Group, RenderableType
from rich.text import Text
from service_kit.trust import trusting

from ledgerbus_cli.doctor.broker import check_broker
from ledgerbus_cli.doctor.clocks import check_clocks
from ledgerbus_cli.doctor.connections import check_connections
from ledgerbus_cli.doctor.database import check_database
from ledgerbus_cli.doctor.findings import Finding, State, look
from ledgerbus_cli.doctor.places import MONGO_URL, Places, ca_file, find_places, service_of
from ledgerbus_cli.doctor.services import check_services, not_told
from ledgerbus_cli.doctor.vault import check_vault
from ledgerbus_cli.options import DATA, AsJson
from ledgerbus_cli.output import Output
from ledgerbus_cli.system import DATABASES, SERVICES

_TIMEOUT_S = 5.0
_MARKS = {State.GOOD: ("ok", "green"), State.LOOK: ("look", "yellow"), State.BAD: ("BAD", "red")}


def doctor(
    *,
    kafka: Annotated[
        str | None, typer.Option(envvar="LEDGERBUS_KAFKA", metavar="HOST:PORT", help="The broker.")
    ] = None,
    vault: Annotated[
        str | None, typer.Option(envvar="LEDGERBUS_VAULT", metavar="URL", help="The vault.")
    ] = None,
    secret_ids: Annotated[
        Path | None, typer.Option(envvar="LEDGERBUS_SECRET_IDS", help="The folder that `setup` wrote.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=URL", help="One instance of a service; as often as needed."),
    ] = None,
    data: Annotated[
        Path, typer.Option(envvar="LEDGERBUS_DATA", metavar="FOLDER", help="Data of the running system.")
    ] = DATA,
    as_json: AsJson = False,
) -> None:
    """Look at broker, vault, database, clocks, services and connections; 1 when anything is wrong.

    What is not named is that of the system running on --data. LEDGERBUS_MONGO_URL names the database,
    LEDGERBUS_CA_FILE whose certificates are believed, LEDGERBUS_KAFKA_… how to sign in to the broker.
    """
    instances = [service_of(text) for text in service or ()]
    places = find_places(data=data, kafka=kafka, vault=vault, secret_ids=secret_ids, services=instances)
    found = asyncio.run(_examine(places))
    is_sound = all(finding.state is not State.BAD for finding in found)
    told = {"ok": is_sound, "findings": [finding.as_json() for finding in found]}
    Output(as_json).show(told, _sentences(found))
    raise typer.Exit(0 if is_sound else 1)


async def _examine(places: Places) -> list[Finding]:
    async with httpx.AsyncClient(verify=trusting(ca_file()), timeout=_TIMEOUT_S, trust_env=False) as http:
        checks = [*_servers(http, places), check_services(http, places.services), check_clocks(http, places)]
        if mongo := places.mongo(DATABASES["credentials"]):
            checks.append(check_connections(mongo))
        found = [finding for findings in await asyncio.gather(*checks) for finding in findings]
    return found + not_told(places.services, SERVICES) + _unnamed(places)


def _servers(http: httpx.AsyncClient, places: Places) -> list[Awaitable[list[Finding]]]:
    checks: list[Awaitable[list[Finding]]] = []
    if places.kafka:
        checks.append(check_broker(places.kafka, is_embedded=places.is_embedded))
    if places.vault:
        checks.append(check_vault(http, places.vault, places.secret_ids))
    if mongo := places.mongo("admin"):
        checks.append(check_database(mongo))
    return checks


def _unnamed(places: Places) -> list[Finding]:
    parts = {
        "broker": (places.kafka, "--kafka HOST:PORT"),
        "vault": (places.vault, "--vault URL"),
        "database": (places.mongo_url, MONGO_URL),
    }
    return [
        look(name, f"The {name} was not looked at.", f"Name it with {how}.")
        for name, (where, how) in parts.items()
        if not where
    ]


def _sentences(found: list[Finding]) -> RenderableType:
    return Group(*(_sentence(finding) for finding in found))


def _sentence(finding: Finding) -> Text:
    mark, colour = _MARKS[finding.state]
    told = Text(f"{mark:<4} ", style=colour, overflow="fold")
    told.append(f"{finding.told} {finding.advice}".rstrip(), style="default")
    return told
