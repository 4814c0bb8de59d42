"""The sweeper goes on, whatever happens to one connection or one server."""

import asyncio

import pytest
from credentials.connection import Stage
from pymongo.errors import ServerSelectionTimeoutError
from service_kit.errors import DependencyDownError
from support.credentials_fakes import OWNER, CredentialsWorld, place
from support.kafka import eventually


async def test_an_outage_only_delays_it(world: CredentialsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.saved()
    world.vault.down = DependencyDownError("vault", "away")
    await world.use.delete(place(), OWNER)
    world.clock.forward(seconds=61)
    failures = [ServerSelectionTimeoutError("no server")]
    left_open = world.store.left_open

    async def away_once(*args: object) -> object:
        if failures:
            raise failures.pop()
        return await left_open(*args)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(world.store, "left_open", away_once)
    monkeypatch.setattr(world.use.sweep, "_every_s", 0.01)
    sweeping = asyncio.create_task(world.use.sweep.run())
    await eventually(lambda: not failures, within_s=5)
    world.vault.down = None

    async def deleted() -> bool:
        world.clock.forward(seconds=61)
        return (await world.now()).stage is Stage.DELETED

    await eventually(deleted, within_s=5)
    sweeping.cancel()
    assert world.outside.health.troubles == {}


async def test_what_cannot_be_finished_does_not_keep_the_rest(world: CredentialsWorld) -> None:
    await world.saved(place("client-1"), key="one")
    await world.saved(place("client-2"), key="two")
    world.vault.down = DependencyDownError("vault", "away")
    for client_id in ("client-1", "client-2"):
        await world.use.delete(place(client_id), OWNER)
    world.vault.down = None
    world.vault.broken = {next(iter(world.vault.kept))}
    world.clock.forward(seconds=61)

    await world.use.sweep.once()

    assert len(world.vault.kept) == 1
    stages = sorted([(await world.now(place(f"client-{n}"))).stage for n in (1, 2)])
    assert stages == [Stage.DELETED, Stage.DELETING]
