"""Leases: what is handed out, and that a token set is renewed by one process at a time."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from connectors.errors import AccessRefusedError, ForbiddenError, ProviderDownError, ThrottledError
from credentials.connection import Connection
from credentials.lease_access import LeaseWish
from credentials.refusals import (
    ConnectionNotFoundError,
    GenerationOldError,
    NotReadableError,
    StillRefreshingError,
)
from credentials.refusals import ProviderDownError as ProviderDownRefusal
from credentials.token_set import Refreshing
from credentials.wiring import Times
from service_kit.errors import DependencyDownError
from support.credentials_fakes import OWNER, CredentialsWorld, place
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth, ConnectionNeedsAuth


def wish(connection: Connection, **more: object) -> LeaseWish:
    asked = LeaseWish(company_id=connection.company_id, connection_id=connection.connection_id)
    return LeaseWish(
        company_id=asked.company_id,
        connection_id=asked.connection_id,
        **more,  # type: ignore[arg-type] # a test names the fields it is about
    )


async def test_a_lease_holds_the_access_and_never_the_refresh_token(world: CredentialsWorld) -> None:
    saved = await world.saved()

    lease = await world.use.lease(wish(saved))

    assert lease.access == {"access_token": "access-ann-2"}
    assert "access-ann-2" not in repr(lease)


async def test_static_keys_are_leased_for_15_minutes(world: CredentialsWorld) -> None:
    saved = await world.saved(key="abc")

    lease = await world.use.lease(wish(saved))

    assert lease.access == {"key": "abc"}
    assert lease.expires_at == world.clock.now() + timedelta(minutes=15)


async def test_a_lease_ends_a_minute_before_its_access(world: CredentialsWorld) -> None:
    world.provider.life = timedelta(minutes=10)
    saved = await world.saved()

    lease = await world.use.lease(wish(saved))

    assert lease.expires_at == world.clock.now() + timedelta(minutes=9)


async def test_good_access_is_handed_out_again_without_a_call(world: CredentialsWorld) -> None:
    saved = await world.saved()
    first = await world.use.lease(wish(saved))
    world.clock.forward(minutes=28)

    again = await world.use.lease(wish(saved))

    assert again.access_id == first.access_id
    assert world.provider.sign_ins == ["ann-1"]


async def test_access_in_its_last_minute_is_renewed(world: CredentialsWorld) -> None:
    saved = await world.saved()
    await world.use.lease(wish(saved))
    world.clock.forward(minutes=29)

    renewed = await world.use.lease(wish(saved))

    assert renewed.access == {"access_token": "access-ann-3"}
    assert world.provider.sign_ins == ["ann-1", "ann-2"]


async def test_access_that_would_not_last_the_reading_is_renewed(world: CredentialsWorld) -> None:
    saved = await world.saved()
    await world.use.lease(wish(saved))
    world.clock.forward(minutes=25)

    await world.use.lease(wish(saved, needed_s=280))

    assert world.provider.sign_ins == ["ann-1", "ann-2"]


async def test_fifty_leases_over_two_processes_renew_once(world: CredentialsWorld) -> None:
    saved, twin = await world.saved(), world.twin()

    leases = await asyncio.gather(*(use.lease(wish(saved)) for use in (world.use, twin) for _ in range(25)))

    assert world.provider.sign_ins == ["ann-1"]
    assert len({lease.access_id for lease in leases}) == 1


async def test_the_rotated_token_is_in_the_vault_before_the_access_is_handed_out(
    world: CredentialsWorld,
) -> None:
    saved = await world.saved()

    await world.use.lease(wish(saved))

    [(token_set, _)] = world.vault.kept.values()
    assert token_set.grant.values == {"refresh_token": "ann-2"}
    assert token_set.refreshing is None


async def test_refused_access_is_renewed_once_for_all_who_were_refused(world: CredentialsWorld) -> None:
    saved = await world.saved()
    refused = (await world.use.lease(wish(saved))).access_id

    renewed = await asyncio.gather(*(world.use.lease(wish(saved, refused_access=refused)) for _ in range(5)))

    assert world.provider.sign_ins == ["ann-1", "ann-2"]
    assert {lease.access_id for lease in renewed}.isdisjoint({refused})


async def test_a_refused_static_key_needs_the_user(world: CredentialsWorld) -> None:
    saved = await world.saved(key="abc")
    refused = (await world.use.lease(wish(saved))).access_id

    with pytest.raises(NotReadableError) as error:
        await world.use.lease(wish(saved, refused_access=refused))

    assert error.value.problem is ProblemCode.NEEDS_AUTH


async def test_a_refused_grant_is_told_once_and_never_tried_again(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.current["ann"] = 5

    for _ in range(3):
        with pytest.raises(NotReadableError, match="The consent has ended"):
            await world.use.lease(wish(saved))

    assert world.provider.sign_ins == ["ann-1"]
    [told] = world.sent.of(ConnectionNeedsAuth)
    assert (told.health, told.code) == (ConnectionHealth.NEEDS_AUTH, ProblemCode.NEEDS_AUTH)


async def test_a_refused_grant_concerns_every_connection_of_its_token_set(world: CredentialsWorld) -> None:
    one = await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    await world.saved(place("client-2"), refresh_token="ann-1", tenant_id="org-2")
    world.provider.current["ann"] = 5

    with pytest.raises(NotReadableError):
        await world.use.lease(wish(one))

    assert {event.client_id for event in world.sent.of(ConnectionNeedsAuth)} == {"client-1", "client-2"}


async def test_a_provider_that_is_down_changes_nothing(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.sign_in_error = ProviderDownError("503")
    with pytest.raises(ProviderDownRefusal):
        await world.use.lease(wish(saved))

    world.provider.sign_in_error = None
    lease = await world.use.lease(wish(saved))

    assert lease.access == {"access_token": "access-ann-2"}
    assert world.sent.of(ConnectionNeedsAuth) == []


async def test_a_throttle_says_when_to_come_again(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.sign_in_error = ThrottledError("429", retry_after_s=34, budget_key="xero/app")

    with pytest.raises(ProviderDownRefusal) as error:
        await world.use.lease(wish(saved))

    assert error.value.retry_after_s == 34


async def test_a_plan_that_is_too_low_sets_the_health(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.sign_in_error = ForbiddenError("402", code=ProblemCode.PROVIDER_PLAN_TOO_LOW)

    with pytest.raises(NotReadableError) as error:
        await world.use.lease(wish(saved))

    marked = await world.now()
    assert error.value.code == "PROVIDER_PLAN_TOO_LOW"
    assert marked.terms is not None
    assert marked.terms.health is ConnectionHealth.PLAN_TOO_LOW


async def test_a_renewal_that_died_before_its_call_is_taken_over(world: CredentialsWorld) -> None:
    saved = await world.saved()
    _leave_marker(world)
    world.clock.forward(seconds=31)

    lease = await world.use.lease(wish(saved))

    assert lease.access == {"access_token": "access-ann-2"}


async def test_a_refusal_after_an_answer_that_was_lost_says_so(world: CredentialsWorld) -> None:
    saved = await world.saved()
    refusal = AccessRefusedError("the refresh token is refused", cause="The consent was withdrawn.")
    refusal.after_silence = True
    world.provider.sign_in_error = refusal

    with pytest.raises(NotReadableError, match="cut off"):
        await world.use.lease(wish(saved))


async def test_a_renewal_that_died_after_the_rotation_needs_the_user_and_says_why(
    world: CredentialsWorld,
) -> None:
    saved = await world.saved()
    _leave_marker(world)
    world.provider.current["ann"] = 2
    world.clock.forward(seconds=31)

    with pytest.raises(NotReadableError, match="cut off"):
        await world.use.lease(wish(saved))

    assert world.provider.sign_ins == ["ann-1"]


async def test_a_living_renewal_is_waited_for(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.answering = asyncio.Event()
    first = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()
    second = asyncio.create_task(world.twin().lease(wish(saved)))
    await asyncio.sleep(0.05)

    world.provider.answering.set()

    assert (await first).access_id == (await second).access_id
    assert world.provider.sign_ins == ["ann-1"]


async def test_nobody_waits_for_ever(world: CredentialsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = await world.saved()
    _leave_marker(world)
    monkeypatch.setattr("credentials.current_access.WAIT_S", 0.1)

    with pytest.raises(StillRefreshingError) as error:
        await world.use.lease(wish(saved))

    assert (error.value.status, error.value.code) == (503, "SERVICE_DOWN")


async def test_a_caller_that_goes_away_does_not_lose_the_rotated_token(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.answering = asyncio.Event()
    caller = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()

    caller.cancel()
    world.provider.answering.set()
    await asyncio.gather(caller, return_exceptions=True)
    await world.use.current_access.finish()

    [(token_set, _)] = world.vault.kept.values()
    assert token_set.grant.values == {"refresh_token": "ann-2"}


async def test_the_rotated_token_waits_for_the_vault_longer_than_a_call_may_take() -> None:
    world = CredentialsWorld(times=Times(renewal_call_s=0.05))
    saved = await world.saved()
    world.provider.answering = asyncio.Event()
    caller = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()
    world.vault.down = DependencyDownError("vault", "away")

    world.provider.answering.set()
    await asyncio.sleep(0.3)
    world.vault.down = None

    assert (await caller).access == {"access_token": "access-ann-2"}
    await world.session.aclose()


async def test_keys_saved_during_a_renewal_win(world: CredentialsWorld) -> None:
    saved = await world.saved(refresh_token="ann-1")
    world.provider.answering = asyncio.Event()
    caller = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()
    assert saved.terms is not None
    assert saved.terms.token_set_id is not None
    at = (saved.company_id, saved.terms.token_set_id)
    token_set, version = world.vault.kept[at]
    fresh = world.provider.split({"refresh_token": "bob-1"}).grant
    world.vault.kept[at] = (token_set.saved(uuid4(), fresh, None), version + 1)

    world.provider.answering.set()

    assert (await caller).access == {"access_token": "access-bob-2"}


async def test_a_vault_that_is_away_is_never_answered_with_something_else(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.vault.down = DependencyDownError("vault", "sealed")

    with pytest.raises(DependencyDownError):
        await world.use.lease(wish(saved))


async def test_another_company_finds_no_connection(world: CredentialsWorld) -> None:
    saved = await world.saved()

    with pytest.raises(ConnectionNotFoundError):
        await world.use.lease(LeaseWish(company_id="firm-2", connection_id=saved.connection_id))


async def test_an_old_generation_gets_nothing(world: CredentialsWorld) -> None:
    old = await world.saved()
    await world.saved()

    with pytest.raises(GenerationOldError):
        await world.use.lease(wish(old, generation=old.generation))


async def test_a_deleted_connection_gets_nothing(world: CredentialsWorld) -> None:
    saved = await world.saved()
    await world.use.delete(place(), OWNER)

    with pytest.raises(ConnectionNotFoundError):
        await world.use.lease(wish(saved))


async def test_a_provider_that_hangs_is_cut_off() -> None:
    world = CredentialsWorld(times=Times(renewal_call_s=0.05))
    saved = await world.saved()
    world.provider.answering = asyncio.Event()

    with pytest.raises(ProviderDownRefusal):
        await world.use.lease(wish(saved))

    [(token_set, _)] = world.vault.kept.values()
    assert token_set.is_unanswered
    await world.session.aclose()


def _leave_marker(world: CredentialsWorld) -> None:
    """What a process leaves that was killed while it renewed."""
    [(key, (token_set, version))] = world.vault.kept.items()
    marker = Refreshing(uuid4(), world.clock.now() + timedelta(seconds=25))
    world.vault.kept[key] = (token_set.claimed(marker), version + 1)


async def test_a_renewal_taken_for_dead_that_lives_after_all_still_counts(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.provider.answering = asyncio.Event()
    caller = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()
    [(key, (token_set, version))] = world.vault.kept.items()
    other = Refreshing(uuid4(), world.clock.now() + timedelta(seconds=30))
    world.vault.kept[key] = (token_set.claimed(other), version + 1)

    world.provider.answering.set()

    assert (await caller).access == {"access_token": "access-ann-2"}
    assert world.vault.kept[key][0].grant.values == {"refresh_token": "ann-2"}


async def test_a_refusal_of_keys_replaced_meanwhile_is_not_held_against_the_new_ones(
    world: CredentialsWorld,
) -> None:
    saved = await world.saved()
    world.provider.current["ann"] = 5
    world.provider.answering = asyncio.Event()
    caller = asyncio.create_task(world.use.lease(wish(saved)))
    await world.provider.asked.wait()
    [(key, (token_set, version))] = world.vault.kept.items()
    fresh = world.provider.split({"refresh_token": "bob-1"}).grant
    world.vault.kept[key] = (token_set.saved(uuid4(), fresh, None), version + 1)

    world.provider.answering.set()

    assert (await caller).access == {"access_token": "access-bob-2"}
    assert world.sent.of(ConnectionNeedsAuth) == []


async def test_a_secret_that_is_missing_needs_the_user(world: CredentialsWorld) -> None:
    saved = await world.saved()
    world.vault.kept.clear()

    with pytest.raises(NotReadableError, match="missing"):
        await world.use.lease(wish(saved))
