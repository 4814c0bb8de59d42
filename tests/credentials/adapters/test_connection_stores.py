"""One suite for every `ConnectionStore`."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from credentials.adapters.mongo_connections import MongoConnections
from credentials.connection import RENEW_EVERY, Connection
from credentials.ports import ConnectionStore
from credentials.terms import Observation, Place, Terms
from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.mongo import Document
from support.credentials_fakes import COMPANY, OWNER, FakeConnections, place
from support.query_plans import watched_database
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
TOKEN_SET = uuid4()


@pytest.fixture
async def mongo_store(records: AsyncIOMotorDatabase[Document]) -> MongoConnections:
    made = MongoConnections(records)
    await made.ensure_indexes()
    return made


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> ConnectionStore:
    if request.param == "fake":
        return FakeConnections()
    found: ConnectionStore = request.getfixturevalue("mongo_store")
    return found


def fresh(where: Place | None = None) -> Connection:
    return Connection.fresh(where or place(), NOW)


def active(where: Place | None = None, *, expires_on: date | None = None) -> Connection:
    """A connection right after its first save, before its message was sent."""
    terms = Terms(
        ref=uuid4(),
        settings={"tenant_id": "org-1"},
        account_key="xero/org-1",
        owner_key="xero/ann",
        books=Books(external_id="org-1", name="Õie Aed OÜ", currency="EUR"),
        health=ConnectionHealth.OK,
        expires_on=expires_on,
    )
    return fresh(where).begin_save(terms, OWNER, now=NOW).finish_save(terms.ref, TOKEN_SET, now=NOW)


def finished(connection: Connection) -> Connection:
    return connection.sent(connection.outbox[0].event_id)


async def test_a_record_comes_back_as_it_was(store: ConnectionStore) -> None:
    connection = active(expires_on=date(2026, 7, 1)).observed(
        Observation(outcome=ConnectionHealth.NO_PERMISSION, cause="Reports."), now=NOW
    )

    assert await store.put(connection)

    expected = connection.model_copy(update={"revision": 1})
    assert await store.at(place()) == expected
    assert await store.by_id("firm-1", connection.connection_id) == expected
    assert await store.by_ids({connection.connection_id, uuid4()}) == {connection.connection_id: expected}


async def test_another_company_does_not_find_it(store: ConnectionStore) -> None:
    connection = active()
    await store.put(connection)

    assert await store.by_id("firm-2", connection.connection_id) is None
    assert await store.at(place(company_id="firm-2")) is None
    assert await store.sharing("firm-2", TOKEN_SET) == []
    assert await store.of_clients("firm-2", Provider.XERO, ["client-1"]) == []


async def test_of_two_who_change_a_record_one_loses(store: ConnectionStore) -> None:
    await store.put(fresh())
    found = await store.at(place())
    assert found is not None

    won = await asyncio.gather(*(store.put(found.probed(next_at=NOW)) for _ in range(5)))

    assert sorted(won) == [False, False, False, False, True]


async def test_of_two_who_make_a_record_one_loses(store: ConnectionStore) -> None:
    won = await asyncio.gather(*(store.put(fresh()) for _ in range(5)))

    assert sorted(won) == [False, False, False, False, True]


async def test_a_companys_connections_come_in_pages(store: ConnectionStore) -> None:
    kept = [active(place(f"client-{number}")) for number in range(5)]
    for connection in [*kept, active(place(company_id="firm-2"))]:
        await store.put(connection)

    first = await store.of_company("firm-1", client_id=None, provider=None, after=None, limit=3)
    rest = await store.of_company(
        "firm-1", client_id=None, provider=None, after=first[-1].connection_id, limit=3
    )

    assert {one.client_id for one in first + rest} == {one.client_id for one in kept}
    assert (len(first), len(rest)) == (3, 2)


async def test_what_is_shown_can_be_narrowed(store: ConnectionStore) -> None:
    await store.put(active(place("client-1")))
    await store.put(active(place("client-2")))

    async def shown(client_id: str | None, provider: Provider | None) -> list[str]:
        found = await store.of_company("firm-1", client_id=client_id, provider=provider, after=None, limit=9)
        return sorted(one.client_id for one in found)

    assert await shown("client-2", None) == ["client-2"]
    assert await shown(None, Provider.XERO) == ["client-1", "client-2"]
    assert await shown(None, Provider.TRIPLETEX) == []


async def test_deleted_and_undone_connections_are_not_shown(store: ConnectionStore) -> None:
    deleted = active(place("client-1")).begin_delete(OWNER, now=NOW)
    await store.put(deleted.gave_back(deleted.releasing[0], now=NOW))
    await store.put(fresh(place("client-2")))

    assert await store.of_company("firm-1", client_id=None, provider=None, after=None, limit=9) == []


async def test_only_usable_connections_are_found_for_runs(store: ConnectionStore) -> None:
    await store.put(active(place("client-1")))
    await store.put(active(place("client-2")).begin_delete(OWNER, now=NOW))
    await store.put(fresh(place("client-3")))

    clients = [f"client-{number}" for number in range(1, 5)]
    found = await store.of_clients("firm-1", Provider.XERO, clients)

    assert [one.client_id for one in found] == ["client-1"]
    assert [one.client_id for one in await store.sharing("firm-1", TOKEN_SET)] == ["client-1"]


async def test_each_of_many_clients_is_found_once(store: ConnectionStore) -> None:
    clients = [f"client-{number}" for number in range(205)]
    for client in (clients[0], clients[99], clients[100], clients[204]):
        await store.put(active(place(client)))

    found = await store.of_clients("firm-1", Provider.XERO, clients)

    assert sorted(one.client_id for one in found) == ["client-0", "client-100", "client-204", "client-99"]
    assert await store.of_clients("firm-1", Provider.XERO, []) == []


async def test_an_account_is_used_while_a_connection_of_any_company_reads_it(
    store: ConnectionStore,
) -> None:
    await store.put(active(place(company_id="firm-2")))

    assert await store.is_account_used("xero/org-1")
    assert not await store.is_account_used("xero/org-2")


async def test_what_was_left_open_is_found_after_its_time(store: ConnectionStore) -> None:
    await store.put(active(place("client-1")))
    await store.put(finished(active(place("client-2"))))

    assert await store.left_open(NOW, 9) == []
    found = await store.left_open(NOW + timedelta(seconds=1), 9)
    assert [one.client_id for one in found] == ["client-1"]


async def test_renewals_are_found_when_they_are_due(store: ConnectionStore) -> None:
    await store.put(active(place("client-1")))
    await store.put(active(place("client-2")).renewed(next_at=None))

    assert await store.to_renew(NOW, 9) == []
    found = await store.to_renew(NOW + RENEW_EVERY, 9)
    assert [one.client_id for one in found] == ["client-1"]


async def test_probes_are_found_when_they_are_due(store: ConnectionStore) -> None:
    await store.put(active(place("client-1")))
    await store.put(active(place("client-2")).probed(next_at=None))

    assert await store.to_probe(NOW - timedelta(seconds=1), 9) == []
    assert [one.client_id for one in await store.to_probe(NOW, 9)] == ["client-1"]


async def test_warnings_are_found_when_they_are_due(store: ConnectionStore) -> None:
    await store.put(active(place("client-1"), expires_on=date(2026, 7, 1)).warned(now=NOW))
    await store.put(active(place("client-2")))

    june = datetime(2026, 6, 1, tzinfo=UTC)
    assert await store.to_warn(june - timedelta(seconds=1), 9) == []
    assert [one.client_id for one in await store.to_warn(june, 9)] == ["client-1"]


async def test_a_forgotten_record_is_found_by_its_place_alone(store: ConnectionStore) -> None:
    ended = finished(active()).begin_delete(OWNER, now=NOW)
    for ref in ended.releasing:
        ended = ended.gave_back(ref, now=NOW)
    assert await store.put(ended.model_copy(update={"outbox": ()}))
    found = await store.at(place())
    assert found is not None

    assert await store.forget(found)
    late = await store.forget(found)

    again = await store.at(place())
    assert not late
    assert again is not None
    assert (again.is_forgotten, again.generation, again.client_id) == (True, 2, place().client_id)
    assert again.terms is None
    assert await store.of_clients(COMPANY, place().provider, [place().client_id]) == []


@pytest.mark.integration
async def test_clients_of_a_company_with_many_connections_are_found_by_an_index(mongo_url: str) -> None:
    async with watched_database(mongo_url) as watched:
        store = MongoConnections(watched.database)
        await store.ensure_indexes()
        for number in range(20):
            await store.put(active(place(f"client-{number}")))
        watched.finds.clear()

        assert await store.of_clients("firm-1", Provider.XERO, ["client-1", "client-2"])
        [effort] = await watched.efforts()

    assert effort.examined == 2


@pytest.mark.integration
async def test_no_query_names_more_than_a_hundred_clients(mongo_url: str) -> None:
    clients = [f"client-{number}" for number in range(205)]
    async with watched_database(mongo_url) as watched:
        await MongoConnections(watched.database).of_clients("firm-1", Provider.XERO, clients)
        named = [find["filter"]["client_id"]["$in"] for find in watched.finds]

    assert [len(each) for each in named] == [100, 100, 5]
    assert [client for each in named for client in each] == clients
