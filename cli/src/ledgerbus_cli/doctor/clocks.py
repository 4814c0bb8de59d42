"""Whether the machines' clocks agree with this one's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from pymongo.errors import PyMongoError
from service_kit.settings import MongoSettings

from ledgerbus_cli.doctor.database import time_of_database
from ledgerbus_cli.doctor.findings import Finding, bad, good
from ledgerbus_cli.doctor.places import Places

PART = "clock"
MOST = timedelta(seconds=5)
_HALF_A_SECOND = timedelta(seconds=0.5)  # a Date header is cut to the second

Ask = Callable[[], Awaitable[datetime]]


async def check_clocks(http: httpx.AsyncClient, places: Places) -> list[Finding]:
    """One finding for each clock that is off, else one for all; what does not answer is told elsewhere."""
    asked = _clocks(http, places)
    found = dict(zip(asked, await asyncio.gather(*(_apart(ask) for ask in asked.values())), strict=True))
    return judged({name: apart for name, apart in found.items() if apart is not None})


def judged(apart: Mapping[str, timedelta]) -> list[Finding]:
    off = [_off(name, by) for name, by in apart.items() if abs(by) > MOST]
    if off or not apart:
        return off
    most = max(abs(by).total_seconds() for by in apart.values())
    return [good(PART, f"{len(apart)} clocks agree with this one to {most:.1f} s.")]


def _off(name: str, by: timedelta) -> Finding:
    side = "ahead of" if by > timedelta() else "behind"
    told = f"The clock of {name} is {abs(by).total_seconds():.0f} s {side} this machine's."
    advice = "Keep all machines' clocks by NTP: tokens are refused from 30 s, readings from 60 s on."
    return bad(PART, told, advice)


def _clocks(http: httpx.AsyncClient, places: Places) -> dict[str, Ask]:
    pages = {f"{name} at {url}": f"{url}/live" for name, urls in places.services.items() for url in urls}
    if places.vault:
        pages["the vault"] = f"{places.vault.rstrip('/')}/v1/sys/health"
    asked = {name: _by_header(http, url) for name, url in pages.items()}
    mongo = places.mongo("admin")
    return asked if mongo is None else asked | {"the database": _by_database(mongo)}


def _by_header(http: httpx.AsyncClient, url: str) -> Ask:
    async def ask() -> datetime:
        return parsedate_to_datetime((await http.get(url)).headers["Date"]) + _HALF_A_SECOND

    return ask


def _by_database(settings: MongoSettings) -> Ask:
    async def ask() -> datetime:
        return await time_of_database(settings)

    return ask


async def _apart(ask: Ask) -> timedelta | None:
    began = datetime.now(UTC)
    try:
        told = await ask()
    except (httpx.HTTPError, PyMongoError, KeyError, ValueError):
        return None
    ended = datetime.now(UTC)
    # Anything between asking and answering is no difference at all.
    return min(told - began, timedelta()) + max(told - ended, timedelta())
