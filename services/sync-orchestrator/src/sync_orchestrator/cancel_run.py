"""Stops a run: acknowledged at once, nothing of it is released afterwards."""

from datetime import timedelta
from functools import partial

from service_kit.clock import Clock
from service_kit.crash_points import reached
from sync_contracts.codes import RefusalCode
from sync_contracts.ids import run_id
from sync_contracts.requests import SyncCancel
from sync_contracts.runs import RunAccepted, RunCancelling

from sync_orchestrator import refusals
from sync_orchestrator.answer_once import AnswerOnce
from sync_orchestrator.ports import CancelStore, RequestStore, RunStore, Touch
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.records import Answer, RunRecord, RunState, StoredRequest
from sync_orchestrator.refusals import RefusedError


class CancelRun:
    """Answers `sync.cancel`; one that overtakes its request is kept until that has come."""

    def __init__(
        self,
        *,
        answer_once: AnswerOnce,
        requests: RequestStore,
        cancels: CancelStore,
        runs: RunStore,
        tell_progress: TellProgress,
        clock: Clock,
        touch: Touch,
    ) -> None:
        self._answer_once = answer_once
        self._requests = requests
        self._cancels = cancels
        self._runs = runs
        self._tell_progress = tell_progress
        self._clock = clock
        self._touch = touch

    async def __call__(self, cancel: SyncCancel) -> None:
        answer = await self._answer_once(cancel, partial(self._answer, cancel))
        if answer is None:
            return
        await self._cancels.drop(cancel)
        if isinstance(answer, RunCancelling):
            self._touch(answer.run_id)

    async def overtaken(self, company_id: str, request_id: str) -> None:
        """Carry out the cancels that came before their request was accepted."""
        for cancel in await self._cancels.of(company_id, request_id):
            await self(cancel)

    async def give_up(self, older_than: timedelta) -> None:
        """Answer the kept cancels whose request never came."""
        for cancel in await self._cancels.before(self._clock.now() - older_than):
            await self._answer_once(cancel, _not_found)
            await self._cancels.drop(cancel)

    async def _answer(self, cancel: SyncCancel, stored: StoredRequest) -> Answer | None:
        refusals.check_role(cancel.meta.actor)
        run = await self._kept_or_found(cancel, stored)
        if run is None:
            return None
        if not await self._runs.begin_cancelling(run.run_id, self._clock.now()):
            raise RefusedError(RefusalCode.RUN_ALREADY_ENDED)
        reached("run_cancelling")
        return RunCancelling(
            meta=cancel.meta.follow(RunCancelling),
            run_id=run.run_id,
            request_id=cancel.request_id,
            provider=run.provider,
            progress=await self._tell_progress(run),
        )

    async def _kept_or_found(self, cancel: SyncCancel, stored: StoredRequest) -> RunRecord | None:
        """Keep first, look second: whichever of request and cancel comes later sees the other."""
        target = cancel.target_request_id or await self._request_of(cancel)
        await self._cancels.keep(cancel, target, stored.received_at)
        run = await self._named(cancel)
        if run is not None:
            return None if run.state is RunState.PLANNING else run
        asked = await self._requests.get(cancel.meta.company_id, target)
        if asked is not None and asked.answer is not None:
            raise RefusedError(RefusalCode.RUN_NOT_FOUND)
        return None

    async def _request_of(self, cancel: SyncCancel) -> str:
        run = await self._named(cancel)
        if run is None:
            raise RefusedError(RefusalCode.RUN_NOT_FOUND)
        return run.request_id

    async def _named(self, cancel: SyncCancel) -> RunRecord | None:
        company_id = cancel.meta.company_id
        named = cancel.run_id
        if cancel.target_request_id is not None:
            asked = await self._requests.get(company_id, cancel.target_request_id)
            joined = asked.answer.run_id if asked and isinstance(asked.answer, RunAccepted) else None
            named = joined or run_id(company_id, cancel.target_request_id)
        run = await self._runs.get(named) if named is not None else None
        return run if run is not None and run.company_id == company_id else None


async def _not_found(_: StoredRequest) -> Answer | None:
    raise RefusedError(RefusalCode.RUN_NOT_FOUND)
