"""The oracle of a chaos finds a bug that is really there, and nothing where it is not."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from ledgerbus_cli.chaos.conduct import ENVIRONMENT, Chaos, open_chaos
from ledgerbus_cli.chaos.findings import Fault
from ledgerbus_cli.chaos.schedule import Blow, Kind
from ledgerbus_cli.system import SandboxOptions, System
from sandbox.embedded import BrokerKind, chosen_broker
from support.kafka import eventually
from sync_contracts.jobs import JobStarted
from sync_contracts.providers import Provider
from sync_contracts.runs import SyncCompleted
from sync_contracts.summaries import SummaryUpdated

pytestmark = pytest.mark.timeout(240)

TESTS = Path(__file__).parents[1]
# A reading may take its time, so that no second attempt heals what a worker lost.
SETTINGS = {name: value for name, value in ENVIRONMENT.items() if not name.endswith("LONGEST_READING_S")}
AS_IT_IS = pytest.param(
    {},
    set(),
    id="as it is",
    marks=pytest.mark.skipif(chosen_broker() is BrokerKind.KAFKA, reason="make chaos-kafka shows as much"),
)
Found = set[tuple[Fault, str]]
Start = Callable[..., AbstractAsyncContextManager[Chaos]]


@pytest.fixture
def chaos_at(tmp_path: Path) -> Start:
    """A small firm at one accounting system, on a system with the given modules in place of services."""

    @asynccontextmanager
    async def start(
        provider: Provider, clients: int, modules: Mapping[str, str], repeated: float = 0.0
    ) -> AsyncIterator[Chaos]:
        system = System(
            tmp_path,
            SandboxOptions(clients=clients, documents=4),
            environment={**SETTINGS, "PYTHONPATH": str(TESTS)},
            modules=modules,
            broker=chosen_broker(),
        )
        async with open_chaos(system, seed=1, tell=lambda _: None, repeated=repeated) as chaos:
            chaos.firm.accounts = {
                client: account
                for client, account in chaos.firm.accounts.items()
                if client.provider is provider
            }
            await chaos.connect()
            yield chaos

    return start


async def verdict(chaos: Chaos) -> Found:
    outcome = await chaos.outcome(seed=1, minutes=0)
    return {(one.fault, one.rule) for one in outcome.findings if one.rule != "a reading costs its calls once"}


async def asked_for_a_month(chaos: Chaos, provider: Provider) -> str:
    return await chaos.workload.bulk(chaos.firm.clients_of(provider), chaos.workload.last_month)


async def has_ended(chaos: Chaos, request: str) -> bool:
    run_id = chaos.workload.answered.get(request)
    return any(one.run_id == run_id for one in chaos.observer.of(SyncCompleted))


@pytest.mark.parametrize(
    ("modules", "finds"),
    [
        AS_IT_IS,
        pytest.param(
            {"connector-workers": "support.planted.commit_before_work"},
            {
                (Fault.LOST, "a killed worker's readings go on elsewhere"),
                (Fault.STUCK, "every run ends"),
            },
            id="commit before work",
        ),
    ],
)
async def test_worker_that_is_killed_while_it_reads(
    chaos_at: Start, modules: Mapping[str, str], finds: Found
) -> None:
    async with chaos_at(Provider.XERO, 1, modules) as chaos:
        await chaos.sandbox.fault(Provider.XERO, "hang", seconds=60)
        await asked_for_a_month(chaos, Provider.XERO)
        await eventually(lambda: bool(chaos.observer.of(JobStarted)))
        await chaos.observer.catch_up()  # time for a commit that comes too early

        await chaos.strike(Blow(at_s=0, kind=Kind.KILL, target="connector-workers"))
        await chaos.settle(within_s=40)

        assert await verdict(chaos) == finds


@pytest.mark.parametrize(
    ("modules", "finds"),
    [
        AS_IT_IS,
        pytest.param(
            {"credentials": "support.planted.lost_refresh_token"},
            {(Fault.LOST, "nothing fails without a cause")},
            id="lost refresh token",
        ),
    ],
)
async def test_access_tokens_that_end_again_and_again(
    chaos_at: Start, modules: Mapping[str, str], finds: Found
) -> None:
    async with chaos_at(Provider.FREEAGENT, 3, modules) as chaos:
        for _ in range(3):
            await chaos.strike(Blow(at_s=0, kind=Kind.ROTATE, target=Provider.FREEAGENT))
            request = await asked_for_a_month(chaos, Provider.FREEAGENT)
            await eventually(partial(has_ended, chaos, request))
        await chaos.settle()

        assert await verdict(chaos) == finds


@pytest.mark.parametrize(
    ("modules", "finds"),
    [
        AS_IT_IS,
        pytest.param(
            {"sync-orchestrator": "support.planted.counter_instead_of_set"},
            {(Fault.DOUBLED, "the receipt counts each job once")},
            id="counter instead of set",
        ),
    ],
)
async def test_every_message_twice_while_a_run_is_open(
    chaos_at: Start, modules: Mapping[str, str], finds: Found
) -> None:
    async with chaos_at(Provider.TRIPLETEX, 3, modules, repeated=1.0) as chaos:
        slowest = chaos.firm.clients_of(Provider.TRIPLETEX)[0]
        await chaos.sandbox.fault(Provider.TRIPLETEX, "hang", slowest.name, seconds=60)
        request = await asked_for_a_month(chaos, Provider.TRIPLETEX)
        await eventually(lambda: len(chaos.observer.of(SummaryUpdated)) >= 4)

        await chaos.sandbox.heal()
        await eventually(lambda: has_ended(chaos, request))
        await chaos.settle()

        assert await verdict(chaos) == finds
