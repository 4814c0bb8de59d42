"""What is released next: credit, shares, caps and turns."""

from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sync_contracts.providers import Provider
from sync_orchestrator.fairness import LEAST_SHARE, Credit, Load, Reading, choose

COMPANIES = st.sampled_from(["a", "b", "c", "d"])
any_credit = st.builds(
    Credit, slots=st.integers(12, 40), reserved=st.integers(0, 24), account_concurrency=st.integers(1, 3)
)


def reading(
    company: str = "a", *, account: str | None = None, jobs: int = 1, single: bool = False
) -> Reading:
    return Reading(
        run_id=UUID(int=1),
        client=(company, str(uuid4()), Provider.XERO),
        account_key=account or str(uuid4()),
        site_key="xero/app",
        is_single=single,
        job_ids=tuple(uuid4() for _ in range(jobs)),
    )


candidates = st.lists(
    st.builds(
        reading,
        COMPANIES,
        account=st.sampled_from(["x", "y", "z", None]),
        jobs=st.integers(1, 12),
        single=st.booleans(),
    ),
    max_size=60,
)
loads = st.dictionaries(COMPANIES, st.integers(1, 8)).map(lambda jobs: Load(Counter(jobs), Counter()))


@given(candidates, loads, any_credit)
def test_neither_credit_nor_share_nor_account_is_overdrawn(
    due: list[Reading], load: Load, credit: Credit
) -> None:
    chosen = choose(due, load, credit).readings

    after = Load(load.companies.copy(), load.accounts.copy())
    for taken in chosen:
        after.add(taken)
    share = credit.share(len({one.company_id for one in due} | set(load.companies)))
    assert after.jobs <= max(credit.jobs, load.jobs)
    assert all(jobs <= max(share, load.companies[name]) for name, jobs in after.companies.items())
    assert all(taken.is_single for taken in chosen) or after.jobs <= credit.bulk_jobs
    assert all(count <= credit.account_readings for count in after.accounts.values())


@given(candidates, loads, any_credit)
def test_nothing_is_chosen_twice_or_made_up(due: list[Reading], load: Load, credit: Credit) -> None:
    chosen = choose(due, load, credit).readings

    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(due)


@given(candidates, any_credit)
def test_idle_workers_always_get_something(due: list[Reading], credit: Credit) -> None:
    assert bool(choose(due, Load(), credit).readings) is bool(due)


@given(st.integers(2, 4), st.integers(20, 60))
def test_companies_with_enough_work_get_equal_shares(companies: int, jobs: int) -> None:
    due = [reading(company) for company in "abcd"[:companies] for _ in range(200)]

    chosen = choose(due, Load(), Credit(slots=jobs, reserved=0)).readings

    taken = Counter(one.company_id for one in chosen).values()
    assert max(taken) - min(taken) <= 1
    assert sum(taken) >= companies * min(LEAST_SHARE, 2 * jobs // companies)


def test_a_single_clients_run_goes_before_bulk_work() -> None:
    bulk = [reading("a") for _ in range(100)]
    single = reading("b", jobs=12, single=True)

    chosen = choose([*bulk, single], Load(), Credit(slots=20, reserved=0)).readings

    assert chosen[0] == single


def test_a_reload_finds_room_while_a_bulk_has_taken_all_it_may() -> None:
    credit = Credit(slots=200)
    flooded = Load()
    for taken in choose([reading("a") for _ in range(10_000)], Load(), credit).readings:
        flooded.add(taken)

    chosen = choose([reading("a"), reading("b", jobs=12, single=True)], flooded, credit).readings

    assert [one.company_id for one in chosen] == ["b"]


def test_bulk_work_does_not_slip_past_a_single_run_that_waits_for_room() -> None:
    credit = Credit(slots=10, reserved=0)
    load = Load(Counter({"c": 9}), Counter())

    chosen = choose([reading("a", jobs=12, single=True), reading("b")], load, credit).readings

    assert chosen == []


def test_one_account_has_at_most_one_reading_more_than_it_can_run() -> None:
    due = [reading("a", account="shared") for _ in range(10)]

    assert len(choose(due, Load(), Credit(slots=200)).readings) == 2


def test_a_company_that_others_keep_to_its_share_is_named() -> None:
    due = [reading(company) for company in "ab" for _ in range(100)]

    assert choose(due, Load(), Credit(slots=20, reserved=0)).held == {"a", "b"}
    assert choose([reading("a") for _ in range(100)], Load(), Credit(slots=20)).held == frozenset()
