"""Saving: where the secret goes, what is told, and what happens when something is away."""

from uuid import UUID

import pytest
from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ForbiddenError,
    RejectedRequestError,
    ThrottledError,
)
from connectors.errors import ProviderDownError as ConnectorDownError
from credentials.connection import Connection, Stage
from credentials.lease_access import LeaseWish
from credentials.refusals import (
    ConnectionBusyError,
    InvalidRequestError,
    NotReadableError,
    ProviderDownError,
)
from service_kit.errors import DependencyDownError
from service_kit.problems import ProblemError
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld, place
from sync_contracts.connections import ConnectionHealth, ConnectionRecovered, ConnectionSaved
from sync_contracts.jobs import Books

OTHER = UUID(int=7)


async def test_the_secret_goes_to_the_vault_and_nowhere_else(world: CredentialsWorld) -> None:
    saved = await world.saved(refresh_token=" ann-1 ")

    assert saved.terms is not None
    [(token_set, _)] = world.vault.kept.values()
    assert token_set.grant.values == {"refresh_token": "ann-1"}
    assert "ann-1" not in saved.model_dump_json()
    assert "ann-1" not in "".join(event.model_dump_json() for event in world.sent.sent)


async def test_what_is_saved_without_a_test_is_untested(world: CredentialsWorld) -> None:
    saved = await world.saved()

    assert saved.terms is not None
    assert saved.terms.health is ConnectionHealth.UNTESTED
    assert saved.terms.books == Books()


async def test_a_test_token_makes_it_ok_and_pins_the_books(world: CredentialsWorld) -> None:
    token = await world.tested_token(refresh_token="ann-1")

    saved = await world.use.save(place(), {"refresh_token": "ann-1"}, token, OWNER)

    assert saved.terms is not None
    assert saved.terms.health is ConnectionHealth.OK
    assert saved.terms.books.external_id == "org-1"


async def test_a_test_of_other_input_is_refused(world: CredentialsWorld) -> None:
    token = await world.tested_token(refresh_token="ann-1")

    with pytest.raises(InvalidRequestError) as refused:
        await world.use.save(place(), {"refresh_token": "bob-1"}, token, OWNER)

    assert refused.value.fields == ("body.test_token",)


async def test_a_test_is_too_old_after_15_minutes(world: CredentialsWorld) -> None:
    token = await world.tested_token(refresh_token="ann-1")
    world.clock.forward(minutes=15)

    with pytest.raises(InvalidRequestError):
        await world.use.save(place(), {"refresh_token": "ann-1"}, token, OWNER)


async def test_each_save_raises_the_generation_and_is_told_once(world: CredentialsWorld) -> None:
    first = await world.saved()
    second = await world.saved()

    told = world.sent.of(ConnectionSaved)
    assert [first.generation, second.generation] == [1, 2]
    assert [event.generation for event in told] == [1, 2]
    assert first.connection_id == second.connection_id
    assert len({event.meta.event_id for event in told}) == 2


async def test_saving_other_keys_destroys_the_old_ones(world: CredentialsWorld) -> None:
    await world.saved(key="old")
    await world.saved(key="new")

    assert [kept.grant.values for kept, _ in world.vault.kept.values()] == [{"key": "new"}]
    assert len(world.register.kept) == 1


async def test_clients_of_one_token_share_its_set(world: CredentialsWorld) -> None:
    one = await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    two = await world.saved(place("client-2"), refresh_token="ann-1", tenant_id="org-2")

    assert one.terms is not None
    assert two.terms is not None
    assert one.terms.token_set_id == two.terms.token_set_id


async def test_a_wrong_key_of_one_client_leaves_anothers_right_key_alone(world: CredentialsWorld) -> None:
    world.provider.has_oauth = False
    right = await world.saved(place("client-1"), key="right")
    await world.saved(place("client-2"), key="wrong")

    assert right.terms is not None
    assert right.terms.token_set_id is not None
    kept, _ = world.vault.kept[COMPANY, right.terms.token_set_id]
    assert kept.grant.values == {"key": "right"}


async def test_nothing_is_saved_while_the_vault_is_away(world: CredentialsWorld) -> None:
    world.vault.down = DependencyDownError("vault", "sealed")

    with pytest.raises(DependencyDownError):
        await world.saved()

    undone = await world.now()
    assert undone.stage is Stage.NEW
    assert undone.saving is None
    assert world.sent.sent == []


async def test_an_earlier_connection_survives_a_save_that_fails(world: CredentialsWorld) -> None:
    await world.saved(key="old")
    world.vault.fail_writes = 1
    with pytest.raises(ConnectionRefusedError):
        await world.saved(key="new")

    kept = await world.now()
    assert kept.generation == 1
    assert [stored.grant.values for stored, _ in world.vault.kept.values()] == [{"key": "old"}]


async def test_a_second_save_waits_for_the_first(world: CredentialsWorld) -> None:
    await world.saved()
    await _leave_open(world)

    with pytest.raises(ConnectionBusyError):
        await world.saved()


async def test_the_message_is_sent_later_when_kafka_is_away(world: CredentialsWorld) -> None:
    world.sent.fail_with = ConnectionRefusedError()
    saved = await world.saved()
    assert saved.stage is Stage.ACTIVE
    assert world.sent.sent == []

    world.clock.forward(seconds=61)
    await world.use.sweep.once()

    assert [event.generation for event in world.sent.of(ConnectionSaved)] == [1]
    assert not (await world.now()).is_open


async def test_the_sweeper_finishes_a_save_whose_secret_has_arrived(world: CredentialsWorld) -> None:
    await world.saved()
    ref = await _leave_open(world)
    [(key, (token_set, version))] = world.vault.kept.items()
    world.vault.kept[key] = (token_set.also_used(ref), version + 1)
    [kept] = world.register.kept.values()
    await world.register.take(COMPANY, place().provider, kept.owner, ref)

    world.clock.forward(seconds=61)
    await world.use.sweep.once()

    finished = await world.now()
    assert (finished.generation, finished.saving) == (2, None)
    assert [event.generation for event in world.sent.of(ConnectionSaved)] == [1, 2]


async def test_the_sweeper_undoes_a_save_whose_secret_is_lost(world: CredentialsWorld) -> None:
    await world.saved()
    await _leave_open(world)

    world.clock.forward(seconds=61)
    await world.use.sweep.once()

    undone = await world.now()
    assert (undone.generation, undone.saving, undone.stage) == (1, None, Stage.ACTIVE)
    assert len(world.sent.of(ConnectionSaved)) == 1


async def test_the_sweeper_leaves_a_young_change_alone(world: CredentialsWorld) -> None:
    await world.saved()
    await _leave_open(world)

    world.clock.forward(seconds=59)
    await world.use.sweep.once()

    assert (await world.now()).saving is not None


async def test_authorising_again_recovers_all_that_share_the_token(world: CredentialsWorld) -> None:
    await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")
    other = await world.saved(place("client-2"), refresh_token="ann-1", tenant_id="org-2")
    world.provider.current["ann"] = 7
    with pytest.raises(Exception, match="NEEDS_AUTH"):
        await world.use.lease(_wish(other))

    await world.saved(place("client-1"), refresh_token="ann-1", tenant_id="org-1")

    recovered = await world.now(place("client-2"))
    assert recovered.terms is not None
    assert recovered.terms.health is ConnectionHealth.UNTESTED
    assert [event.client_id for event in world.sent.of(ConnectionRecovered)] == ["client-2"]


async def _leave_open(world: CredentialsWorld) -> UUID:
    """A save of the connection that dies right after its record; answers its ref."""
    found = await world.now()
    assert found.terms is not None
    terms = found.terms.model_copy(update={"ref": OTHER})
    await world.store.put(found.begin_save(terms, OWNER, now=world.clock.now()))
    return OTHER


def _wish(connection: Connection) -> LeaseWish:
    return LeaseWish(company_id=connection.company_id, connection_id=connection.connection_id)


async def test_what_must_not_be_kept_is_exchanged_before_anything_is_stored(world: CredentialsWorld) -> None:
    world.provider.signs_in_first = True
    world.provider.has_oauth = False
    token = await world.tested_token(refresh_token="ann-1")

    saved = await world.use.save(place(), {"refresh_token": "ann-2"}, None, OWNER)

    [(token_set, version)] = world.vault.kept.values()
    assert token is not None
    assert version == 1
    assert token_set.grant.values == {"refresh_token": "ann-3"}
    assert token_set.issued is not None
    lease = await world.use.lease(
        LeaseWish(company_id=COMPANY, connection_id=saved.connection_id, generation=saved.generation)
    )
    assert lease.access == {"access_token": "access-ann-3"}
    assert world.provider.sign_ins == ["ann-1", "ann-2"]


@pytest.mark.parametrize(
    ("error", "refusal", "code"),
    [
        (AccessRefusedError("401", cause="Wrong."), NotReadableError, "NEEDS_AUTH"),
        (ForbiddenError("403"), NotReadableError, "NO_PERMISSION"),
        (RejectedRequestError("no address"), NotReadableError, "PROVIDER_REJECTED_REQUEST"),
        (ConnectorDownError("502"), ProviderDownError, "PROVIDER_DOWN"),
        (ThrottledError("429", retry_after_s=40, budget_key="a"), ProviderDownError, "PROVIDER_DOWN"),
    ],
)
async def test_nothing_is_stored_where_signing_in_first_fails(
    world: CredentialsWorld, error: ConnectorError, refusal: type[ProblemError], code: str
) -> None:
    world.provider.signs_in_first = True
    world.provider.sign_in_error = error

    with pytest.raises(refusal) as caught:
        await world.saved()

    assert caught.value.code == code
    assert not world.vault.kept
    assert await world.store.at(place()) is None
