"""Answers a request that does not fit its schema but says whose it is."""

from uuid import uuid5

from pydantic import BaseModel, ConfigDict, ValidationError
from service_kit.clock import Clock
from service_kit.publishing import Publish
from sync_contracts.codes import RefusalCode
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import PlatformId, run_id
from sync_contracts.requests import RequestId, SyncRequest

from sync_orchestrator.refusals import rejected


class MalformedMeta(BaseModel):
    """The least an answer needs."""

    model_config = ConfigDict(frozen=True, extra="allow")

    company_id: PlatformId


class MalformedRequest(BaseModel):
    """Any message with a request id and a company; keeps all its other fields as they came."""

    model_config = ConfigDict(frozen=True, extra="allow")

    request_id: RequestId
    meta: MalformedMeta


class AnswerMalformed:
    """Not stored: the corrected request may use the same id."""

    def __init__(self, *, publish: Publish, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock

    async def __call__(self, request: MalformedRequest, kind: type[SyncRequest]) -> None:
        fields = unfit_fields(request, kind)
        answer = rejected(self._meta(request), request.request_id, RefusalCode.INVALID_REQUEST, fields)
        await self._publish(answer)

    def _meta(self, request: MalformedRequest) -> Meta:
        try:
            return Meta.model_validate(request.meta.model_dump())
        except ValidationError:
            return self._own_meta(request)

    def _own_meta(self, request: MalformedRequest) -> Meta:
        """For a request whose own does not fit; who asked cannot be told."""
        company_id = request.meta.company_id
        return Meta(
            event_id=uuid5(run_id(company_id, request.request_id), "malformed"),
            occurred_at=self._clock.now(),
            company_id=company_id,
            correlation_id=request.request_id,
            actor=Actor(id="unknown", role=Role.MEMBER),
        )


def unfit_fields(request: MalformedRequest, kind: type[SyncRequest]) -> list[str]:
    """The paths of the fields that do not fit the schema."""
    try:
        kind.model_validate_json(request.model_dump_json())
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        return sorted({".".join(str(part) for part in item["loc"]) for item in found} - {""})
    return []
