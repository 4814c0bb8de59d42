"""One request id, one answer: whatever is delivered again is answered from the store."""

import hashlib
import json
from collections.abc import Awaitable, Callable

from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.metrics import count
from service_kit.publishing import Publish
from sync_contracts.codes import RefusalCode
from sync_contracts.requests import SyncRequest
from sync_contracts.runs import RunAccepted, RunRejected

from sync_orchestrator.ports import RequestStore
from sync_orchestrator.records import Answer, StoredRequest
from sync_orchestrator.refusals import RefusedError, rejected

Work = Callable[[StoredRequest], Awaitable[Answer | None]]


class AnswerOnce:
    """Stores the request, lets the work decide, stores the answer, then publishes it."""

    def __init__(self, *, requests: RequestStore, publish: Publish, clock: Clock) -> None:
        self._requests = requests
        self._publish = publish
        self._clock = clock

    async def __call__(self, request: SyncRequest, work: Work) -> Answer | None:
        """The answer as published; None when `work` gave none, so that it comes later by another call."""
        stored = await self._requests.keep(self._received(request))
        if stored.body_hash != body_hash(request):
            reused = rejected(request.meta, request.request_id, RefusalCode.REQUEST_ID_REUSED)
            await self._publish(reused)
            count_answer(request.topic, reused)
            return None
        reached("request_stored")
        answer = stored.answer or await self._decided(request, stored, work)
        if answer is not None:
            await self._publish(answer)
        return answer

    async def _decided(self, request: SyncRequest, stored: StoredRequest, work: Work) -> Answer | None:
        answer: Answer | None
        try:
            answer = await work(stored)
        except RefusedError as refusal:
            answer = rejected(request.meta, request.request_id, refusal.code)
        if answer is None:
            return None
        count_answer(request.topic, answer)
        return await self._requests.answer(stored, answer)

    def _received(self, request: SyncRequest) -> StoredRequest:
        return StoredRequest(
            company_id=request.meta.company_id,
            request_id=request.request_id,
            body_hash=body_hash(request),
            received_at=self._clock.now(),
        )


def count_answer(topic: str, answer: Answer) -> None:
    """Whenever a request is decided, not when it is told again; its kind is in the topic's name."""
    said = "joined" if isinstance(answer, RunAccepted) and answer.joined else "accepted"
    code = answer.code if isinstance(answer, RunRejected) else ""
    kind = topic.split(".")[1]
    count("ledgerbus.requests.answered", kind=kind, answer="rejected" if code else said, code=code)


def body_hash(request: SyncRequest) -> str:
    """What was asked, whoever sent it and when."""
    body = request.model_dump(mode="json", exclude={"meta"})
    text = json.dumps([request.topic, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
