"""Deleting: nothing is readable from that moment on, and no secret is left."""

import pytest
from connectors.errors import ProviderDownError
from credentials.connection import ChangeLostError, Stage
from credentials.refusals import ConnectionBusyError, ConnectionNotFoundError
from service_kit.errors import DependencyDownError
from support.credentials_fakes import OWNER, CredentialsWorld, place
from sync_contracts.connections import ConnectionDeleted, ConnectionSaved


async def test_a_delete_destroys_the_secret_and_tells_it(world: CredentialsWorld) -> None:
    await world.saved()

    is_gone = await world.use.delete(place(), OWNER)

    assert is_gone
    assert world.vault.kept == {}
    assert world.register.kept == {}
    assert [event.generation for event in world.sent.of(ConnectionDeleted)] == [2]


async def test_a_deleted_record_keeps_nothing_of_the_books(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1", tenant_id="org-1")

    await world.use.delete(place(), OWNER)

    deleted = await world.now()
    assert (deleted.stage, deleted.terms, deleted.released) == (Stage.DELETED, None, None)


async def test_deleting_twice_is_the_same_as_once(world: CredentialsWorld) -> None:
    await world.saved()

    assert await world.use.delete(place(), OWNER)
    assert await world.use.delete(place(), OWNER)

    assert len(world.sent.of(ConnectionDeleted)) == 1


async def test_what_was_never_saved_is_not_found(world: CredentialsWorld) -> None:
    with pytest.raises(ConnectionNotFoundError):
        await world.use.delete(place(), OWNER)


async def test_the_last_connection_revokes_the_consent(world: CredentialsWorld) -> None:
    await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    await world.saved(place("client-2"), refresh_token="ann-1", tenant_id="org-2")

    await world.use.delete(place("client-1"), OWNER)
    assert (world.provider.revoked, world.provider.disconnected) == ([], ["org-1"])
    assert len(world.vault.kept) == 1

    await world.use.delete(place("client-2"), OWNER)
    assert world.provider.revoked == ["ann-2"]
    assert world.vault.kept == {}


async def test_an_organisation_that_another_client_reads_stays_connected(world: CredentialsWorld) -> None:
    await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    await world.saved(place("client-2"), refresh_token="ann-1", tenant_id="org-1")

    await world.use.delete(place("client-1"), OWNER)

    assert world.provider.disconnected == []


async def test_a_consent_that_another_company_has_of_the_same_user_is_not_revoked(
    world: CredentialsWorld,
) -> None:
    await world.saved(place(), refresh_token="ann-1", tenant_id="org-1")
    await world.saved(place(company_id="firm-2"), refresh_token="ann-1", tenant_id="org-2")

    await world.use.delete(place(), OWNER)

    assert world.provider.revoked == []
    assert [company for company, _ in world.vault.kept] == ["firm-2"]


async def test_the_secret_goes_even_when_the_provider_cannot_be_told(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1", tenant_id="org-1")
    world.provider.revoke_error = ProviderDownError("503")

    assert await world.use.delete(place(), OWNER)

    assert world.vault.kept == {}


async def test_a_delete_without_the_vault_is_finished_later(world: CredentialsWorld) -> None:
    await world.saved()
    world.vault.down = DependencyDownError("vault", "away")

    is_gone = await world.use.delete(place(), OWNER)
    assert not is_gone
    assert len(world.sent.of(ConnectionDeleted)) == 1

    world.vault.down = None
    world.clock.forward(seconds=61)
    await world.use.sweep.once()

    assert (await world.now()).stage is Stage.DELETED
    assert world.vault.kept == {}
    assert len(world.sent.of(ConnectionDeleted)) == 1


async def test_a_connection_can_be_saved_again_after_its_delete(world: CredentialsWorld) -> None:
    await world.saved()
    await world.use.delete(place(), OWNER)

    saved = await world.saved(refresh_token="bob-1")

    assert (saved.generation, saved.stage) == (3, Stage.ACTIVE)
    assert [event.generation for event in world.sent.of(ConnectionSaved)] == [1, 3]


async def test_a_delete_overtakes_a_save_and_its_secret_goes_too(world: CredentialsWorld) -> None:
    saving = world.vault.write
    deleted: list[bool] = []

    async def delete_first(*args: object, **more: object) -> bool:
        if not deleted:
            deleted.append(True)
            await world.use.delete(place(), OWNER)
        return await saving(*args, **more)  # type: ignore[arg-type] # handed on as they came

    world.vault.write = delete_first  # type: ignore[method-assign] # the instant between record and vault

    with pytest.raises((ConnectionBusyError, ChangeLostError)):
        await world.saved()

    assert world.vault.kept == {}
    assert (await world.now()).stage is Stage.DELETED
    assert world.sent.of(ConnectionSaved) == []
