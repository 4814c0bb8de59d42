"""The HTTP API of sister services."""

from uuid import uuid4

from service_kit.errors import DependencyDownError
from support.credentials_caller import Caller


async def test_only_the_workers_get_leases(caller: Caller) -> None:
    connection_id = await caller.saved()

    for service in ("sync-orchestrator", "summary-writer", "notifier", "cli"):
        answer = await caller.internal(f"connections/{connection_id}:lease", service, company_id="firm-1")

        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_a_lookup_names_switches_and_usable_connections(caller: Caller) -> None:
    connection_id = await caller.saved()
    await caller.saved("client-2")
    await caller.http.delete("/v1/clients/client-2/connections/xero", headers=caller.owner)
    await caller.http.put("/v1/providers/xero:enabled", headers=caller.owner)

    answer = await caller.internal(
        "connections:lookup",
        "sync-orchestrator",
        company_id="firm-1",
        provider="xero",
        client_ids=["client-1", "client-2", "client-3"],
    )

    assert answer.json() == {
        "integrations_on": True,
        "provider_enabled": True,
        "connections": {
            "client-1": {
                "connection_id": connection_id,
                "generation": 1,
                "account_key": "xero/own",
                "site_key": "xero/app",
                "health": "untested",
            }
        },
    }


async def test_a_lookup_takes_a_thousand_clients(caller: Caller) -> None:
    clients = [f"client-{number}" for number in range(1_001)]
    lookup = {"company_id": "firm-1", "provider": "xero"}

    good = await caller.internal("connections:lookup", "sync-orchestrator", **lookup, client_ids=clients[:-1])
    large = await caller.internal("connections:lookup", "sync-orchestrator", **lookup, client_ids=clients)

    assert (good.status_code, large.status_code) == (200, 422)


async def test_a_lease_is_ready_to_sign_with_and_not_cached(caller: Caller) -> None:
    connection_id = await caller.saved()

    answer = await caller.internal(
        f"connections/{connection_id}:lease", "connector-workers", company_id="firm-1", generation=1
    )

    assert answer.headers["cache-control"] == "no-store"
    lease = answer.json()
    assert lease["access"] == {"access_token": "access-ann-2"}
    assert (lease["connection_id"], lease["generation"], lease["health"]) == (connection_id, 1, "untested")
    assert "ann-2" not in answer.text.replace("access-ann-2", "")


async def test_a_lease_is_refused_with_a_code_for_each_case(caller: Caller) -> None:
    connection_id = await caller.saved()
    lease = f"connections/{connection_id}:lease"
    worker = "connector-workers"

    old = await caller.internal(lease, worker, company_id="firm-1", generation=7)
    unknown = await caller.internal(f"connections/{uuid4()}:lease", worker, company_id="firm-1")
    caller.world.vault.down = DependencyDownError("vault", "sealed")
    down = await caller.internal(lease, worker, company_id="firm-1")
    caller.world.vault.down = None
    caller.world.provider.current["ann"] = 9
    refused = await caller.internal(lease, worker, company_id="firm-1")

    answers = [(answer.status_code, answer.json()["code"]) for answer in (old, unknown, down, refused)]
    assert answers == [
        (409, "GENERATION_OLD"),
        (404, "CONNECTION_NOT_FOUND"),
        (503, "SERVICE_DOWN"),
        (409, "NEEDS_AUTH"),
    ]
    assert "Retry-After" in down.headers


async def test_a_worker_tells_what_it_found(caller: Caller) -> None:
    connection_id = await caller.saved()

    told = await caller.internal(
        f"connections/{connection_id}:observe",
        "connector-workers",
        company_id="firm-1",
        generation=1,
        outcome="ok",
        books={"external_id": "org-1", "name": "Oak OÜ", "currency": "EUR"},
    )

    [shown] = (await caller.http.get("/v1/connections", headers=caller.owner)).json()["connections"]
    assert told.status_code == 204
    assert (shown["health"], shown["books"]["name"]) == ("ok", "Oak OÜ")
