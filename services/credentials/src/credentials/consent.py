"""A user's consent at a provider, from the link to the chosen organisation; its record holds no secret."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from credentials.terms import Click, Place

LINK_LIFE = timedelta(minutes=15)
CHOICE_LIFE = timedelta(hours=1)


class ConsentState(StrEnum):
    """How far a consent has come."""

    WAITING = "waiting"
    EXCHANGING = "exchanging"
    CHOOSING = "choosing"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def is_under_way(self) -> bool:
        return self in {ConsentState.WAITING, ConsentState.EXCHANGING, ConsentState.CHOOSING}


class ConsentOrganisation(BaseModel):
    """One organisation that the consent opens."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    external_id: str
    name: str
    settings: dict[str, str]
    just_consented: bool


class ConsentUsedError(Exception):
    """The link was used before, or its time is over."""


class Consent(BaseModel):
    """The record; every method answers the changed one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    consent_id: UUID
    revision: int = 0
    place: Place
    click: Click
    return_to: str | None = None
    state: ConsentState = ConsentState.WAITING
    expires_at: AwareDatetime
    owner_key: str | None = None
    token_set_id: UUID | None = None
    organisations: tuple[ConsentOrganisation, ...] = ()
    chosen: str | None = None
    cause: str = ""

    def seen_at(self, now: datetime) -> ConsentState:
        """The state for people to see."""
        return ConsentState.EXPIRED if self.state.is_under_way and now >= self.expires_at else self.state

    def returned(self, now: datetime) -> "Consent":
        """The browser came back, for the first time and in time; else ConsentUsedError."""
        if self.seen_at(now) is not ConsentState.WAITING:
            raise ConsentUsedError
        return self.model_copy(update={"state": ConsentState.EXCHANGING})

    def granted(self, owner_key: str, token_set_id: UUID) -> "Consent":
        """From now on it uses a token set, whatever becomes of it."""
        return self.model_copy(update={"owner_key": owner_key, "token_set_id": token_set_id})

    def opened(self, organisations: tuple[ConsentOrganisation, ...], now: datetime) -> "Consent":
        """The secrets are in the vault; the user chooses, unless only one organisation is new."""
        new = [organisation for organisation in organisations if organisation.just_consented]
        changes = {
            "state": ConsentState.EXCHANGING if len(new) == 1 else ConsentState.CHOOSING,
            "organisations": organisations,
            "expires_at": now + CHOICE_LIFE,
        }
        return self.model_copy(update=changes)

    def may_choose_at(self, now: datetime) -> bool:
        """Whether an organisation can be chosen: also where the choice at once was cut off."""
        open_states = {ConsentState.EXCHANGING, ConsentState.CHOOSING}
        return bool(self.organisations) and self.seen_at(now) in open_states

    def failed(self, cause: str) -> "Consent":
        return self.model_copy(update={"state": ConsentState.FAILED, "cause": cause})

    def chose(self, external_id: str) -> "Consent":
        return self.model_copy(update={"state": ConsentState.DONE, "chosen": external_id})

    def let_go(self) -> "Consent":
        """It no longer uses its token set."""
        return self.model_copy(update={"token_set_id": None})
