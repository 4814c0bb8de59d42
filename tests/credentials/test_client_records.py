"""Erasing a client: what goes, what is told to be left, and that coming back is safe."""

from credentials.connection import Stage
from service_kit.client_records import Erased
from service_kit.errors import DependencyDownError
from service_kit.tokens import User
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld, place
from sync_contracts.event import Role

ASKING = User(id="user-1", company_id=COMPANY, role=Role.OWNER)


async def erased(world: CredentialsWorld) -> Erased:
    return await world.use.records.erase(ASKING, "client-1")


async def kept(world: CredentialsWorld, client_id: str = "client-1") -> list[str]:
    return [one.collection async for one in world.use.records.of(COMPANY, client_id)]


async def test_a_clients_connection_goes_with_its_secret_and_anothers_stays(world: CredentialsWorld) -> None:
    await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    await world.saved(place("client-2"), refresh_token="bob-1", tenant_id="org-2")

    first, second = await erased(world), await erased(world)

    assert (first, second) == (Erased(records={"connections": 1}), Erased(records={"connections": 0}))
    assert (await kept(world), await kept(world, "client-2")) == ([], ["connections"])
    assert len(world.vault.kept) == 1
    gone = await world.now(place("client-1"))
    assert (gone.stage, gone.terms, gone.click, gone.cause) == (Stage.DELETED, None, None, "")


async def test_a_client_that_comes_back_goes_on_with_the_next_generation(world: CredentialsWorld) -> None:
    await world.saved()
    await erased(world)

    again = await world.saved()

    assert (again.generation, again.is_usable, again.is_forgotten) == (3, True, False)
    assert await kept(world) == ["connections"]


async def test_while_the_vault_is_away_it_says_what_is_left(world: CredentialsWorld) -> None:
    await world.saved()
    world.vault.down = DependencyDownError("vault", "away")

    first = await erased(world)
    world.vault.down = None
    second = await erased(world)

    assert "once the vault answers" in str(first.left)
    assert (second.left, await kept(world), world.vault.kept) == (None, [], {})


async def test_a_consent_under_way_is_left_until_its_time_is_over(world: CredentialsWorld) -> None:
    await world.use.run_consent.start(place(), OWNER, None)

    first = await erased(world)
    world.clock.forward(hours=2)
    await world.use.run_consent.let_go_of_expired()
    second = await erased(world)

    assert "A consent is under way" in str(first.left)
    assert (second.left, world.consents.kept) == (None, {})


async def test_an_export_holds_no_secret(world: CredentialsWorld) -> None:
    await world.saved(place(), refresh_token="canary-1", tenant_id="org-1")

    lines = [one.line() async for one in world.use.records.of(COMPANY, "client-1")]

    assert len(lines) == 1
    assert b"org-1" in lines[0]
    assert b"canary-1" not in lines[0]
