"""`ledgerbus providers`, `enable`, `disable`, `test`, `connect`, `delete`: a firm's connections."""

import asyncio
import sys
import time
from typing import Annotated

import typer
from connectors.protocol import CredentialField
from connectors.registry import connector_for
from sync_contracts.providers import Provider

from ledgerbus_cli.credentials_file import Fields, read_fields
from ledgerbus_cli.desk import Desk
from ledgerbus_cli.options import ClientName, CredentialsFile, ProviderName
from ledgerbus_cli.output import Output
from ledgerbus_cli.problems import BadUsageError, LedgerbusError
from ledgerbus_cli.service_calls import Json
from ledgerbus_cli.tables import connections_table, plain_table

CONSENT_S = 900.0
_ASK_EVERY_S = 0.5


class NotConnectedError(LedgerbusError):
    """The credentials were refused, or a consent came to nothing."""

    code = "NOT_CONNECTED"


async def providers(*, desk: Desk) -> None:
    """The accounting systems, and which of them the firm has enabled."""
    found = await desk.platform.providers()
    table = plain_table("system", "name", "enabled", "connected by", "manual")
    for one in found["providers"]:
        how = "consent or keys" if one["oauth"] else ", ".join(field["name"] for field in one["fields"])
        enabled = "yes" if one["enabled"] else "no"
        name = one["name"] + (" (preview)" if one["preview"] else "")
        if not one["configured"]:
            how = "the operator sets its address first"
        table.add_row(one["provider"], name, enabled, how, one["manual_url"])
    desk.output.show(found, table)


async def enable(*, desk: Desk, provider: ProviderName) -> None:
    """Let the firm sync with an accounting system."""
    await desk.platform.enable(provider)
    desk.output.show({"provider": provider, "enabled": True}, f"{provider} is enabled.")


async def disable(*, desk: Desk, provider: ProviderName) -> None:
    """Refuse syncs with an accounting system from now on; credentials stay."""
    await desk.platform.disable(provider)
    desk.output.show({"provider": provider, "enabled": False}, f"{provider} is disabled.")


async def try_fields(*, desk: Desk, provider: ProviderName, credentials: CredentialsFile = None) -> int:
    """Try credentials without storing anything; exit code 1 when they do not work."""
    fields = read_fields(credentials) if credentials else _asked(provider)
    outcome = await desk.platform.test(provider, fields)
    outcome.pop("test_token", None)
    desk.output.show(outcome, _told(outcome))
    return int(not outcome["ok"])


async def connect(
    *,
    desk: Desk,
    client: ClientName,
    provider: ProviderName,
    credentials: CredentialsFile = None,
    organisation: Annotated[
        str | None, typer.Option(help="After a consent: name or id of the organisation.")
    ] = None,
    untested: Annotated[bool, typer.Option("--untested", help="Save without testing first.")] = False,
    within: Annotated[
        float, typer.Option(min=1, metavar="S", help="Seconds to wait for a consent.")
    ] = CONSENT_S,
) -> int:
    """Store a client's credentials: from a file, by asking, or by a consent in the browser."""
    if credentials is None and connector_for(provider).oauth is not None:
        saved = await _by_consent(desk, client, provider, organisation, within)
    else:
        fields = read_fields(credentials) if credentials else _asked(provider)
        saved = await _by_fields(desk, client, provider, fields, untested=untested)
    desk.output.show(saved, connections_table([saved]))
    switched = await desk.platform.providers(enabled=True)
    if provider not in {one["provider"] for one in switched["providers"]}:
        desk.output.remark(f"Syncs are refused until {provider} is enabled: `ledgerbus enable {provider}`.")
    return 0


async def delete(
    *,
    desk: Desk,
    client: ClientName,
    provider: ProviderName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a connection and destroy its secret; summaries stay."""
    if not yes:
        if not sys.stdin.isatty():
            raise BadUsageError("Deleting cannot be undone; confirm it with --yes.")
        typer.confirm(f"Destroy the credentials of {client} for {provider}?", abort=True, err=True)
    is_gone = await desk.platform.delete(client, provider)
    text = "is deleted" if is_gone else "reads no more; the rest of the deletion is being finished"
    told = {"client_id": client, "provider": provider, "finished": is_gone}
    desk.output.show(told, f"The connection of {client} to {provider} {text}.")


async def _by_fields(desk: Desk, client: str, provider: Provider, fields: Fields, *, untested: bool) -> Json:
    test_token: str | None = None
    # A test would spend a refresh token that is replaced with each use.
    if not untested and "refresh_token" not in fields:
        outcome = await desk.platform.test(provider, fields)
        if not outcome["ok"]:
            raise NotConnectedError(_told(outcome))
        desk.output.remark(_told(outcome))
        test_token = outcome["test_token"]
    return await desk.platform.save(client, provider, fields, test_token=test_token)


async def _by_consent(
    desk: Desk, client: str, provider: Provider, organisation: str | None, within_s: float
) -> Json:
    platform = desk.platform
    link = await platform.start_consent(client, provider)
    desk.output.remark(f"Open this address in a browser and allow access:\n\n{link['url']}\n")
    consent = await _decided(desk, link["consent_id"], within_s)
    if consent["state"] == "choosing":
        chosen = _organisation(consent["organisations"], organisation, desk.output)
        return await platform.choose(link["consent_id"], chosen)
    found = await platform.connections(client, provider)
    return found[0]


async def _decided(desk: Desk, consent_id: str, within_s: float) -> Json:
    deadline = time.monotonic() + within_s
    while True:
        consent = await desk.platform.consent(consent_id)
        if consent["state"] in {"choosing", "done"}:
            return consent
        if consent["state"] in {"failed", "expired"}:
            raise NotConnectedError(consent["cause"] or "The consent has expired; start it again.")
        if time.monotonic() > deadline:
            raise NotConnectedError(f"No consent was given within {within_s:g} s.")
        await asyncio.sleep(_ASK_EVERY_S)


def _organisation(found: list[Json], wanted: str | None, output: Output) -> str:
    """The wanted one, by id or name; a person at a terminal is asked."""
    fits = [one for one in found if wanted is not None and wanted in {one["organisation_id"], one["name"]}]
    if len(fits) == 1:
        return str(fits[0]["organisation_id"])
    names = "\n".join(f"  {number}. {one['name']}" for number, one in enumerate(found, 1))
    if wanted is None and sys.stdin.isatty():
        output.remark(f"The consent opens these organisations:\n{names}")
        number = typer.prompt("Number", type=int, err=True)
        if 1 <= number <= len(found):
            return str(found[number - 1]["organisation_id"])
    raise BadUsageError(f"Name one of the organisations with --organisation:\n{names}")


def _asked(provider: Provider) -> Fields:
    """The form's fields, typed in; secrets are not shown."""
    if not sys.stdin.isatty():
        raise BadUsageError("Name a file with the credentials: --credentials FILE.")
    return {field.name: _typed(field) for field in connector_for(provider).form.fields}


def _typed(field: CredentialField) -> str:
    choices = f" ({', '.join(field.choices)})" if field.choices else ""
    default = field.default or ("" if not field.required else None)
    typed: str = typer.prompt(
        field.label + choices, default=default, hide_input=field.secret, show_default=bool(default), err=True
    )
    return typed


def _told(outcome: Json) -> str:
    books = (outcome["books"] or {}).get("name")
    if outcome["ok"]:
        return f"{outcome['message']} {books or ''}".strip()
    return f"{outcome['message']} {outcome['cause']}".strip()
