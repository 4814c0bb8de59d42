"""One suite for every `SwitchStore` and every `ConsentStore`."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from credentials.adapters.mongo_consents import MongoConsents
from credentials.adapters.mongo_switches import MongoSwitches
from credentials.consent import Consent, ConsentOrganisation
from credentials.ports import ConsentStore, SwitchStore
from credentials.switches import Switches
from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.mongo import Document
from support.credentials_fakes import OWNER, FakeConsents, FakeSwitches, place
from sync_contracts.providers import Provider

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
BOTH = ["fake", pytest.param("mongo", marks=pytest.mark.integration)]


@pytest.fixture(params=BOTH)
def switches(request: pytest.FixtureRequest) -> SwitchStore:
    return FakeSwitches() if request.param == "fake" else MongoSwitches(request.getfixturevalue("records"))


@pytest.fixture
async def mongo_consents(records: AsyncIOMotorDatabase[Document]) -> MongoConsents:
    made = MongoConsents(records)
    await made.ensure_indexes()
    return made


@pytest.fixture(params=BOTH)
def consents(request: pytest.FixtureRequest) -> ConsentStore:
    if request.param == "fake":
        return FakeConsents()
    found: ConsentStore = request.getfixturevalue("mongo_consents")
    return found


async def test_a_fresh_company_has_integrations_on_and_no_provider(switches: SwitchStore) -> None:
    assert await switches.of("firm-1") == Switches(integrations_on=True, enabled=frozenset())


async def test_switching_twice_is_the_same_as_once(switches: SwitchStore) -> None:
    for _ in range(2):
        await switches.set_provider("firm-1", Provider.XERO, enabled=True)
        await switches.set_integrations("firm-1", on=False)

    assert await switches.of("firm-1") == Switches(integrations_on=False, enabled=frozenset({Provider.XERO}))
    assert await switches.of("firm-2") == Switches()


async def test_switching_off_and_on_leaves_the_rest(switches: SwitchStore) -> None:
    await switches.set_provider("firm-1", Provider.XERO, enabled=True)
    await switches.set_provider("firm-1", Provider.TRIPLETEX, enabled=True)
    await switches.set_provider("firm-1", Provider.XERO, enabled=False)
    await switches.set_integrations("firm-1", on=False)
    await switches.set_integrations("firm-1", on=True)

    assert await switches.of("firm-1") == Switches(enabled=frozenset({Provider.TRIPLETEX}))


def waiting() -> Consent:
    return Consent(
        consent_id=uuid4(), place=place(), click=OWNER, return_to="https://app.example/x", expires_at=NOW
    )


async def test_a_consent_comes_back_as_it_was(consents: ConsentStore) -> None:
    consent = waiting()
    await consents.add(consent)
    organisation = ConsentOrganisation(
        external_id="org-1", name="Õie Aed", settings={"tenant_id": "org-1"}, just_consented=True
    )
    opened = consent.granted("xero/ann", uuid4()).opened((organisation,), NOW)

    assert await consents.put(opened)

    assert await consents.by_id(consent.consent_id) == opened.model_copy(update={"revision": 1})
    assert await consents.by_id(uuid4()) is None


async def test_a_consent_is_used_by_one(consents: ConsentStore) -> None:
    consent = waiting()
    await consents.add(consent)

    won = await asyncio.gather(*(consents.put(consent.failed("x")) for _ in range(5)))

    assert sum(won) == 1


async def test_what_still_uses_a_token_set_after_its_time_is_found(consents: ConsentStore) -> None:
    plain, holding = waiting(), waiting().granted("xero/ann", uuid4())
    for consent in (plain, holding):
        await consents.add(consent)

    assert await consents.left_over(NOW, 9) == []
    found = await consents.left_over(NOW + timedelta(seconds=1), 9)
    assert [one.consent_id for one in found] == [holding.consent_id]
