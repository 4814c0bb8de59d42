"""Testing what was entered and not saved."""

from datetime import timedelta

import pytest
from connectors.errors import AccessRefusedError, ProviderDownError
from connectors.protocol import Access
from credentials.refusals import InvalidRequestError
from support.credentials_fakes import COMPANY, CredentialsWorld
from sync_contracts.codes import ProblemCode
from sync_contracts.providers import Provider


async def test_success_names_the_books(world: CredentialsWorld) -> None:
    outcome = await world.use.try_credentials(COMPANY, Provider.XERO, {"key": "abc"})

    assert outcome.ok
    assert outcome.message == "Connection successful!"
    assert outcome.books == world.provider.books
    assert (outcome.identity_known, outcome.calls) == (True, 1)


async def test_nothing_is_stored_or_told(world: CredentialsWorld) -> None:
    await world.use.try_credentials(COMPANY, Provider.XERO, {"key": "abc"})

    assert (world.vault.kept, world.store.kept, world.register.kept) == ({}, {}, {})
    assert world.sent.sent == []


async def test_a_refusal_names_code_and_likely_cause(world: CredentialsWorld) -> None:
    world.provider.test_error = AccessRefusedError("401", cause="Id or country is wrong.")

    outcome = await world.use.try_credentials(COMPANY, Provider.XERO, {"key": "abc"})

    assert not outcome.ok
    assert (outcome.code, outcome.cause) == (ProblemCode.NEEDS_AUTH, "Id or country is wrong.")
    assert outcome.test_token is None


async def test_a_provider_that_is_down_is_no_fault_of_the_keys(world: CredentialsWorld) -> None:
    world.provider.test_error = ProviderDownError("503")

    outcome = await world.use.try_credentials(COMPANY, Provider.XERO, {"key": "abc"})

    assert outcome.code is ProblemCode.PROVIDER_DOWN


async def test_fields_that_do_not_fit_are_named_and_not_quoted(world: CredentialsWorld) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await world.use.try_credentials(COMPANY, Provider.XERO, {"secret": "hunter2"})

    assert refused.value.fields == ("body.fields.key",)
    assert "hunter2" not in refused.value.detail


async def test_the_proof_of_a_test_tells_nothing_of_the_input(world: CredentialsWorld) -> None:
    token = await world.tested_token(key="hunter2")

    assert token is not None
    assert "hunter2" not in token


async def test_access_that_was_pasted_is_tried_before_a_refresh(world: CredentialsWorld) -> None:
    access = Access({"access_token": "pasted"}, world.clock.now() + timedelta(minutes=20))
    world.provider.pasted = access

    outcome = await world.use.try_credentials(COMPANY, Provider.XERO, {"refresh_token": "ann-1"})

    assert outcome.ok
    assert world.provider.sign_ins == []


async def test_pasted_access_that_has_ended_is_not_tried(world: CredentialsWorld) -> None:
    world.provider.pasted = Access({"access_token": "pasted"}, world.clock.now())

    outcome = await world.use.try_credentials(COMPANY, Provider.XERO, {"refresh_token": "ann-1"})

    assert outcome.ok
    assert (world.provider.sign_ins, world.provider.tests) == (["ann-1"], 1)
