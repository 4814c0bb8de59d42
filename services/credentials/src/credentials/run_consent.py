"""Leads a user through the consent at a provider: link, return, choice of an organisation."""

import logging
from collections.abc import Mapping
from uuid import UUID, uuid4

from connectors.errors import ConnectorError
from connectors.oauth import code_challenge
from connectors.protocol import Connector, OAuth, Organisation, SignedIn
from connectors.session import Session
from service_kit.clock import Clock
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.connection import Connection
from credentials.consent import LINK_LIFE, Consent, ConsentOrganisation, ConsentUsedError
from credentials.finish_change import FinishChange
from credentials.ports import ConsentStore, Owner, TokenSetRegister, TokenSetVault
from credentials.refusals import (
    ConsentNotFoundError,
    ConsentStateError,
    InvalidRequestError,
)
from credentials.save_connection import Draft, SaveConnection, keep_secret
from credentials.signatures import SignatureError, Signatures
from credentials.terms import Click, Place

logger = logging.getLogger(__name__)

_AT_ONCE = 100


class RunConsent:
    """A consent's state is signed and used once; its secrets go straight to Vault."""

    def __init__(
        self,
        *,
        store: ConsentStore,
        register: TokenSetRegister,
        vault: TokenSetVault,
        save: SaveConnection,
        finish: FinishChange,
        connectors: Mapping[Provider, Connector],
        session: Session,
        signatures: Signatures,
        clock: Clock,
    ) -> None:
        self._store = store
        self._register = register
        self._vault = vault
        self._save = save
        self._finish = finish
        self._connectors = connectors
        self._session = session
        self._signatures = signatures
        self._clock = clock

    async def start(self, place: Place, click: Click, return_to: str | None) -> tuple[Consent, str]:
        """The consent and the address to send the browser to."""
        oauth = self._oauth(place.provider)
        now = self._clock.now()
        consent = Consent(
            consent_id=uuid4(), place=place, click=click, return_to=return_to, expires_at=now + LINK_LIFE
        )
        state = await self._signatures.state_of(consent.consent_id)
        challenge = code_challenge(await self._signatures.code_verifier(consent.consent_id))
        url = oauth.authorize_url(self._session, state=state, code_challenge=challenge)
        await self._store.add(consent)
        return consent, url

    async def come_back(
        self, state: str, code: str | None, returned: Mapping[str, str] | None = None
    ) -> Consent:
        """What the browser brought back; without a code the user has declined."""
        consent = await self._returned(state)
        if code is None:
            return await self._put(consent.failed("The authorisation was declined."))
        try:
            return await self._opened(consent, code, returned or {})
        except ConnectorError as error:
            logger.warning("a consent failed", extra={"error": type(error).__name__})
            # Once the tokens were kept there is a newer record, and it knows their set.
            latest = await self._store.by_id(consent.consent_id) or consent
            return await self._put(latest.failed(error.cause or error.detail))

    async def of(self, company_id: str, consent_id: UUID) -> Consent:
        """Raises ConsentNotFoundError."""
        consent = await self._store.by_id(consent_id)
        if consent is None or consent.place.company_id != company_id:
            raise ConsentNotFoundError
        return consent

    async def choose(self, company_id: str, consent_id: UUID, external_id: str) -> Connection:
        """Save the connection to the chosen organisation."""
        consent = await self.of(company_id, consent_id)
        if not consent.may_choose_at(self._clock.now()):
            raise ConsentStateError
        for organisation in consent.organisations:
            if organisation.external_id == external_id:
                return (await self._chosen(consent, organisation))[0]
        raise InvalidRequestError("Choose one of the organisations of the consent.", "body.organisation_id")

    async def let_go_of_expired(self) -> None:
        """What nobody has chosen from is given back; the last use destroys its token set."""
        for consent in await self._store.left_over(self._clock.now(), _AT_ONCE):
            await self._let_go(consent)

    def _oauth(self, provider: Provider) -> OAuth:
        oauth = self._connectors[provider].oauth
        if oauth is None:
            raise InvalidRequestError(
                "This accounting system has no consent; enter its keys.", "path.provider"
            )
        return oauth

    async def _returned(self, state: str) -> Consent:
        try:
            consent = await self._store.by_id(await self._signatures.consent_of(state))
            if consent is None:
                raise ConsentStateError
            returned = consent.returned(self._clock.now())
        except (SignatureError, ConsentUsedError):
            raise ConsentStateError from None
        return await self._put(returned)

    async def _opened(self, consent: Consent, code: str, returned: Mapping[str, str]) -> Consent:
        oauth = self._oauth(consent.place.provider)
        verifier = await self._signatures.code_verifier(consent.consent_id)
        signed_in = await oauth.exchange(self._session, code=code, code_verifier=verifier, returned=returned)
        consent = await self._kept(consent, signed_in)
        found = await oauth.organisations(self._session, signed_in.access)
        if not found:
            return await self._put(consent.failed("The authorisation opens no organisation."))
        consent = await self._put(consent.opened(tuple(map(_organisation, found)), self._clock.now()))
        new = [organisation for organisation in consent.organisations if organisation.just_consented]
        return (await self._chosen(consent, new[0]))[1] if len(new) == 1 else consent

    async def _kept(self, consent: Consent, signed_in: SignedIn) -> Consent:
        place = consent.place
        owner_key = self._connectors[place.provider].owner_key(signed_in.grant)
        token_set_id = await self._register.take(
            place.company_id, place.provider, Owner(owner_key, owner_key), consent.consent_id
        )
        consent = await self._put(consent.granted(owner_key, token_set_id))
        await keep_secret(
            self._vault,
            place.company_id,
            token_set_id,
            ref=consent.consent_id,
            grant=signed_in.grant,
            access=signed_in.access,
        )
        return consent

    async def _chosen(
        self, consent: Consent, organisation: ConsentOrganisation
    ) -> tuple[Connection, Consent]:
        connection = await self._save(consent.place, await self._draft(consent, organisation), consent.click)
        chosen = await self._put(consent.chose(organisation.external_id))
        return connection, await self._let_go(chosen)

    async def _draft(self, consent: Consent, organisation: ConsentOrganisation) -> Draft:
        place = consent.place
        connector = self._connectors[place.provider]
        token_set_id = consent.token_set_id
        found = token_set_id and await self._vault.read(place.company_id, token_set_id)
        if not found or consent.owner_key is None:
            raise ConsentStateError
        return Draft(
            grant=None,
            settings=organisation.settings,
            account_key=connector.account_key(found[0].grant, organisation.settings),
            owner=Owner(consent.owner_key, consent.owner_key),
            books=Books(external_id=organisation.external_id, name=organisation.name),
            health=ConnectionHealth.OK,
        )

    async def _let_go(self, consent: Consent) -> Consent:
        await self._finish.release(Connection.fresh(consent.place, self._clock.now()), consent.consent_id)
        return await self._put(consent.let_go())

    async def _put(self, consent: Consent) -> Consent:
        if not await self._store.put(consent):
            raise ConsentStateError
        return consent.model_copy(update={"revision": consent.revision + 1})


def _organisation(found: Organisation) -> ConsentOrganisation:
    return ConsentOrganisation(
        external_id=found.external_id,
        name=found.name,
        settings=dict(found.settings),
        just_consented=found.just_consented,
    )
