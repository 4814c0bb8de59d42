"""Exporting and erasing one client, on a running system: nothing names it afterwards."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ledgerbus_cli.problems import ProblemAnswerError
from ledgerbus_cli.system import DATABASES, System
from pydantic import SecretStr
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings
from support.command import Answer, ledgerbus
from support.system import Firm
from sync_contracts.event import Actor, Role
from sync_contracts.month import Month
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

JULY = Month(2026, 7)
MERIT, SCORO = Provider.MERIT_AKTIVA, Provider.SCORO


@pytest.fixture
def gone() -> str:
    """A name that nothing else has, so that it can be looked for everywhere."""
    return f"client-{uuid4().hex}"


@pytest.fixture
async def documents(system: System) -> AsyncIterator[Any]:
    """All documents of all services that have a text in them."""
    mongo = build_mongo(MongoSettings(url=SecretStr(system.stack.settings.mongo_url), database="any"))

    async def having(text: str) -> list[str]:
        found = []
        for name in DATABASES.values():
            for collection in await mongo[name].list_collection_names():
                async for document in mongo[name][collection].find({}):
                    found += [f"{name}.{collection}"] if text in repr(document) else []
        return found

    yield having
    mongo.close()


async def in_a_thread(system: System, firm: Firm, *arguments: object) -> Answer:
    """The command, which has an event loop of its own."""
    who = ("--data", system.data_dir, "--company", firm.platform.company_id)
    return await asyncio.to_thread(ledgerbus, *arguments, *who)


async def test_an_erased_client_is_named_nowhere_and_the_run_keeps_its_counts(
    system: System, firm: Firm, gone: str, documents: Any, tmp_path: Path
) -> None:
    hook = await firm.platform.call.json(
        "POST", f"{system.addresses.notifier}/v1/webhooks", body={"url": "http://127.0.0.1:9/hook"}
    )
    for client in (gone, "stays"):
        await firm.connect(client, MERIT)
    await firm.platform.enable(SCORO)
    await firm.run_bulk([gone, "stays"], MERIT, JULY)
    receipt = await firm.run_bulk([gone, "stays"], SCORO, JULY)  # not connected there: each has a line
    assert {*await documents(gone)} > {"credentials.connections", "notifier.receipts", "orchestrator.runs"}

    file = tmp_path / "export.jsonl"
    exported = await in_a_thread(system, firm, "export", gone, "--file", file)
    erased = await in_a_thread(system, firm, "erase", gone, "--yes", "--json")
    again = await in_a_thread(system, firm, "erase", gone, "--yes", "--json")

    assert (exported.exit_code, erased.exit_code, again.exit_code) == (0, 0, 0)
    assert '"sales_net"' in file.read_text()
    assert file.read_text().count(f'"client_id": "{gone}"') > 3
    assert firm.accounts[gone, MERIT]["credentials"]["api_key"] not in file.read_text()
    assert erased.json["erased"]["summary-writer client_summaries"] == 1
    assert again.json["erased"] == {}
    assert await documents(gone) == []
    assert (await in_a_thread(system, firm, "export", gone)).stdout == ""
    kept = await firm.platform.kept_receipt(receipt.run_id)
    lines = await firm.platform.lines(receipt.run_id)
    assert kept is not None
    assert kept.counts == receipt.counts
    for names in ([line.client_id for line in kept.lines], [line["client_id"] for line in lines]):
        assert {name[:6] for name in names} == {"erased", "stays"}
    assert [one["client_id"] for one in await firm.platform.connections()] == ["stays"]
    await firm.assert_truth("stays", MERIT, JULY)
    await firm.platform.call("DELETE", f"{system.addresses.notifier}/v1/webhooks/{hook['webhook_id']}")


async def test_an_erased_client_that_comes_back_is_read_again(firm: Firm, gone: str, documents: Any) -> None:
    await firm.connect(gone, MERIT)
    await firm.run_bulk([gone], MERIT, JULY)
    (before,) = await firm.platform.connections(gone)
    await firm.platform.erase(gone)

    await firm.connect(gone, MERIT, firm.accounts[gone, MERIT])
    receipt = await firm.run_bulk([gone], MERIT, JULY)

    (after,) = await firm.platform.connections(gone)
    assert receipt.counts.written == 1
    assert after["connection_id"] == before["connection_id"]
    assert after["generation"] > before["generation"]
    await firm.assert_truth(gone, MERIT, JULY)
    assert len(await firm.platform.history(gone, MERIT, JULY)) == 1


async def test_nothing_is_erased_while_the_client_has_open_jobs(
    system: System, firm: Firm, gone: str
) -> None:
    await firm.connect(gone, Provider.TRIPLETEX)
    await firm.sandbox.fault(firm.accounts[gone, Provider.TRIPLETEX], "hang", seconds=1)
    request = await firm.platform.bulk([gone], Provider.TRIPLETEX, JULY)
    run = (await firm.platform.accepted(request)).run_id

    refused = await in_a_thread(system, firm, "erase", gone, "--yes", "--json")

    assert (refused.exit_code, refused.json.get("error")) == (1, "CLIENT_HAS_OPEN_JOBS"), refused
    await firm.platform.receipt(run, within_s=60)
    assert [one["client_id"] for one in await firm.platform.connections()] == [gone]
    await firm.assert_truth(gone, Provider.TRIPLETEX, JULY)


async def test_only_owners_may_export_or_erase_and_only_their_own_clients(
    system: System, firm: Firm, gone: str
) -> None:
    await firm.connect(gone, MERIT)
    admin = firm.platform.acting(actor=Actor(id="admin-1", role=Role.ADMIN))
    other = firm.platform.acting(company_id="firm-of-nobody")

    for asked in (admin.records(gone), admin.erase(gone)):
        with pytest.raises(ProblemAnswerError) as refused:
            await asked
        assert (refused.value.status, refused.value.code) == (403, "FORBIDDEN")
    answers = await other.erase(gone)

    assert sum(sum(answer["records"].values()) for answer in answers.values()) == 0
    assert len(await firm.platform.connections(gone)) == 1
