"""Consents that nobody reads are renewed every week."""

from datetime import timedelta

from connectors.errors import ProviderDownError
from support.credentials_fakes import CredentialsWorld


async def test_an_unused_consent_is_renewed_once_a_week(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1")

    for _ in range(15):
        await world.use.sweep.once()
        world.clock.forward(days=1)

    assert world.provider.sign_ins == ["ann-1", "ann-2"]


async def test_a_provider_that_is_down_is_asked_again_a_day_later(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1")
    world.clock.forward(days=7)
    world.provider.sign_in_error = ProviderDownError("503")
    await world.use.sweep.once()

    world.provider.sign_in_error = None
    await world.use.sweep.once()
    assert world.provider.sign_ins == ["ann-1"]

    world.clock.forward(days=1)
    await world.use.sweep.once()
    assert world.provider.sign_ins == ["ann-1", "ann-1"]
    assert (await world.now()).renew_at == world.clock.now() + timedelta(days=7)


async def test_static_keys_need_no_renewal(world: CredentialsWorld) -> None:
    world.provider.has_oauth = False
    await world.saved(key="abc")
    world.clock.forward(days=7)

    await world.use.sweep.once()

    assert world.provider.sign_ins == []
    assert (await world.now()).renew_at is None
