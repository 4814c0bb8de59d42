"""What an operator sees of a system at work: every metric of the table, as the table says."""

from typing import Any
from uuid import uuid4

import pytest
from ledgerbus_cli.system import System
from service_kit.metrics import METRICS
from support.exported import OF_OUTAGES, OF_TROUBLE, are_exported
from support.hook_receiver import hook_receiver, status
from support.kafka import eventually, producer, read_all
from support.otlp import Collector
from support.system import Firm
from sync_contracts.jobs import JobStarted
from sync_contracts.month import Month
from sync_contracts.providers import Provider

pytestmark = pytest.mark.e2e

JUNE = Month(2026, 6)


async def test_a_run_shows_in_every_metric_of_the_table(firm: Firm, collector: Collector) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.connect("client-2", Provider.XERO)
    await firm.sandbox.fault(firm.accounts["client-2", Provider.XERO], "slow", each_s=8, times=1)

    async with hook_receiver() as hooks:
        address = f"{firm.platform.addresses.notifier}/v1/webhooks"
        await firm.platform.call.json("POST", address, body={"url": f"{hooks.url}/runs", "description": ""})
        slow = await firm.platform.bulk(["client-2"], Provider.XERO, JUNE)
        await firm.platform.accepted(slow)
        joined = await firm.platform.bulk(["client-2"], Provider.XERO, JUNE)
        answer = await firm.platform.accepted(joined)
        assert answer.joined
        await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JUNE)
        await firm.platform.receipt(slow, within_s=60)
        await are_exported(collector, METRICS.keys() - OF_TROUBLE - OF_OUTAGES)

    answers = {dict(series.labels)["answer"] for series in collector.of_metric("ledgerbus.requests.answered")}
    assert {"accepted", "joined"} <= answers


async def test_trouble_shows_in_its_metrics(system: System, firm: Firm, collector: Collector) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.connect("client-2", Provider.XERO)
    account = firm.accounts["client-2", Provider.XERO]
    await firm.sandbox.fault(account, "throttle_429", problem="day", retry_after_s=25, times=1)
    kafka = system.addresses.kafka

    def of_firm(record: Any) -> bool:
        return firm.platform.company_id.encode() in (record.value or b"")

    async with hook_receiver() as hooks, producer(kafka) as send:
        hooks.answers["/gone"] = [status(410)]
        address = f"{firm.platform.addresses.notifier}/v1/webhooks"
        await firm.platform.call.json("POST", address, body={"url": f"{hooks.url}/gone", "description": ""})
        await firm.platform.bulk(["client-2"], Provider.XERO, JUNE)  # has to wait for its turn
        await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JUNE)
        await send.send_and_wait(JobStarted.topic, b"{", partition=0)
        begun = await read_all(kafka, JobStarted.topic, until=lambda found: any(map(of_firm, found)))
        record = next(filter(of_firm, begun))
        await send.send_and_wait(JobStarted.topic, record.value, key=record.key, headers=list(record.headers))
        await are_exported(collector, OF_TROUBLE, within_s=60)


async def test_server_that_nobody_gets_an_answer_from_shows_in_its_metric(
    firm: Firm, collector: Collector
) -> None:
    clients = [f"client-{number}" for number in range(5)]
    for client in clients:
        await firm.connect(client, Provider.SMARTACCOUNTS)
    await firm.sandbox.fault_all(Provider.SMARTACCOUNTS, "error_500")
    try:
        request = await firm.platform.bulk(clients, Provider.SMARTACCOUNTS, JUNE)
        await are_exported(collector, OF_OUTAGES, within_s=60)
    finally:
        await firm.sandbox.heal()
    receipt = await firm.platform.receipt(request, within_s=60)

    assert receipt.counts.written == len(clients)


async def test_processes_are_told_apart(firm: Firm, collector: Collector) -> None:
    assert firm
    await eventually(lambda: len(collector.of_metric("ledgerbus.service.ready")) >= 5)

    ready = collector.of_metric("ledgerbus.service.ready")
    assert len({series.instance for series in ready}) == len(ready)
    for series in ready:
        assert collector.resources[series.instance]["service.version"]


async def test_no_label_names_a_company_client_run_or_job(firm: Firm, collector: Collector) -> None:
    client = f"client-{uuid4().hex}"
    await firm.connect(client, Provider.MERIT_AKTIVA)
    receipt = await firm.run_bulk([client], Provider.MERIT_AKTIVA, JUNE)
    await are_exported(collector, ["ledgerbus.jobs.ended"])

    told = {value for series in list(collector.series) for _, value in series.labels}
    known = {client, firm.platform.company_id, str(receipt.run_id)}
    assert not [value for value in told if any(name in value for name in known)]
