"""Answers a request that does not fit its schema but says whose it is."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid5

from pydantic import BaseModel, ConfigDict, ValidationError
from service_kit.clock import Clock
from service_kit.publishing import Publish
from sync_contracts.codes import RefusalCode
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import PlatformId, run_id
from sync_contracts.requests import RequestId, SyncRequest

from sync_orchestrator.answer_once import count_answer
from sync_orchestrator.refusals import rejected


class Asker(BaseModel):
    """The least of a request's `meta` that an answer needs; keeps the rest as it came."""

    model_config = ConfigDict(frozen=True, extra="allow")

    company_id: PlatformId


class Envelope(BaseModel):
    """The least of a request that an answer needs."""

    model_config = ConfigDict(frozen=True)

    request_id: RequestId
    meta: Asker


@dataclass(frozen=True, slots=True)
class MalformedRequest:
    """Where it came, whose it is, and the paths of the fields that do not fit the schema."""

    topic: str
    envelope: Envelope
    fields: tuple[str, ...]


def request_of(kind: type[SyncRequest], body: bytes) -> SyncRequest | MalformedRequest:
    """Reads a request; raises ValidationError where not even whose it is can be read."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        with suppress(ValidationError):
            return MalformedRequest(kind.topic, Envelope.model_validate_json(body), _unfit_fields(error))
        raise


class AnswerMalformed:
    """Not stored: the corrected request may use the same id."""

    def __init__(self, *, publish: Publish, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock

    async def __call__(self, request: MalformedRequest) -> None:
        code, meta = RefusalCode.INVALID_REQUEST, self._meta(request.envelope)
        answer = rejected(meta, request.envelope.request_id, code, request.fields)
        await self._publish(answer)
        count_answer(request.topic, answer)

    def _meta(self, envelope: Envelope) -> Meta:
        try:
            return Meta.model_validate(envelope.meta.model_dump())
        except ValidationError:
            return self._own_meta(envelope)

    def _own_meta(self, envelope: Envelope) -> Meta:
        """For a request whose own does not fit; who asked cannot be told."""
        company_id = envelope.meta.company_id
        return Meta(
            event_id=uuid5(run_id(company_id, envelope.request_id), "malformed"),
            occurred_at=self._clock.now(),
            company_id=company_id,
            correlation_id=envelope.request_id,
            actor=Actor(id="unknown", role=Role.MEMBER),
        )


def _unfit_fields(error: ValidationError) -> tuple[str, ...]:
    found = error.errors(include_input=False, include_url=False)
    return tuple(sorted({".".join(str(part) for part in item["loc"]) for item in found} - {""}))
