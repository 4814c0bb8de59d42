"""`ledgerbus webhooks`: where the firm hears of what happened, and what it has not heard."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Group
from rich.text import Text

from ledgerbus_cli.desk import Desk, at_desk
from ledgerbus_cli.service_calls import Json
from ledgerbus_cli.tables import deliveries_table, webhooks_table

Webhook = Annotated[UUID, typer.Argument(metavar="WEBHOOK", help="Its id.", show_default=False)]
EventType = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Of one type, such as sync.completed.v1.")
]
_INSTANTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


async def add(
    *,
    desk: Desk,
    url: Annotated[str, typer.Argument(metavar="URL", help="https://…", show_default=False)],
    kind: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="What to hear of; else everything.")
    ] = None,
    description: Annotated[str, typer.Option(help="What the firm calls it.")] = "",
) -> None:
    """Enter an address; its secret is shown this once."""
    body = {"url": url, "description": description} | ({"types": kind} if kind else {})
    made: Json = await desk.platform.call.json("POST", _address(desk), body=body)
    _show_secret(desk, made)


async def list_webhooks(*, desk: Desk) -> None:
    """The firm's webhooks and how they are."""
    found = (await desk.platform.call.json("GET", _address(desk)))["webhooks"]
    desk.output.show(found, webhooks_table(found))


async def rotate(
    *,
    desk: Desk,
    webhook: Webhook,
    overlap: Annotated[
        float, typer.Option(min=0, max=168, metavar="HOURS", help="For how long the old secret signs too.")
    ] = 24.0,
) -> None:
    """Make a new secret; for a while both sign."""
    address, body = _address(desk, webhook, ":rotate"), {"overlap_hours": overlap}
    _show_secret(desk, await desk.platform.call.json("POST", address, body=body))


async def enable(*, desk: Desk, webhook: Webhook) -> None:
    """Deliver again from now on."""
    _show(desk, await desk.platform.call.json("PUT", _address(desk, webhook, ":enabled")))


async def disable(*, desk: Desk, webhook: Webhook) -> None:
    """Deliver nothing more; what is due becomes dead letters."""
    _show(desk, await desk.platform.call.json("DELETE", _address(desk, webhook, ":enabled")))


async def remove(*, desk: Desk, webhook: Webhook) -> None:
    """Remove a webhook with all its deliveries."""
    await desk.platform.call("DELETE", _address(desk, webhook))
    desk.output.show({"webhook_id": webhook, "removed": True}, f"{webhook} is removed.")


async def send_test(*, desk: Desk, webhook: Webhook) -> int:
    """Send a test event now; exit code 1 when it does not arrive."""
    outcome: Json = await desk.platform.call.json("POST", _address(desk, webhook, ":test"))
    status = f" ({outcome['status']})" if outcome["status"] else ""
    desk.output.show(outcome, f"The test event: {outcome['outcome'].replace('_', ' ')}{status}.")
    return int(not outcome["ok"])


async def deliveries(
    *,
    desk: Desk,
    webhook: Webhook,
    state: Annotated[str | None, typer.Option(help="pending, delivered, dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 50,
) -> None:
    """What was delivered, is due, or was given up."""
    query = {"state": state, "limit": limit}
    address = _address(desk, webhook, "/deliveries")
    found = (await desk.platform.call.json("GET", address, query=query))["deliveries"]
    desk.output.show(found, deliveries_table(found))


async def replay(
    *,
    desk: Desk,
    webhook: Webhook,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_INSTANTS, help="UTC; else 30 days back.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_INSTANTS, help="UTC, exclusive.")] = None,
    client: Annotated[str | None, typer.Option(metavar="CLIENT", help="About one client.")] = None,
    kind: EventType = None,
    dead: Annotated[bool, typer.Option("--dead", help="Dead letters only.")] = False,
) -> None:
    """Deliver events again under their ids; safe to repeat."""
    body = {
        "since": f"{since.isoformat()}Z" if since else None,
        "until": f"{until.isoformat()}Z" if until else None,
        "client_id": client,
        "type": kind,
        "dead_only": dead,
    }
    done: Json = await desk.platform.call.json("POST", _address(desk, webhook, ":replay"), body=body)
    desk.output.show(done, f"{done['again']} are delivered again, {done['added']} for the first time.")


def _address(desk: Desk, webhook: UUID | None = None, what: str = "") -> str:
    one = f"/{webhook}{what}" if webhook else ""
    return f"{desk.platform.addresses.notifier}/v1/webhooks{one}"


def _show(desk: Desk, webhook: Json) -> None:
    desk.output.show(webhook, webhooks_table([webhook]))


def _show_secret(desk: Desk, made: Json) -> None:
    desk.output.show(made, Group(webhooks_table([made]), Text(f"Its secret: {made['secret']}")))
    desk.output.remark("Keep the secret now: it is not shown again.")


app = typer.Typer(no_args_is_help=True, help="Webhooks of the firm: enter, rotate, look, replay.")
app.command("add")(at_desk(add))
app.command("list")(at_desk(list_webhooks))
app.command("rotate")(at_desk(rotate))
app.command("enable")(at_desk(enable))
app.command("disable")(at_desk(disable))
app.command("remove")(at_desk(remove))
app.command("test")(at_desk(send_test))
app.command("deliveries")(at_desk(deliveries))
app.command("replay")(at_desk(replay))
