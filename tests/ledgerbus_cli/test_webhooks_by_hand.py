"""`ledgerbus webhooks`, by hand, on a running system and a receiver on this machine."""

import asyncio
import json

import pytest
from ledgerbus_cli.system import System
from standardwebhooks.webhooks import Webhook
from support.command import Answer, ledgerbus
from support.hook_receiver import hook_receiver, status
from support.kafka import eventually
from support.system import Firm
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e


async def test_a_firm_hears_of_its_connections_and_looks_after_its_webhook(
    system: System, firm: Firm
) -> None:
    async def webhooks(*arguments: object, as_json: bool = True) -> Answer:
        who = ("--data", system.data_dir, "--company", firm.platform.company_id)
        return await asyncio.to_thread(
            ledgerbus, "webhooks", *arguments, *who, *(("--json",) if as_json else ())
        )

    async with hook_receiver() as receiver:
        made = (await webhooks("add", f"{receiver.url}/in", "--type", "connection.saved.v1")).json
        name, secret = made["webhook_id"], made["secret"]
        await firm.connect("client-1", Provider.MERIT_AKTIVA)
        await eventually(lambda: bool(receiver.at("/in")))

        ((body, headers),) = receiver.at("/in")
        assert Webhook(secret).verify(body, headers)["data"]["client_id"] == "client-1"
        assert secret not in (await webhooks("list")).stdout
        assert f"{receiver.url}/in" in (await webhooks("list", as_json=False)).stdout

        async def delivered() -> bool:
            found = (await webhooks("deliveries", name)).json
            return [each["state"] for each in found] == ["delivered"]

        await eventually(delivered)
        assert "connection.saved.v1" in (await webhooks("deliveries", name, as_json=False)).stdout
        assert (await webhooks("replay", name, "--client", "client-1")).json == {"again": 1, "added": 0}
        await eventually(lambda: len(receiver.at("/in")) == 2)
        assert len({headers["webhook-id"] for _, headers in receiver.at("/in")}) == 1

        rotated = await webhooks("rotate", name, as_json=False)
        assert "whsec_" in rotated.stdout
        assert secret not in rotated.stdout
        assert (await webhooks("disable", name)).json["disabled_by"] == "person"
        assert (await webhooks("replay", name)).json["error"] == "WEBHOOK_DISABLED"
        assert (await webhooks("enable", name)).json["enabled"]
        assert (await webhooks("test", name)).exit_code == 0
        receiver.answers["/in"] = [status(503)]
        failed = await webhooks("test", name)
        assert (failed.exit_code, failed.json) == (1, {"ok": False, "outcome": "refused", "status": 503})
        assert (await webhooks("remove", name)).exit_code == 0
        assert json.loads((await webhooks("list")).stdout) == []
