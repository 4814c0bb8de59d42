"""A client's connection to a provider: its record, which holds no secret, and how it may change."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionExpiring,
    ConnectionHealth,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.event import Meta
from sync_contracts.jobs import Books

from credentials.expiry import has_ended, notice
from credentials.terms import Click, Observation, Place, Stored, Terms

# Unused refresh tokens die: Fortnox's after 45 days, Xero's after 60, QuickBooks' after 100.
RENEW_EVERY = timedelta(days=7)

CODE_OF_HEALTH: Mapping[ConnectionHealth, ProblemCode] = {
    ConnectionHealth.NEEDS_AUTH: ProblemCode.NEEDS_AUTH,
    ConnectionHealth.WRONG_COMPANY: ProblemCode.WRONG_COMPANY,
    ConnectionHealth.NO_PERMISSION: ProblemCode.NO_PERMISSION,
    ConnectionHealth.PLAN_TOO_LOW: ProblemCode.PROVIDER_PLAN_TOO_LOW,
}
HEALTH_OF_CODE = {code: health for health, code in CODE_OF_HEALTH.items()}


class Stage(StrEnum):
    """Where a connection's life stands."""

    NEW = "new"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETED = "deleted"


class Outgoing(Stored):
    """A message that is on record here until Kafka has it."""

    event_id: UUID
    topic: str
    body: str
    traceparent: str | None = None

    @classmethod
    def of(cls, event: ConnectionEvent, traceparent: str | None) -> Self:
        return cls(
            event_id=event.meta.event_id,
            topic=event.topic,
            body=event.model_dump_json(),
            traceparent=traceparent,
        )


class Saving(Stored):
    """A save under way: what it will lay down and the message that will tell it."""

    terms: Terms
    click: Click
    message: Outgoing


class BeingChangedError(Exception):
    """Another save or delete of this connection has not finished."""


class ChangeLostError(Exception):
    """The save was undone or overtaken by a delete meanwhile."""


class Connection(Place):
    """The record; every method answers the changed one."""

    revision: int = 0
    stage: Stage = Stage.NEW
    generation: int = 0
    terms: Terms | None = None
    saving: Saving | None = None
    releasing: tuple[UUID, ...] = ()
    released: Terms | None = Field(default=None, description="What a delete still has to give back.")
    outbox: tuple[Outgoing, ...] = ()
    click: Click | None = None
    cause: str = ""
    health_changes: int = 0
    is_forgotten: bool = Field(default=False, description="The client was erased and has not come back.")
    is_trouble_told: bool = Field(default=False, description="And its end not yet.")
    probe_at: AwareDatetime | None = None
    renew_at: AwareDatetime | None = None
    warn_at: AwareDatetime | None = None
    saved_at: AwareDatetime | None = None
    observed_at: AwareDatetime | None = None
    changed_at: AwareDatetime

    @classmethod
    def fresh(cls, place: Place, now: datetime) -> "Connection":
        """A record without any save yet."""
        return cls(**place.model_dump(), changed_at=now)

    @property
    def place(self) -> Place:
        return Place(company_id=self.company_id, client_id=self.client_id, provider=self.provider)

    @property
    def is_open(self) -> bool:
        """Whether something is left to finish: by its own request, else by the sweeper."""
        return bool(self.saving or self.outbox or self.releasing or self.stage is Stage.DELETING)

    @property
    def is_usable(self) -> bool:
        return self.stage is Stage.ACTIVE and self.terms is not None

    def begin_save(self, terms: Terms, click: Click, *, now: datetime) -> "Connection":
        """Raises BeingChangedError while another change is under way."""
        if self.saving is not None or self.stage is Stage.DELETING:
            raise BeingChangedError
        generation = self.generation + 1
        saved = ConnectionSaved(
            **self._named(generation, "saved", click, now), health=terms.health, books=terms.books
        )
        message = Outgoing.of(saved, click.traceparent)
        saving = Saving(terms=terms, click=click, message=message)
        return self._with(saving=saving, is_forgotten=False, changed_at=now)

    def finish_save(self, ref: UUID, token_set_id: UUID, *, now: datetime) -> "Connection":
        """The new terms hold from now on; raises ChangeLostError when the save is no longer under way."""
        saving = self._under_way(ref)
        is_tested = saving.terms.health is ConnectionHealth.OK
        saved = self._with(
            stage=Stage.ACTIVE,
            generation=self.generation + 1,
            terms=saving.terms.model_copy(update={"token_set_id": token_set_id}),
            saving=None,
            releasing=self.releasing + self._held,
            outbox=(*self.outbox, saving.message),
            click=saving.click,
            cause="",
            health_changes=0,
            probe_at=now if is_tested else None,
            renew_at=now + RENEW_EVERY,
            warn_at=now if saving.terms.expires_on else None,
            saved_at=now,
            observed_at=None,
            changed_at=now,
        )
        return saved.told(ConnectionHealth.OK, now=now) if is_tested else saved

    def undo_save(self, ref: UUID, *, now: datetime) -> "Connection":
        """As it was before; what the save took is given back."""
        self._under_way(ref)
        return self._with(saving=None, releasing=(*self.releasing, ref), changed_at=now)

    def begin_delete(self, click: Click, *, now: datetime) -> "Connection":
        """Nothing can be leased from now on; a save under way loses."""
        saving = () if self.saving is None else (self.saving.terms.ref,)
        generation = self.generation + 1
        deleted = ConnectionDeleted(**self._named(generation, "deleted", click, now))
        return self._with(
            stage=Stage.DELETING,
            generation=generation,
            terms=None,
            saving=None,
            releasing=self.releasing + self._held + saving,
            released=self.terms,
            outbox=(*self.outbox, Outgoing.of(deleted, click.traceparent)),
            click=click,
            cause="",
            is_trouble_told=False,
            probe_at=None,
            renew_at=None,
            warn_at=None,
            changed_at=now,
        )

    def forgotten(self) -> "Connection":
        """Without all that tells of the client; the id alone leads to it, by the client's own name."""
        nothing = {"terms": None, "released": None, "click": None, "cause": "", "is_forgotten": True}
        return self._with(**nothing)

    def gave_back(self, ref: UUID, *, now: datetime) -> "Connection":
        """A token set is no longer held; the last one ends a delete."""
        rest = tuple(other for other in self.releasing if other != ref)
        is_gone = self.stage is Stage.DELETING and not rest
        return self._with(
            releasing=rest,
            stage=Stage.DELETED if is_gone else self.stage,
            released=self.released if rest else None,
            changed_at=now,
        )

    def sent(self, event_id: UUID) -> "Connection":
        """Kafka has this message."""
        return self._with(outbox=tuple(message for message in self.outbox if message.event_id != event_id))

    def observed(self, seen: Observation, *, now: datetime) -> "Connection":
        """The health after an observation, with a message where it begins or ends a trouble."""
        if self.terms is None:
            return self
        outcome, books = self._judged(seen)
        before = self.terms.health
        terms = self.terms.model_copy(update={"health": outcome, "books": books})
        known_cause = self.cause if outcome is before else ""
        cause = self.cause_of(outcome, seen.cause, now=now) or known_cause
        known = self._with(terms=terms, cause=cause, observed_at=now)
        return known if outcome is before else known.told(outcome, now=now)

    def cause_of(self, outcome: ConnectionHealth, told: str, *, now: datetime) -> str:
        """Why it does not read: a refusal once the credentials' known day has come is explained by it."""
        expires_on = None if self.terms is None else self.terms.expires_on
        if outcome is ConnectionHealth.NEEDS_AUTH and has_ended(expires_on, now):
            return f"The credentials ended on {expires_on}."
        return told

    def told(self, health: ConnectionHealth, *, now: datetime) -> "Connection":
        """With the message that a trouble has begun, or that the one on record is over."""
        code = CODE_OF_HEALTH.get(health)
        if self.click is None or (code is None and not self.is_trouble_told):
            return self
        changes = self.health_changes + 1
        event: ConnectionEvent
        if code is not None:
            named = self._named(self.generation, f"needs_auth/{changes}", self.click, now)
            event = ConnectionNeedsAuth(**named, health=health, code=code)
        else:
            named = self._named(self.generation, f"recovered/{changes}", self.click, now)
            event = ConnectionRecovered(**named)
        return self._telling(event, now, health_changes=changes, is_trouble_told=code is not None)

    def warned(self, *, now: datetime) -> "Connection":
        """With the warning that is due, each threshold once per save, and the time of the next one."""
        is_due = self.is_usable and self.warn_at is not None and self.warn_at <= now
        if not is_due or self.click is None or self.terms is None or self.terms.expires_on is None:
            return self
        due = notice(self.terms.expires_on, now)
        if due.threshold is None:
            return self._with(warn_at=due.next_at)
        event = ConnectionExpiring(
            **self._named(self.generation, f"expiring/{due.threshold}", self.click, now),
            expires_on=self.terms.expires_on,
            days_left=due.days_left,
        )
        return self._telling(event, now, warn_at=due.next_at)

    def probed(self, *, next_at: datetime | None) -> "Connection":
        """When rights are to be probed again; None when they have been."""
        return self._with(probe_at=next_at)

    def renewed(self, *, next_at: datetime | None) -> "Connection":
        """When access is to be renewed though nobody reads; None where that is not needed."""
        return self._with(renew_at=next_at)

    def _judged(self, seen: Observation) -> tuple[ConnectionHealth, Books]:
        pinned = self.terms.books if self.terms else Books()
        if seen.outcome is not ConnectionHealth.OK:
            return seen.outcome, pinned
        if pinned.external_id and seen.books.external_id not in {None, pinned.external_id}:
            return ConnectionHealth.WRONG_COMPANY, pinned
        known = seen.books.model_dump(exclude_none=True)
        return ConnectionHealth.OK, pinned.model_copy(update=known)

    def _under_way(self, ref: UUID) -> Saving:
        if self.saving is None or self.saving.terms.ref != ref:
            raise ChangeLostError
        return self.saving

    @property
    def _held(self) -> tuple[UUID, ...]:
        return () if self.terms is None else (self.terms.ref,)

    def _named(self, generation: int, kind: str, click: Click, now: datetime) -> dict[str, object]:
        meta = Meta(
            event_id=uuid5(self.connection_id, f"{generation}/{kind}"),
            occurred_at=now,
            company_id=self.company_id,
            correlation_id=click.correlation_id,
            actor=click.actor,
        )
        return {
            "meta": meta,
            "connection_id": self.connection_id,
            "client_id": self.client_id,
            "provider": self.provider,
            "generation": generation,
        }

    def _telling(self, event: ConnectionEvent, now: datetime, **changes: object) -> "Connection":
        return self._with(outbox=(*self.outbox, Outgoing.of(event, None)), changed_at=now, **changes)

    def _with(self, **changes: object) -> "Connection":
        return self.model_copy(update=changes)
