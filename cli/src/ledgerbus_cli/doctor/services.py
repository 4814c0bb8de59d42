"""Each instance of each service: whether it lives, whether it can work."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx

from ledgerbus_cli.doctor.findings import Finding, bad, good, look


async def check_services(http: httpx.AsyncClient, services: Mapping[str, Sequence[str]]) -> list[Finding]:
    """One finding for each instance."""
    places = [(name, url) for name, urls in services.items() for url in urls]
    return list(await asyncio.gather(*(_service(http, name, url) for name, url in places)))


async def _service(http: httpx.AsyncClient, name: str, url: str) -> Finding:
    try:
        live, ready = await http.get(f"{url}/live"), await http.get(f"{url}/ready")
    except httpx.HTTPError as error:
        told = f"{name} does not answer at {url} ({type(error).__name__})."
        return bad(name, told, "Start it; its log says why it stopped.")
    if live.is_error:
        return bad(name, f"{name} at {url} is dead: {_reasons(live)}.", "Restart it; its log says more.")
    if ready.is_error:
        return bad(name, f"{name} at {url} lives, but cannot work: {_reasons(ready)}.", "Mend what it names.")
    return good(name, f"{name} at {url} lives and is ready.")


def _reasons(answer: httpx.Response) -> str:
    try:
        told: dict[str, str] = answer.json()
    except ValueError:
        return f"it answers {answer.status_code}"
    troubles = [f"{what}: {why}" for what, why in told.items() if what not in {"status", "reason"}]
    return "; ".join(troubles) or told.get("reason", f"it answers {answer.status_code}")


def not_told(services: Mapping[str, Sequence[str]], all_services: Sequence[str]) -> list[Finding]:
    """Services nobody named."""
    missing = [name for name in all_services if name not in services]
    if not missing:
        return []
    told = f"Not looked at: {', '.join(missing)}."
    return [look("services", told, "Name each instance with --service NAME=URL.")]
