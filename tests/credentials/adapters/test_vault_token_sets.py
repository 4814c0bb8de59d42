"""One suite for every `TokenSetVault`, and what only the real one can show."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from connectors.protocol import Access, Grant
from credentials.adapters.vault_companies import VaultCompanies
from credentials.adapters.vault_signing_key import VaultSigningKey
from credentials.adapters.vault_token_sets import VaultTokenSets
from credentials.ports import TokenSetVault
from credentials.token_set import Issued, Refreshing, TokenSet
from service_kit.vault import VaultClient
from support.credentials_fakes import FakeVault

UNTIL = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(params=["fake", pytest.param("openbao", marks=pytest.mark.integration)])
def vault_store(request: pytest.FixtureRequest) -> TokenSetVault:
    if request.param == "fake":
        return FakeVault()
    return VaultTokenSets(VaultCompanies(request.getfixturevalue("vault_client")))


@pytest.fixture
def company() -> str:
    return f"firm-{uuid4().hex[:8]}"


def token_set(token: str = "ann-1") -> TokenSet:
    return TokenSet(grant=Grant({"refresh_token": token}))


async def test_a_token_set_comes_back_as_it_was(vault_store: TokenSetVault, company: str) -> None:
    issued = Issued(uuid4(), Access({"access_token": "õ"}, UNTIL))
    full = (
        token_set()
        .saved(uuid4(), Grant({"refresh_token": "ann-2"}), issued)
        .claimed(Refreshing(uuid4(), UNTIL))
    )
    token_set_id = uuid4()

    assert await vault_store.write(company, token_set_id, full, version=0)

    assert await vault_store.read(company, token_set_id) == (full, 1)


async def test_what_was_never_written_is_not_there(vault_store: TokenSetVault, company: str) -> None:
    assert await vault_store.read(company, uuid4()) is None


async def test_many_come_together_by_their_ids_without_those_that_are_not_there(
    vault_store: TokenSetVault, company: str
) -> None:
    kept = {uuid4(): token_set(f"ann-{n}") for n in range(25)}
    await asyncio.gather(*(vault_store.write(company, one, kept[one], version=0) for one in kept))

    found = await vault_store.read_all(company, {*kept, uuid4()})

    assert found == {one: (kept[one], 1) for one in kept}
    assert await vault_store.read_all("another-firm", set(kept)) == {}


async def test_of_all_who_write_on_a_version_one_wins(vault_store: TokenSetVault, company: str) -> None:
    token_set_id = uuid4()
    await vault_store.write(company, token_set_id, token_set(), version=0)

    won = await asyncio.gather(
        *(vault_store.write(company, token_set_id, token_set(f"ann-{n}"), version=1) for n in range(8))
    )

    assert sum(won) == 1
    found = await vault_store.read(company, token_set_id)
    assert found is not None
    assert found[1] == 2


async def test_of_all_who_make_it_one_wins(vault_store: TokenSetVault, company: str) -> None:
    token_set_id = uuid4()

    won = await asyncio.gather(
        *(vault_store.write(company, token_set_id, token_set(), version=0) for _ in range(8))
    )

    assert sum(won) == 1


async def test_what_was_destroyed_is_gone_and_cannot_be_written_on(
    vault_store: TokenSetVault, company: str
) -> None:
    token_set_id = uuid4()
    await vault_store.write(company, token_set_id, token_set(), version=0)

    await vault_store.destroy(company, token_set_id)

    assert await vault_store.read(company, token_set_id) is None
    assert not await vault_store.write(company, token_set_id, token_set(), version=1)


async def test_destroying_what_is_not_there_is_fine(vault_store: TokenSetVault, company: str) -> None:
    await vault_store.destroy(company, uuid4())


@pytest.mark.integration
async def test_destroying_takes_every_version(vault_client: VaultClient, company: str) -> None:
    companies, token_set_id = VaultCompanies(vault_client), uuid4()
    vault_store = VaultTokenSets(companies)
    await vault_store.write(company, token_set_id, token_set("ann-1"), version=0)
    await vault_store.write(company, token_set_id, token_set("ann-2"), version=1)

    await vault_store.destroy(company, token_set_id)

    for version in (1, 2):
        assert await _status(companies, company, token_set_id, version) == 404


@pytest.mark.integration
async def test_every_process_has_the_same_signing_key(vault_client: VaultClient) -> None:
    keys = await asyncio.gather(*(VaultSigningKey(vault_client)() for _ in range(5)))

    assert len(set(keys)) == 1
    assert len(keys[0]) == 32


async def _status(vault: VaultCompanies, company: str, token_set_id: UUID, version: int) -> int:
    path = f"/v1/{vault.mount}/data/{company}/token-sets/{token_set_id}?version={version}"
    answer = await vault.run(company, lambda client: client.adapter.get(path, raise_exception=False))
    return int(answer.status_code)
