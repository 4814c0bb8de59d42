"""Consent: signed state used once, choice of an organisation, secrets straight to the vault."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from connectors.errors import AccessRefusedError, ForbiddenError
from connectors.oauth import code_challenge
from credentials.connection import Stage
from credentials.consent import LINK_LIFE, Consent, ConsentOrganisation, ConsentState
from credentials.refusals import ConsentNotFoundError, ConsentStateError, InvalidRequestError
from support.credentials_fakes import COMPANY, OWNER, CredentialsWorld, place
from support.fake_provider import FakeProvider
from sync_contracts.connections import ConnectionHealth, ConnectionSaved


async def start(world: CredentialsWorld, client_id: str = "client-1") -> tuple[UUID, str]:
    """The consent's id and the state in its link."""
    consent, url = await world.use.run_consent.start(place(client_id), OWNER, None)
    return consent.consent_id, parse_qs(urlsplit(url).query)["state"][0]


async def come_back(world: CredentialsWorld, user: str = "ann", client_id: str = "client-1") -> Consent:
    _, state = await start(world, client_id)
    return await world.use.run_consent.come_back(state, user)


async def test_the_only_new_organisation_is_connected_at_once(world: CredentialsWorld) -> None:
    world.provider.organisations_found = (("org-1", False), ("org-2", True))

    consent = await come_back(world)

    saved = await world.now()
    assert (consent.state, consent.chosen) == (ConsentState.DONE, "org-2")
    assert [one.external_id for one in consent.organisations] == ["org-1", "org-2"]
    assert saved.terms is not None
    assert saved.terms.settings == {"tenant_id": "org-2"}
    assert saved.terms.health is ConnectionHealth.OK
    assert saved.terms.books.external_id == "org-2"


async def test_among_several_new_organisations_the_user_chooses(world: CredentialsWorld) -> None:
    world.provider.organisations_found = (("org-1", True), ("org-2", True))
    consent = await come_back(world)
    assert consent.state is ConsentState.CHOOSING
    assert world.sent.sent == []

    saved = await world.use.run_consent.choose(COMPANY, consent.consent_id, "org-1")

    assert saved.terms is not None
    assert saved.terms.settings == {"tenant_id": "org-1"}
    assert len(world.sent.of(ConnectionSaved)) == 1


async def test_nobody_is_asked_to_choose_while_the_only_new_organisation_is_being_connected() -> None:
    now, opened = (
        datetime(2026, 5, 2, tzinfo=UTC),
        (organisation("org-1", new=False), organisation("org-2", new=True)),
    )
    consent = Consent(consent_id=uuid4(), place=place("client-1"), click=OWNER, expires_at=now + LINK_LIFE)

    several = consent.opened((organisation("org-1", new=True), organisation("org-2", new=True)), now)
    only = consent.opened(opened, now)

    assert (several.state, only.state) == (ConsentState.CHOOSING, ConsentState.EXCHANGING)
    assert only.may_choose_at(now)
    assert not consent.may_choose_at(now)
    assert not only.chose("org-2").may_choose_at(now)


def organisation(external_id: str, *, new: bool) -> ConsentOrganisation:
    return ConsentOrganisation(external_id=external_id, name="", settings={}, just_consented=new)


async def test_a_consent_gives_access_without_another_call(world: CredentialsWorld) -> None:
    await come_back(world)
    saved = await world.now()
    assert saved.terms is not None
    assert saved.terms.token_set_id is not None

    token_set, _ = world.vault.kept[COMPANY, saved.terms.token_set_id]

    assert token_set.grant.values == {"refresh_token": "ann-2"}
    assert token_set.issued is not None
    assert world.provider.sign_ins == []


async def test_the_records_of_a_consent_hold_no_secret(world: CredentialsWorld) -> None:
    consent = await come_back(world)

    records = consent.model_dump_json() + (await world.now()).model_dump_json()

    assert "ann-2" not in records
    assert "access-ann" not in records


async def test_connections_of_one_user_share_the_token_set(world: CredentialsWorld) -> None:
    await come_back(world, client_id="client-1")
    await come_back(world, client_id="client-2")

    assert len(world.vault.kept) == 1
    [kept] = world.register.kept.values()
    assert len(kept.refs) == 2


async def test_an_organisation_that_the_consent_does_not_open_is_refused(world: CredentialsWorld) -> None:
    world.provider.organisations_found = (("org-1", True), ("org-2", True))
    consent = await come_back(world)

    with pytest.raises(InvalidRequestError):
        await world.use.run_consent.choose(COMPANY, consent.consent_id, "org-3")


async def test_a_state_works_once(world: CredentialsWorld) -> None:
    _, state = await start(world)
    await world.use.run_consent.come_back(state, "ann")

    with pytest.raises(ConsentStateError):
        await world.use.run_consent.come_back(state, "ann")


async def test_a_state_that_we_did_not_sign_is_refused(world: CredentialsWorld) -> None:
    consent_id, state = await start(world)

    for forged in (str(consent_id), f"{consent_id}.{'A' * 43}", state[:-2] + "xx", "nonsense", "é"):
        with pytest.raises(ConsentStateError):
            await world.use.run_consent.come_back(forged, "ann")


async def test_a_link_lives_15_minutes(world: CredentialsWorld) -> None:
    _, state = await start(world)
    world.clock.forward(minutes=15)

    with pytest.raises(ConsentStateError):
        await world.use.run_consent.come_back(state, "ann")


async def test_the_link_carries_the_challenge_of_the_secret_that_the_exchange_sends(
    world: CredentialsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    exchange = world.provider.exchange

    async def noted(session: object, *, code: str, code_verifier: str, returned: dict[str, str]) -> object:
        sent.append(code_verifier)
        return await exchange(world.session, code=code, code_verifier=code_verifier, returned=returned)

    monkeypatch.setattr(world.provider, "exchange", noted)
    _, url = await world.use.run_consent.start(place(), OWNER, None)
    asked = parse_qs(urlsplit(url).query)

    await world.use.run_consent.come_back(asked["state"][0], "ann")

    assert asked["code_challenge"] == [code_challenge(sent[0])]


async def test_what_else_came_back_reaches_the_exchange(world: CredentialsWorld) -> None:
    _, state = await start(world)

    await world.use.run_consent.come_back(state, "ann", {"realmId": "9130350000000001"})

    assert world.provider.returned == [{"realmId": "9130350000000001"}]


async def test_a_declined_consent_says_so(world: CredentialsWorld) -> None:
    _, state = await start(world)

    consent = await world.use.run_consent.come_back(state, None)

    assert (consent.state, consent.cause) == (ConsentState.FAILED, "The authorisation was declined.")


async def test_a_refused_code_is_told(world: CredentialsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> object:
        raise AccessRefusedError("invalid_grant", cause="The code is spent.")

    monkeypatch.setattr(FakeProvider, "exchange", refuse)

    consent = await come_back(world)

    assert (consent.state, consent.cause) == (ConsentState.FAILED, "The code is spent.")
    assert world.vault.kept == {}


async def test_a_consent_whose_organisations_are_refused_says_so_and_leaves_no_secret(
    world: CredentialsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> object:
        raise ForbiddenError("3100", cause="The company is not connected.")

    monkeypatch.setattr(FakeProvider, "organisations", refuse)

    consent = await come_back(world)

    assert (consent.state, consent.cause) == (ConsentState.FAILED, "The company is not connected.")
    assert world.consents.kept[consent.consent_id].state is ConsentState.FAILED
    world.clock.forward(minutes=16)
    await world.use.sweep.once()
    assert world.vault.kept == {}


async def test_another_company_sees_no_consent(world: CredentialsWorld) -> None:
    consent = await come_back(world)

    with pytest.raises(ConsentNotFoundError):
        await world.use.run_consent.of("firm-2", consent.consent_id)


async def test_a_consent_nobody_chose_from_leaves_no_secret(world: CredentialsWorld) -> None:
    world.provider.organisations_found = (("org-1", True), ("org-2", True))
    consent = await come_back(world)
    assert len(world.vault.kept) == 1

    world.clock.forward(minutes=61)
    await world.use.sweep.once()

    assert world.vault.kept == {}
    assert world.register.kept == {}
    with pytest.raises(ConsentStateError):
        await world.use.run_consent.choose(COMPANY, consent.consent_id, "org-1")


async def test_a_new_consent_of_the_same_user_heals_a_connection(world: CredentialsWorld) -> None:
    await come_back(world)
    world.provider.current["ann"] = 9

    await come_back(world)

    healed = await world.now()
    assert (healed.stage, healed.generation) == (Stage.ACTIVE, 2)
    assert len(world.vault.kept) == 1


async def test_a_provider_without_consent_is_refused(world: CredentialsWorld) -> None:
    world.provider.has_oauth = False

    with pytest.raises(InvalidRequestError):
        await start(world)
