"""Consents that nobody reads are renewed every week."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from connectors.errors import ProviderDownError
from connectors.protocol import Access, Account
from connectors.registry import CONNECTORS
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from credentials.connection import RENEW_EVERY, Connection
from credentials.lease_access import LeaseWish
from credentials.refusals import NotReadableError
from credentials.terms import Place
from credentials.wiring import UseCases
from support.connecting import SharedClock
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld
from support.sandbox_server import RunningSandbox, running_sandbox
from sync_contracts.connections import ConnectionNeedsAuth
from sync_contracts.providers import Provider


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


@pytest.mark.parametrize("unused_life_days", [45, 60, 100])
async def test_a_consent_nobody_reads_outlives_its_refresh_tokens(
    world: CredentialsWorld, unused_life_days: int
) -> None:
    world.provider.unused_life = timedelta(days=unused_life_days)
    saved = await world.saved(refresh_token="ann-1")
    await world.use.lease(_wish(saved))

    for _ in range(unused_life_days * 2):
        world.clock.forward(days=1)
        await world.use.sweep.once()

    assert (await world.use.lease(_wish(saved))).access
    assert world.sent.of(ConnectionNeedsAuth) == []


async def test_without_renewals_it_would_end(world: CredentialsWorld) -> None:
    saved = await world.saved(refresh_token="ann-1")
    await world.use.lease(_wish(saved))
    world.clock.forward(days=61)

    with pytest.raises(NotReadableError):
        await world.use.lease(_wish(saved))


async def test_two_processes_renew_a_consent_once(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1")
    world.clock.forward(days=7)

    await asyncio.gather(*(use.sweep.once() for use in (world.use, world.twin())))

    assert world.provider.sign_ins == ["ann-1"]


async def test_a_consent_that_has_ended_is_told_by_its_renewal(world: CredentialsWorld) -> None:
    await world.saved(refresh_token="ann-1")
    world.provider.current["ann"] = 5
    world.clock.forward(days=7)

    for _ in range(3):
        await world.use.sweep.once()
        world.clock.forward(days=1)

    assert world.provider.sign_ins == ["ann-1"]
    assert len(world.sent.of(ConnectionNeedsAuth)) == 1


CONSENTED = [provider for provider, connector in CONNECTORS.items() if connector.oauth is not None]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=1) as running:
        yield running


@pytest.mark.parametrize("provider", CONSENTED)
async def test_every_provider_with_consents_is_kept_alive(
    world: CredentialsWorld, sandbox: RunningSandbox, provider: Provider
) -> None:
    account, connector = sandbox.accounts(provider)[0], CONNECTORS[provider]
    given = account["credentials"] | {"redirect_uri": "http://127.0.0.1:1/back"}
    keys = {field.name: given[field.name] for field in connector.form.operator_fields if field.name in given}
    settings = ConnectorSettings.model_validate(
        {"endpoints": {provider: account["endpoints"]}, "operators": {provider: keys}}
    )
    clock = SharedClock(sandbox)
    async with build_session(settings, clock=clock) as session:
        outside = replace(world.outside, connectors={provider: connector}, session=session, clock=clock)
        use = UseCases(outside, world.times)
        where = Place(company_id=COMPANY, client_id="client-1", provider=provider)
        saved = await use.save(where, account["credentials"], None, OWNER)
        for _ in range(16):
            await clock.sleep(RENEW_EVERY.total_seconds())
            await use.sweep.once()

        lease = await use.lease(_wish(saved))
        books = Account(
            access=Access(lease.access),
            settings=lease.terms.settings,
            account_key=lease.terms.account_key,
        )
        assert (await connector.identify(session, books)).books.external_id
        assert world.sent.of(ConnectionNeedsAuth) == []


def _wish(connection: Connection) -> LeaseWish:
    return LeaseWish(company_id=connection.company_id, connection_id=connection.connection_id)
