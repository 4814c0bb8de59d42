"""Rights are probed after a save that was tested, in the background."""

from connectors.errors import ForbiddenError, ProviderDownError
from support.credentials_fakes import OWNER, CredentialsWorld, place
from sync_contracts.connections import ConnectionHealth, ConnectionNeedsAuth


async def test_a_missing_right_sets_the_health(world: CredentialsWorld) -> None:
    await _save_tested(world)
    world.provider.probe_error = ForbiddenError("403", cause="Reports may not be read.")

    await world.use.sweep.once()

    probed = await world.now()
    assert probed.terms is not None
    assert (probed.terms.health, probed.cause) == (ConnectionHealth.NO_PERMISSION, "Reports may not be read.")
    assert len(world.sent.of(ConnectionNeedsAuth)) == 1


async def test_a_probe_that_finds_nothing_wrong_is_not_repeated(world: CredentialsWorld) -> None:
    await _save_tested(world)

    await world.use.sweep.once()

    probed = await world.now()
    assert probed.probe_at is None
    assert probed.terms is not None
    assert probed.terms.health is ConnectionHealth.OK


async def test_a_provider_that_is_down_is_probed_again_later(world: CredentialsWorld) -> None:
    await _save_tested(world)
    world.provider.probe_error = ProviderDownError("503")
    await world.use.sweep.once()

    world.provider.probe_error = ForbiddenError("403")
    await world.use.sweep.once()
    assert world.sent.of(ConnectionNeedsAuth) == []

    world.clock.forward(minutes=5)
    await world.use.sweep.once()
    assert len(world.sent.of(ConnectionNeedsAuth)) == 1


async def test_what_is_saved_untested_is_not_probed(world: CredentialsWorld) -> None:
    await world.saved(key="abc")

    await world.use.sweep.once()

    assert world.provider.sign_ins == []


async def _save_tested(world: CredentialsWorld) -> None:
    token = await world.tested_token(key="abc")
    await world.use.save(place(), {"key": "abc"}, token, OWNER)
