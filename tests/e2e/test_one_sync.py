"""One sync from request to receipt, for each accounting system."""

import pytest
from ledgerbus_cli.problems import RequestRefusedError
from support.system import Firm
from sync_contracts.codes import ProblemCode, RefusalCode
from sync_contracts.event import Actor, Role
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, RunEnding

pytestmark = pytest.mark.e2e

MARCH = Month(2026, 3)
# Keys, rotating tokens, sessions, consent data and files; the conformance suite reads years of all systems.
DIFFERENT = [Provider.MERIT_AKTIVA, Provider.XERO, Provider.TRIPLETEX, Provider.FORTNOX, Provider.DIRECTO]


@pytest.mark.parametrize("provider", DIFFERENT)
async def test_reload_writes_twelve_months_that_equal_the_books(firm: Firm, provider: Provider) -> None:
    await firm.connect("client-1", provider)

    request = await firm.platform.reload("client-1", provider)
    receipt = await firm.platform.receipt(request, within_s=90)

    assert receipt.ending is RunEnding.COMPLETED
    assert receipt.counts.written == 12 == len(receipt.months)
    await firm.assert_truth("client-1", provider, *receipt.months)
    calls = await firm.sandbox.calls(firm.accounts["client-1", provider])
    assert calls["read"] > 0
    assert calls["throttled"] == 0


@pytest.mark.parametrize("provider", [Provider.MERIT_AKTIVA, Provider.XERO])
async def test_second_reading_of_unchanged_books_writes_nothing(firm: Firm, provider: Provider) -> None:
    await firm.connect("client-1", provider)
    await firm.run_bulk(["client-1"], provider, MARCH)

    receipt = await firm.run_bulk(["client-1"], provider, MARCH)

    assert (receipt.ending, receipt.counts.unchanged) == (RunEnding.COMPLETED, 1)
    assert len(await firm.platform.history("client-1", provider, MARCH)) == 1
    await firm.assert_truth("client-1", provider, MARCH)


async def test_bulk_names_clients_without_credentials_and_counts_the_others(firm: Firm) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.connect("client-2", Provider.MERIT_AKTIVA)

    receipt = await firm.run_bulk(["client-1", "client-2", "client-3"], Provider.MERIT_AKTIVA, MARCH)

    assert receipt.ending is RunEnding.COMPLETED_WITH_PROBLEMS
    assert (receipt.counts.written, receipt.counts.skipped) == (2, 1)
    trouble = receipt.lines[0]
    assert (trouble.client_id, trouble.ending, trouble.code) == (
        "client-3",
        JobEnding.SKIPPED,
        ProblemCode.NO_CREDENTIALS,
    )
    assert trouble.message is not None
    await firm.assert_truth("client-1", Provider.MERIT_AKTIVA, MARCH)
    await firm.assert_truth("client-2", Provider.MERIT_AKTIVA, MARCH)


async def test_revoked_key_fails_its_client_alone_and_needs_auth_afterwards(firm: Firm) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.connect("client-2", Provider.MERIT_AKTIVA)
    await firm.sandbox.fault(firm.accounts["client-1", Provider.MERIT_AKTIVA], "revoke")

    first = await firm.run_bulk(["client-1", "client-2"], Provider.MERIT_AKTIVA, MARCH)
    calls = await firm.sandbox.calls(firm.accounts["client-1", Provider.MERIT_AKTIVA])
    second = await firm.run_bulk(["client-1", "client-2"], Provider.MERIT_AKTIVA, MARCH)

    trouble = first.lines[0]
    assert (trouble.client_id, trouble.code) == ("client-1", ProblemCode.NEEDS_AUTH)
    assert (first.counts.failed, first.counts.written) == (1, 1)
    assert (second.counts.skipped, second.counts.unchanged) == (1, 1)
    assert await firm.sandbox.calls(firm.accounts["client-1", Provider.MERIT_AKTIVA]) == calls
    assert await firm.platform.summaries("client-1", Provider.MERIT_AKTIVA) == []


async def test_refusals_carry_their_codes(firm: Firm) -> None:
    platform = firm.platform
    member = platform.acting(actor=Actor(id="member-1", role=Role.MEMBER))
    await platform.enable(Provider.XERO)

    async def refusal(request_id: str) -> RefusalCode:
        with pytest.raises(RequestRefusedError) as refused:
            await platform.accepted(request_id)
        return RefusalCode(refused.value.code)

    reload_without = await platform.reload("client-1", Provider.XERO)
    unconfirmed = await platform.reload("client-1", Provider.XERO, overwrite_confirmed=False)
    not_enabled = await platform.bulk(["client-1"], Provider.TRIPLETEX, MARCH)
    in_future = await platform.bulk(["client-1"], Provider.XERO, Month(2090, 1))
    by_member = await member.bulk(["client-1"], Provider.XERO, MARCH)

    assert await refusal(reload_without) is RefusalCode.NO_CREDENTIALS
    assert await refusal(unconfirmed) is RefusalCode.OVERWRITE_NOT_CONFIRMED
    assert await refusal(not_enabled) is RefusalCode.INTEGRATION_NOT_ENABLED
    assert await refusal(in_future) is RefusalCode.MONTH_IN_FUTURE
    assert await refusal(by_member) is RefusalCode.FORBIDDEN
