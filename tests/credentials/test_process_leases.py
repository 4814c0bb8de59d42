"""Leases of one token set over several processes, some of which are killed."""

import asyncio

import httpx
import pytest
from service_kit.service_token import ServiceToken
from support.credentials_calls import account, lease, save, token_sets
from support.credentials_process import CredentialsProcess, CredentialsStack
from support.loopback import loopback_client

# One set of processes serves all of these.
pytestmark = pytest.mark.integration


def refreshes(credentials_stack: CredentialsStack) -> int:
    return sum(one["refreshes"] for one in token_sets(credentials_stack))


async def test_fifty_jobs_on_an_expired_single_use_token_refresh_once_over_two_processes(
    one: CredentialsProcess, two: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "xero", 6)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    one.stack.sandbox.fault(known, "single_use_refresh")
    before = refreshes(one.stack)

    answers = await leased_at_once([one, two] * 25, firm, saved["connection_id"])

    one.stack.sandbox.http.delete("/_control")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_id"] for answer in answers}) == 1
    assert refreshes(one.stack) == before + 1
    assert all(one["refused"] == 0 for one in token_sets(one.stack))


async def test_a_kill_between_the_answer_and_the_vault_is_healed_with_the_old_token(
    credentials_stack: CredentialsStack, one: CredentialsProcess, firm: str
) -> None:
    known = account(credentials_stack, "xero", 9)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    before = refreshes(credentials_stack)
    with credentials_stack.process(crash_at="grant_renewed", renewal_call_s="1") as doomed:
        with pytest.raises(httpx.TransportError):
            await lease(doomed, firm, saved["connection_id"])
        assert doomed.child.wait(10) == -9

    healed = await lease(one, firm, saved["connection_id"])

    assert healed.status_code == 200
    assert refreshes(credentials_stack) == before + 2


async def test_a_token_lost_with_a_killed_process_needs_the_user_and_says_why(
    credentials_stack: CredentialsStack, one: CredentialsProcess, firm: str
) -> None:
    known = account(credentials_stack, "xero", 10)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    with credentials_stack.process(crash_at="grant_renewed", renewal_call_s="1") as doomed:
        with pytest.raises(httpx.TransportError):
            await lease(doomed, firm, saved["connection_id"])
        doomed.child.wait(10)
    credentials_stack.sandbox.fault(known, "single_use_refresh")

    refused = await lease(one, firm, saved["connection_id"])

    credentials_stack.sandbox.http.delete("/_control")
    assert (refused.status_code, refused.json()["code"]) == (409, "NEEDS_AUTH")
    assert "cut off" in refused.json()["detail"]
    async with one.client(firm) as http:
        [shown] = (await http.get("/v1/connections")).json()["connections"]
    assert (shown["health"], shown["code"]) == ("needs_auth", "NEEDS_AUTH")


async def leased_at_once(
    processes: list[CredentialsProcess], firm: str, connection_id: str
) -> list[httpx.Response]:
    async with loopback_client(timeout=60) as http:
        token = ServiceToken(processes[0].stack.vault_settings("connector-workers"), http)
        headers = await token.header()
        return await asyncio.gather(
            *(
                http.post(
                    f"{process.url}/internal/connections/{connection_id}:lease",
                    json={"company_id": firm},
                    headers=headers,
                )
                for process in processes
            )
        )
