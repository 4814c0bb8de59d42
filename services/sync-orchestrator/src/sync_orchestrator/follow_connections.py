"""Keeps queued jobs in step with their connections: deleted, refused by the provider, saved again."""

from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionHealth,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import JobEnding

from sync_orchestrator.facts import ended
from sync_orchestrator.ports import ConnectionFacts, ConnectionLookup, JobStore, RunStore, Touch
from sync_orchestrator.records import NOT_ENDED, ConnectionFact, ConnectionRef, JobRecord, JobState


class FollowConnections:
    """Learns the fact first, for jobs yet to come, then changes the jobs that wait."""

    def __init__(
        self,
        *,
        facts: ConnectionFacts,
        runs: RunStore,
        jobs: JobStore,
        lookup: ConnectionLookup,
        touch: Touch,
    ) -> None:
        self._facts = facts
        self._runs = runs
        self._jobs = jobs
        self._lookup = lookup
        self._touch = touch

    async def deleted(self, message: ConnectionDeleted) -> None:
        """What no worker has started is cancelled; a result that arrives later is refused by the writer."""
        if await self._facts.learn(_fact(message, deleted=True)):
            await self._end(
                message,
                {JobState.QUEUED, JobState.RELEASED},
                JobEnding.CANCELLED,
                ProblemCode.CONNECTION_DELETED,
            )

    async def needs_auth(self, message: ConnectionNeedsAuth) -> None:
        """No call is spent on a connection that the provider refuses."""
        if message.health is not ConnectionHealth.NEEDS_AUTH:
            return
        if await self._facts.learn(_fact(message, needs_auth=True)):
            await self._end(message, {JobState.QUEUED}, JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)

    async def recovered(self, message: ConnectionRecovered) -> None:
        await self._facts.learn(_fact(message))

    async def saved(self, message: ConnectionSaved) -> None:
        """Waiting jobs read with the new credentials, whose account may be another one."""
        await self._facts.learn(_fact(message))
        waiting = await self._jobs_in(message, {JobState.QUEUED})
        if not waiting:
            return
        found = await self._lookup(message.meta.company_id, message.provider, [message.client_id])
        connection = found.connections.get(message.client_id)
        if connection is not None:
            await self._jobs.change(waiting, lambda job: _renewed(job, connection.ref))

    async def _end(
        self, message: ConnectionEvent, states: set[JobState], ending: JobEnding, code: ProblemCode
    ) -> None:
        def decide(job: JobRecord) -> JobRecord | None:
            newer = job.connection is not None and job.connection.generation > message.generation
            return None if newer or job.state not in states else ended(job, ending, code)

        waiting = await self._jobs_in(message, states)
        for job in await self._jobs.change(waiting, decide):
            self._touch(job.run_id)

    async def _jobs_in(self, message: ConnectionEvent, states: set[JobState]) -> list[UUID]:
        """Of the client's open runs; those still to be planned learn the fact when they are released."""
        place = message.meta.company_id, message.provider
        runs = await self._runs.in_states(*NOT_ENDED)
        own = [run.run_id for run in runs if (run.company_id, run.provider) == place]
        return await self._jobs.of_client(own, message.client_id, states)


def _renewed(job: JobRecord, connection: ConnectionRef) -> JobRecord | None:
    older = job.connection is not None and job.connection.generation < connection.generation
    if job.state is not JobState.QUEUED or not older:
        return None
    return job.model_copy(update={"connection": connection})


def _fact(message: ConnectionEvent, *, deleted: bool = False, needs_auth: bool = False) -> ConnectionFact:
    return ConnectionFact(
        company_id=message.meta.company_id,
        client_id=message.client_id,
        provider=message.provider,
        connection_id=message.connection_id,
        generation=message.generation,
        said_at=message.meta.occurred_at,
        deleted=deleted,
        needs_auth=needs_auth,
    )
